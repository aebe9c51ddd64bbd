using Tspm.Daemon.Crashes;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What the list keeps of a process over any death.</summary>
internal sealed record ProcessRecord
{
    /// <summary>Its id.</summary>
    public required uint Id { get; init; }

    /// <summary>UUIDv7; a process made later under the same name has another one.</summary>
    public required Guid Uid { get; init; }

    /// <summary>What to run.</summary>
    public required ProcessSpec Spec { get; init; }

    /// <summary>True if somebody wants it to run.</summary>
    public bool IsWanted { get; init; }

    /// <summary>True if it ran when the machine or tspm ended, and nobody has started or stopped it since.</summary>
    public bool WasRunning { get; init; }

    /// <summary>Forget it when its run has ended.</summary>
    public bool IsTemporary { get; init; }

    /// <summary>Number of the newest run; 0 before the first.</summary>
    public uint Run { get; init; }

    /// <summary>Restarts that nobody asked for.</summary>
    public int Restarts { get; init; }

    /// <summary>What the restart policy remembers; its times are monotonic, so they hold as long as the keeper does.</summary>
    public RestartHistory History { get; init; } = RestartHistory.Clean;

    /// <summary>The last runs, newest first, at most <see cref="MaxRuns"/>.</summary>
    public IReadOnlyList<RunRecord> Runs { get; init; } = [];

    /// <summary>Order in which the processes were started; the reverse is the order of a shutdown.</summary>
    public long StartOrder { get; init; }

    /// <summary>The last run that did not fail, also that of a process whose place this one took; null if there was none.</summary>
    public GoodRun? LastGood { get; init; }

    /// <summary>Why it was given up; null if it was not.</summary>
    public string? FailedReason { get; init; }

    /// <summary>The settings were changed since the newest run began.</summary>
    public bool HasPendingChanges { get; init; }

    /// <summary>The next time of its schedule; null if it has none.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>How many runs are kept.</summary>
    public const int MaxRuns = 10;
}

/// <summary>What is kept of a run.</summary>
internal sealed record RunRecord
{
    /// <summary>Its number.</summary>
    public required uint Run { get; init; }

    /// <summary>Its identity.</summary>
    public required Guid RunId { get; init; }

    /// <summary>The leader's pid; 0 if it never lived.</summary>
    public int Pid { get; init; }

    /// <summary>The leader's start time, clock ticks.</summary>
    public ulong StartTime { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it lives.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Exit code, if it had one.</summary>
    public int? Code { get; init; }

    /// <summary>Signal number; 0 if none.</summary>
    public int Signal { get; init; }

    /// <summary>What else there is to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Who ended it; null if it is not known or it lives.</summary>
    public string? By { get; init; }

    /// <summary>Whether the kernel ended it for lack of memory; null if nobody looked.</summary>
    public string? OutOfMemory { get; init; }

    /// <summary>Peak resident memory.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>What the peak does not exceed, where it is not known.</summary>
    public long? MemoryAtMostBytes { get; init; }

    /// <summary>CPU time, ms.</summary>
    public long? CpuMs { get; init; }

    /// <summary>Its readiness check has passed.</summary>
    public bool IsReady { get; init; }

    /// <summary>True if its run-exit entry is in the log.</summary>
    public bool IsClosed { get; init; }
}
