using Tspm.Daemon.Crashes;
using Tspm.Daemon.Input;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What a supervisor remembers of the run that is under way.</summary>
internal sealed class RunState(uint run, Guid runId, int openStreams)
{
    /// <summary>Its number.</summary>
    public uint Run { get; } = run;

    /// <summary>Its identity.</summary>
    public Guid RunId { get; } = runId;

    /// <summary>What the kernel counted when it began, or when this daemon took it over.</summary>
    public OutOfMemoryWatch Memory { get; } = OutOfMemoryWatch.Begin();

    /// <summary>Whether the kernel ended it for lack of memory; null until it was looked at.</summary>
    public string? OutOfMemory { get; set; }

    /// <summary>Who ended it, as far as it is known.</summary>
    public string By =>
        WasSignalled ? "tspm"
        : OutOfMemory is "yes" ? "kernel"
        : Outcome is { Signal: 0, Code: not null } ? "self"
        : "unknown";

    /// <summary>The leader; 0 until it lives.</summary>
    public int Pid { get; set; }

    /// <summary>The leader's start time, clock ticks.</summary>
    public ulong StartTime { get; set; }

    /// <summary>Limits that this machine cannot keep, and why; null if there are none.</summary>
    public string? LimitsMissing { get; set; }

    /// <summary>Monotonic time of the spawn.</summary>
    public long StartedAt { get; set; }

    /// <summary>Wall clock of the spawn.</summary>
    public DateTimeOffset StartedWall { get; set; }

    /// <summary>Streams whose end was not seen yet: bit 0 out, bit 1 err.</summary>
    public int OpenStreams { get; set; } = openStreams;

    /// <summary>The bits of all streams that a program has.</summary>
    public static int AllStreams(ProcessSpec spec) => spec.Pty || spec.MergeStreams ? 1 : 3;

    /// <summary>How the leader ended; null while it lives.</summary>
    public RunOutcome? Outcome { get; set; }

    /// <summary>The newest entry of the log when it began: its own lines come after it.</summary>
    public long LogHead { get; init; }

    /// <summary>Its readiness check has passed.</summary>
    public bool IsReady { get; set; }

    /// <summary>Its health check has passed at least once.</summary>
    public bool HasPassedHealth { get; set; }

    /// <summary>How long it lived.</summary>
    public TimeSpan Uptime { get; set; }

    /// <summary>Peak resident memory; null if nobody knows.</summary>
    public long? MaxMemoryBytes { get; set; }

    /// <summary>Its peak is not more than this; null if it is known, or not even this is.</summary>
    public long? MemoryAtMostBytes { get; set; }

    /// <summary>CPU time, ms; null if nobody knows.</summary>
    public long? CpuMs { get; set; }

    /// <summary>Its stdin.</summary>
    public InputSlot Input { get; } = new();

    /// <summary>True if tspm signalled it to end.</summary>
    public bool WasSignalled { get; set; }

    /// <summary>True if its output was not waited for to the end.</summary>
    public bool WasCut { get; set; }

    /// <summary>True if its descendants were signalled.</summary>
    public bool IsSwept { get; set; }

    /// <summary>Descendants that were seen when it was stopped.</summary>
    public IReadOnlyList<ProcFacts> Descendants { get; set; } = [];
}
