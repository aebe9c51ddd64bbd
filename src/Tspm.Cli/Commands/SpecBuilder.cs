using System.Collections;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Commands;

/// <summary>From the options of start and run to what the daemon is asked to run.</summary>
internal static class SpecBuilder
{
    private const int MaxName = 63;

    /// <summary>Variables that belong to us or to whoever started us, not to the program.</summary>
    private static readonly HashSet<string> OwnVariables =
    [
        "TSPM_RUN",
        "TSPM_DEPTH",
        "TSPM_CRASH_AT",
        "TSPM_CRASH_ONCE",
        "TSPM_DAEMON_TIMEOUT",
        "TSPM_BUILD_ID",
        "TSPM_BOOT_ID_FILE",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    ];

    /// <summary>Makes the spec.</summary>
    /// <param name="invocation">The command line.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="isShell">The command is one shell line.</param>
    /// <param name="taken">Names that are taken, for the default name.</param>
    /// <param name="restart">The restart policy.</param>
    /// <exception cref="CliException">An option is wrong.</exception>
    public static ProcessSpec Build(
        Invocation invocation,
        IReadOnlyList<string> command,
        bool isShell,
        IReadOnlyCollection<string> taken,
        string restart
    )
    {
        var cwd = Path.GetFullPath(invocation.Value("cwd") ?? Environment.CurrentDirectory);
        var spec = new ProcessSpec
        {
            Name =
                invocation.Value("name")
                ?? Unique(NameOf(isShell ? FirstWord(command[^1]) : command[0]), taken),
            Ns = invocation.Value("namespace") ?? "default",
            Command = command,
            IsShell = isShell,
            Cwd = cwd,
            Env = BuildEnvironment(invocation),
            Pty = invocation.Has("pty"),
            MergeStreams = invocation.Has("merge"),
            Stdin = invocation.Has("stdin"),
            Restart = new RestartSpec { Policy = restart },
            Umask = LibC.ReadUmask(),
            OpenFiles = LibC.ReadOpenFiles(),
        };
        return WithSettings(invocation, spec);
    }

    /// <summary>The options that are settings by key, the same as those of <c>set</c>.</summary>
    private static ProcessSpec WithSettings(Invocation invocation, ProcessSpec spec)
    {
        foreach (var option in invocation.Command.Options)
        {
            var isSetting =
                invocation.Has(option.Key)
                && SpecEdit.Keys.Contains(option.Key)
                && option.Key is not ("cwd" or "restart" or "stdin");
            if (
                isSetting
                && SpecEdit.TryApply(ref spec, option.Key, ValueOf(invocation, option.Key))
                    is { } fault
            )
            {
                throw new CliException(ExitCodes.Usage, $"--{fault}");
            }
        }

        var step = (int)invocation.Number("port-step", 0, 65_535, 0);
        return spec with
        {
            Labels = invocation.Values("label"),
            Instance = step > 0 ? new InstanceSpec { Group = spec.Name, PortStep = step } : null,
        };
    }

    /// <summary>The value of an option that was given; <c>--watch</c> alone means the directory.</summary>
    private static string ValueOf(Invocation invocation, string key) =>
        invocation.Value(key) is { Length: > 0 } text ? text
        : key == "watch" ? "."
        : "";

    /// <summary>Milliseconds of a duration option.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static int ParseDuration(string option, string text) =>
        TimeText.TryParseDuration(text, out var duration, out _)
        && duration.TotalMilliseconds <= int.MaxValue
            ? (int)duration.TotalMilliseconds
            : throw new CliException(
                ExitCodes.Usage,
                $"--{option}: \"{text}\" is not a duration",
                "examples: 500ms, 10s, 2m",
                ErrorCode.BadTime
            );

    /// <summary>The name of a program made legal: its file name without an ending that only says what it is written in.</summary>
    public static string NameOf(string program)
    {
        var file = Path.GetFileName(program.TrimEnd('/'));
        var plain = new string([
            .. file.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'),
        ]).TrimStart('.', '_', '-');
        plain = plain.Length > MaxName ? plain[..MaxName] : plain;
        return plain.Length == 0 || plain.All(char.IsAsciiDigit) || plain == "all"
            ? $"program{(plain.Length > 0 ? "-" + plain : "")}"
            : plain;
    }

    private static string Unique(string name, IReadOnlyCollection<string> taken)
    {
        var candidate = name;
        for (var number = 2; taken.Contains(candidate); number++)
        {
            candidate = $"{(name.Length > MaxName - 5 ? name[..(MaxName - 5)] : name)}-{number}";
        }

        return candidate;
    }

    /// <summary>The program in a shell line: past variables and "exec".</summary>
    private static string FirstWord(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => !word.Contains('=') && word is not ("exec" or "env" or "cd"))
        ?? "shell";

    private static List<string> BuildEnvironment(Invocation invocation)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry.Key is string name && !OwnVariables.Contains(name))
            {
                variables[name] = entry.Value as string ?? "";
            }
        }

        foreach (var file in invocation.Values("env-file"))
        {
            foreach (
                var (line, number) in File.ReadAllLines(file)
                    .Select((line, i) => (line.Trim(), i + 1))
            )
            {
                if (line.Length > 0 && line[0] != '#')
                {
                    Set(variables, line, $"{file}:{number}");
                }
            }
        }

        foreach (var variable in invocation.Values("env"))
        {
            Set(variables, variable, "--env");
        }

        return [.. variables.Select(pair => $"{pair.Key}={pair.Value}")];
    }

    private static void Set(SortedDictionary<string, string> variables, string text, string place)
    {
        var equals = text.IndexOf('=');
        if (equals <= 0)
        {
            throw new CliException(ExitCodes.Usage, $"{place}: \"{text}\" is not NAME=VALUE");
        }

        variables[text[..equals]] = text[(equals + 1)..];
    }
}
