using System.Globalization;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Launch.Exec;

/// <summary><c>tspm __exec</c>: limits this process as it is told, then becomes the program; the pid stays.</summary>
/// <remarks>
/// Its words are the daemon's (<see cref="ExecWords"/>), so they are read plainly. What fails is told over the socket that
/// the daemon listens at; if nobody listens there, on stderr. Main thread only: niceness belongs to a thread.
/// </remarks>
internal static class ExecCommand
{
    private const int CannotRun = 126;
    private const int NotFound = 127;
    private const int NoEntry = 2;
    private const string DefaultPath = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>Does what it is told; comes back only if it failed.</summary>
    /// <param name="words">All words after __exec.</param>
    public static int Run(ReadOnlySpan<string> words)
    {
        var separator = words.IndexOf(ExecWords.Separator);
        if (separator < 0 || separator + 1 >= words.Length || separator % 2 != 0)
        {
            return Fail(-1, new ExecFailure(0, ExecFailure.AtLimit, "there is no program"));
        }

        // All memory that is needed is taken before a limit could be in the way, and every call is made once.
        using var image = new ExecImage(
            words[(separator + 1)..].ToArray(),
            File.ReadAllBytes("/proc/self/environ")
        );
        var places = FindPlaces(words[separator + 1], image);
        _ = image.Execute("");
        var report = -1;
        for (var at = 0; at < separator; at += 2)
        {
            if (words[at] == ExecWords.Report)
            {
                report = Native.Connect(words[at + 1]);
                continue;
            }

            if (Apply(words[at], words[at + 1]) is { } fault)
            {
                return Fail(report, new ExecFailure(0, ExecFailure.AtLimit, fault));
            }
        }

        var worst = NoEntry;
        foreach (var place in places)
        {
            var errno = image.Execute(place);
            worst = errno == NoEntry ? worst : errno;
        }

        return Fail(report, new ExecFailure(worst, ExecFailure.AtProgram, ""));
    }

    private static string? Apply(string option, string value)
    {
        switch (option)
        {
            case ExecWords.Limit:
                return SetLimit(value);
            case ExecWords.Nice:
                return Native.SetNice(Number(value)) is var nice and not 0
                    ? $"nice {value}: {Native.Describe(nice)}; a lower one than now needs privileges"
                    : null;
            case ExecWords.OomScore:
                return SetOomScore(value);
            case ExecWords.Group:
                return Write(Path.Join(value, "cgroup.procs"), "0");
            case ExecWords.NoNewPrivileges:
                return Native.SetNoNewPrivileges() is var refused and not 0
                    ? $"no-new-privs: {Native.Describe(refused)}"
                    : null;
            default:
                return $"{option} is not known here; keeper, daemon and program are of different builds";
        }
    }

    /// <summary>Raw input: <c>nofile=1024:4096</c>, −1 for none.</summary>
    private static string? SetLimit(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = text[..equals];
        var soft = Long(text[(equals + 1)..colon]);
        var hard = Long(text[(colon + 1)..]);
        var number = LimitText.NumberOf(name);
        var errno = Native.SetLimit(number, soft, hard);
        if (errno == 0)
        {
            return null;
        }

        var most = Native.ReadHardLimit(number);
        return $"limit {name}={text[(equals + 1)..]}: {Native.Describe(errno)}; the hard limit here is {(most < 0 ? LimitText.Unlimited : most.ToString(CultureInfo.InvariantCulture))}";
    }

    private static string? SetOomScore(string value) =>
        Write("/proc/self/oom_score_adj", value) is { } fault
            ? $"oom-score {value}: {fault}; a lower one than now needs privileges"
            : null;

    private static string? Write(string path, string text)
    {
        try
        {
            File.WriteAllText(path, text);
            return null;
        }
        catch (IOException error)
        {
            return error.Message;
        }
        catch (UnauthorizedAccessException error)
        {
            return error.InnerException?.Message ?? error.Message;
        }
    }

    /// <summary>Where the program may be, as the keeper would look it up.</summary>
    private static IReadOnlyList<string> FindPlaces(string program, ExecImage image) =>
        program.Contains('/')
            ? [program]
            :
            [
                .. (image.Find("PATH=") ?? DefaultPath)
                    .Split(':')
                    .Select(directory =>
                        Path.Join(directory.Length == 0 ? "." : directory, program)
                    )
                    .Where(path => !Directory.Exists(path)),
            ];

    private static int Fail(int report, ExecFailure failure)
    {
        if (report < 0 || !Native.Send(report, failure.Encode()))
        {
            var why = failure.Text.Length > 0 ? failure.Text : Native.Describe(failure.Errno);
            Native.Send(2, Encoding.UTF8.GetBytes($"tspm: could not be started: {why}\n"));
        }

        return failure.Errno == NoEntry ? NotFound : CannotRun;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
