namespace Tspm.Protocol.Messages;

/// <summary>Names processes: <c>all</c>, ids, names, <c>ns/name</c>, globs, <c>/re/</c>; empty means all where reading.</summary>
/// <param name="Select">The selectors; their union is taken.</param>
public sealed record SelectRequest(IReadOnlyList<string> Select)
{
    /// <summary>Also the counters of the logs (list).</summary>
    public bool Counters { get; init; }

    /// <summary>Also what looks like a secret (describe).</summary>
    public bool ShowSecrets { get; init; }
}

/// <summary>The answer to list and describe.</summary>
/// <param name="Processes">By id.</param>
public sealed record ProcessesReply(IReadOnlyList<ProcessView> Processes);

/// <summary>Start a new process, or known ones that do not run.</summary>
public sealed record StartRequest
{
    /// <summary>A new process; or null.</summary>
    public ProcessSpec? Spec { get; init; }

    /// <summary>Known ones, if there is no spec.</summary>
    public IReadOnlyList<string> Select { get; set; } = [];

    /// <summary>If the name is taken: stop and forget the old one first.</summary>
    public bool Replace { get; init; }

    /// <summary>Forget the process when its run has ended (<c>tspm run</c>).</summary>
    public bool Temporary { get; init; }

    /// <summary>So many of it, named <c>name.0</c> and so on; 0 means one, under its own name.</summary>
    public int Instances { get; init; }

    /// <summary>Leave alone what the known ones depend on.</summary>
    public bool NoDependencies { get; init; }
}

/// <summary>Stop, with a signal and grace of one's own.</summary>
public sealed record StopRequest
{
    /// <summary>Which ones.</summary>
    public required IReadOnlyList<string> Select { get; init; }

    /// <summary>Signal number; 0 means the process's own.</summary>
    public int Signal { get; init; }

    /// <summary>Grace, ms; −1 means the process's own.</summary>
    public int TimeoutMs { get; set; } = -1;
}

/// <summary>Stop and forget.</summary>
public sealed record DeleteRequest
{
    /// <summary>Which ones.</summary>
    public required IReadOnlyList<string> Select { get; init; }

    /// <summary>Leave the files of the log.</summary>
    public bool KeepLogs { get; init; }
}

/// <summary>Send a signal.</summary>
public sealed record SignalRequest
{
    /// <summary>Which ones.</summary>
    public required IReadOnlyList<string> Select { get; init; }

    /// <summary>Signal number, 1 to 64.</summary>
    public required int Signal { get; init; }

    /// <summary>To the whole group instead of the leader.</summary>
    public bool Group { get; init; }

    /// <summary>To the group, and to every descendant that can be attributed to the run.</summary>
    public bool Tree { get; init; }
}

/// <summary>What became of each target.</summary>
/// <param name="Results">In the order in which they were named.</param>
public sealed record ActionReply(IReadOnlyList<ActionResult> Results);

/// <summary>What became of one target.</summary>
public sealed record ActionResult
{
    /// <summary>Its id; 0 if it never got one.</summary>
    public uint Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its namespace.</summary>
    public string Ns { get; set; } = "default";

    /// <summary>Null if it worked; else one of <see cref="ErrorCodes"/>.</summary>
    public string? Error { get; init; }

    /// <summary>What happened or why not, one line.</summary>
    public string? Message { get; init; }

    /// <summary>What to do about it.</summary>
    public string? Hint { get; init; }

    /// <summary>The process now; null if it is gone.</summary>
    public ProcessView? Process { get; init; }
}

/// <summary>Wait a little for the end of a run.</summary>
/// <param name="Id">The process.</param>
/// <param name="Run">The run.</param>
/// <param name="TimeoutMs">0 to 60,000.</param>
public sealed record WaitExitRequest(uint Id, uint Run, int TimeoutMs);

/// <summary>Whether the run ended.</summary>
public sealed record WaitExitReply
{
    /// <summary>True if it ended and its output is complete.</summary>
    public bool Ended { get; init; }

    /// <summary>The process now; null if it is gone.</summary>
    public ProcessView? Process { get; init; }
}
