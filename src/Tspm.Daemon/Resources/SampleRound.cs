using System.Globalization;

namespace Tspm.Daemon.Resources;

/// <summary>One look at all of /proc, and what follows from it and the look before.</summary>
/// <remarks>
/// Times and memory are read of all; open files and proportional memory cost more, so they go round: a few programs at a time,
/// and at once those of processes that somebody asks about.
/// </remarks>
internal sealed class SampleRound(TimeProvider time, Func<IReadOnlySet<int>> neverOurs)
{
    /// <summary>Clock ticks per second; fixed at 100 on every Linux that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>So many programs are read in detail in a round for nobody in particular.</summary>
    private const int DetailsPerRound = 32;
    private const double DetailsMs = 4;
    private readonly ProcFiles _files = new();
    private readonly List<ProgramStat> _programs = [];
    private TreeSums? _sums;
    private uint _turn;

    /// <summary>The monotonic time.</summary>
    public static long Milliseconds(TimeProvider time) =>
        (long)(time.GetTimestamp() * 1000.0 / time.TimestampFrequency);

    /// <summary>Takes a round.</summary>
    public SampleSnapshot Take(
        IReadOnlyList<SampleTarget> targets,
        SampleSnapshot before,
        IReadOnlySet<uint> inDetail
    )
    {
        _sums ??= new TreeSums(_files.ReadMark);
        var atMs = Milliseconds(time);
        _files.ReadAll(_programs);
        var sums = _sums.Add(_programs, [.. targets.Select(one => one.Run)], neverOurs());
        var uses = new Dictionary<uint, ProcessUse>(targets.Count);
        for (var i = 0; i < targets.Count; i++)
        {
            if (sums[i].Pids.Count > 0)
            {
                var id = targets[i].Run.Process;
                uses[id] = UseOf(targets[i], sums[i], before.Uses.GetValueOrDefault(id), atMs);
            }
        }

        AddDetails(uses, inDetail);
        return new SampleSnapshot(atMs, uses);
    }

    /// <summary>What there is to say if a tree uses too much; null if it does not.</summary>
    public string? FindExcess(ProcessUse use, long maxBytes)
    {
        if (use.Bytes <= maxBytes)
        {
            return null;
        }

        // What several programs share is in the sum of each; only the proportional size can be held against them.
        var pss = ReadProportional(use.Pids);
        var bytes = pss >= 0 ? pss : use.Bytes;
        return bytes <= maxBytes
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"memory {Megabytes(bytes)} of {use.Pids.Count} {(use.Pids.Count == 1 ? "program" : "programs")}{(pss >= 0 ? "" : " (resident)")} is over the limit {Megabytes(maxBytes)}"
            );
    }

    private static string Megabytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#}M");

    private static ProcessUse UseOf(
        in SampleTarget target,
        TreeSum sum,
        ProcessUse? before,
        long atMs
    )
    {
        var isSame = before is not null && before.Run == target.Run;
        var seconds = isSame ? (atMs - before!.AtMs) / 1000.0 : target.Uptime.TotalSeconds; // isSame means that there is one
        var ticks = isSame ? sum.Ticks - before!.Ticks : sum.Ticks; // likewise
        var bytes = sum.Pages * Environment.SystemPageSize;
        return new ProcessUse
        {
            Run = target.Run,
            AtMs = atMs,
            Ticks = sum.Ticks,
            Head = target.Head,

            // An orphan that ended takes its time with it: then nobody knows.
            Cpu =
                seconds > 0.01 && ticks >= 0 ? 100 * ticks / TicksPerSecond / seconds : double.NaN,
            Lines = isSame && seconds > 0.01 ? (target.Head - before!.Head) / seconds : double.NaN,
            Bytes = bytes,
            PeakBytes = Math.Max(bytes, isSame ? before!.PeakBytes : 0),
            Threads = sum.Threads,
            Pids = sum.Pids,
            Pss = isSame ? before!.Pss : -1,
            Files = isSame ? before!.Files : -1,
            DetailsAtMs = isSame ? before!.DetailsAtMs : 0,
        };
    }

    private void AddDetails(Dictionary<uint, ProcessUse> uses, IReadOnlySet<uint> inDetail)
    {
        foreach (var id in inDetail)
        {
            if (uses.TryGetValue(id, out var use))
            {
                uses[id] = WithDetails(use);
            }
        }

        var begin = time.GetTimestamp();
        var left = DetailsPerRound;
        var order = uses
            .Keys.Where(id => id > _turn)
            .Order()
            .Concat(uses.Keys.Where(id => id <= _turn).Order())
            .ToList();
        foreach (var id in order)
        {
            left -= uses[id].Pids.Count;
            if (left < 0 || time.GetElapsedTime(begin).TotalMilliseconds > DetailsMs)
            {
                break;
            }

            uses[id] = WithDetails(uses[id]);
            _turn = id;
        }
    }

    private ProcessUse WithDetails(ProcessUse use)
    {
        var files = 0;
        foreach (var pid in use.Pids)
        {
            var open = _files.CountOpen(pid);
            files = open < 0 || files < 0 ? -1 : files + open;
        }

        return use with
        {
            Pss = ReadProportional(use.Pids),
            Files = files,
            DetailsAtMs = Milliseconds(time),
        };
    }

    private long ReadProportional(IReadOnlyList<int> pids)
    {
        long sum = 0;
        foreach (var pid in pids)
        {
            var one = _files.ReadProportional(pid);
            if (one < 0)
            {
                return -1;
            }

            sum += one;
        }

        return sum;
    }
}
