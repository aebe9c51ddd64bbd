using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Tspm.Daemon.Crashes;

/// <summary>What the kernel counted of programs that it ended for lack of memory, when a run began.</summary>
/// <remarks>
/// The counter of the daemon's own cgroup is that of its programs too, unless one went to another; then, and where there
/// is no cgroup v2, only the counter of the machine tells, and that it was this run is likely at most.
/// </remarks>
internal sealed class OutOfMemoryWatch
{
    private const int SigKill = 9;
    private const int MostBytes = 32 * 1024;

    // A restart follows an end at once: what was read then need not be read again, it costs more than most of a restart.
    private static readonly TimeSpan SameMoment = TimeSpan.FromMilliseconds(10);
    private static volatile Counts? _newest;
    private static volatile Group? _group;
    private readonly string _root;
    private readonly long? _inGroup;
    private readonly long? _inMachine;

    private OutOfMemoryWatch(string root)
    {
        _root = root;
        var counts =
            root.Length == 0 && _newest is { } newest && newest.IsOf(SameMoment)
                ? newest
                : Read(root);
        _inGroup = counts.InGroup;
        _inMachine = counts.InMachine;
    }

    /// <summary>Begins to watch.</summary>
    /// <param name="root">Where proc and sys are; empty for the real ones.</param>
    public static OutOfMemoryWatch Begin(string root = "") => new(root);

    /// <summary>What it says of a run that ended by a signal now: yes, likely, no or unknown.</summary>
    public string Judge(int signal)
    {
        if (signal != SigKill)
        {
            return "no";
        }

        var counts = Read(_root);
        if (_inGroup is { } group && counts.InGroup is { } groupNow && groupNow > group)
        {
            return "yes";
        }

        return (_inMachine, counts.InMachine) switch
        {
            ({ } before, { } now) => now > before ? "likely" : "no",
            _ => "unknown",
        };
    }

    private static Counts Read(string root)
    {
        var counts = new Counts(Stopwatch.GetTimestamp(), ReadGroup(root), ReadMachine(root));
        if (root.Length == 0)
        {
            _newest = counts;
        }

        return counts;
    }

    private static long? ReadGroup(string root) =>
        _group is { } known && known.Root == root
            ? known.File is { } file
                ? Counter(file)
                : null
            : Counter((_group = new Group(root, FindGroup(root))).File);

    /// <summary>Where the daemon's own group counts; null without a cgroup v2. It is looked up once: a daemon stays in its group.</summary>
    private static string? FindGroup(string root)
    {
        const string unified = "0::/";
        foreach (var line in Text($"{root}/proc/self/cgroup").Split('\n'))
        {
            if (line.StartsWith(unified, StringComparison.Ordinal))
            {
                return $"{root}/sys/fs/cgroup/{line[unified.Length..]}/memory.events";
            }
        }

        return null;
    }

    private static long? ReadMachine(string root) => Counter($"{root}/proc/vmstat");

    private static long? Counter(string? file)
    {
        const string name = "oom_kill ";
        if (file is null)
        {
            return null;
        }

        var text = Text(file).AsSpan();
        var at = text.StartsWith(name) ? 0 : text.IndexOf("\n" + name) + 1;
        if (at == 0 && !text.StartsWith(name))
        {
            return null;
        }

        var rest = text[(at + name.Length)..];
        var end = rest.IndexOf('\n');
        return long.TryParse(
            end < 0 ? rest : rest[..end],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var count
        )
            ? count
            : null;
    }

    /// <summary>The text of a file of the kernel, in as few calls as can be; empty if it is not there, or not for us.</summary>
    private static string Text(string path)
    {
        try
        {
            // With this sharing no lock is taken: two calls less.
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite);
            var bytes = new byte[MostBytes];
            var length = 0;
            while (RandomAccess.Read(file, bytes.AsSpan(length), length) is var read and > 0)
            {
                length += read;
            }

            return Encoding.ASCII.GetString(bytes, 0, length);
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Where a root's group counts.</summary>
    private sealed record Group(string Root, string? File);

    /// <summary>What the kernel has counted until a moment.</summary>
    private sealed record Counts(long At, long? InGroup, long? InMachine)
    {
        public bool IsOf(TimeSpan last) => Stopwatch.GetElapsedTime(At) < last;
    }
}
