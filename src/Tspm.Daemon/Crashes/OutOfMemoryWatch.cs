using System.Diagnostics;
using System.Globalization;

namespace Tspm.Daemon.Crashes;

/// <summary>What the kernel counted of programs that it ended for lack of memory, when a run began.</summary>
/// <remarks>
/// The counter of the daemon's own cgroup is that of its programs too, unless one went to another; then, and where there
/// is no cgroup v2, only the counter of the machine tells, and that it was this run is likely at most.
/// </remarks>
internal sealed class OutOfMemoryWatch
{
    private const int SigKill = 9;

    // A restart follows an end at once: what was read then need not be read again, it costs more than most of a restart.
    private static readonly TimeSpan SameMoment = TimeSpan.FromMilliseconds(10);
    private static volatile Counts? _newest;
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

    private static long? ReadGroup(string root)
    {
        const string unified = "0::/";
        var path = Lines($"{root}/proc/self/cgroup")
            .FirstOrDefault(line => line.StartsWith(unified, StringComparison.Ordinal));
        return path is null
            ? null
            : Counter($"{root}/sys/fs/cgroup/{path[unified.Length..]}/memory.events");
    }

    private static long? ReadMachine(string root) => Counter($"{root}/proc/vmstat");

    private static long? Counter(string file)
    {
        const string name = "oom_kill ";
        var line = Lines(file)
            .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.TryParse(
            line.AsSpan(line is null ? 0 : name.Length),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var count
        )
            ? count
            : null;
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (IOException)
        {
            // Not there on this kernel, or not for us: unknown.
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What the kernel has counted until a moment.</summary>
    private sealed record Counts(long At, long? InGroup, long? InMachine)
    {
        public bool IsOf(TimeSpan last) => Stopwatch.GetElapsedTime(At) < last;
    }
}
