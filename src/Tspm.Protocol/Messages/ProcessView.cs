namespace Tspm.Protocol.Messages;

/// <summary>What is known of a process; what list and describe show.</summary>
public sealed record ProcessView
{
    /// <summary>Small number for people; never used twice in a home.</summary>
    public required uint Id { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Namespace.</summary>
    public required string Ns { get; init; }

    /// <summary>One of <see cref="ProcessStatuses"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The status as people read it: "exited(1)", "killed(SEGV)", "backoff".</summary>
    public required string StatusText { get; init; }

    /// <summary>Leader's pid while it lives.</summary>
    public int? Pid { get; init; }

    /// <summary>Number of the newest run; 0 before the first.</summary>
    public uint Run { get; init; }

    /// <summary>Its UUIDv7, 32 hex digits with dashes.</summary>
    public string? RunId { get; init; }

    /// <summary>Restarts that nobody asked for, since the process was last started by a person.</summary>
    public int Restarts { get; init; }

    /// <summary>Exit code of the last ended run; null if it was signalled, is unknown, or never ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Name of the signal that ended it, without SIG.</summary>
    public string? ExitSignal { get; init; }

    /// <summary>Why it is in this state, where that needs saying.</summary>
    public string? Reason { get; init; }

    /// <summary>Seconds since the run began, while it lives.</summary>
    public double? UptimeSeconds { get; init; }

    /// <summary>Start of the newest run, RFC 3339 UTC.</summary>
    public string? StartedAt { get; init; }

    /// <summary>Seconds until the next try, in back-off.</summary>
    public double? NextTrySeconds { get; init; }

    /// <summary>CPU of the tree since the sample before, percent of one core; of the whole run where there is no sample before.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Resident memory of the tree; of the leader where there is no sample (results of start, stop).</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Program and arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>True if it is one shell line.</summary>
    public bool IsShell { get; init; }

    /// <summary>Working directory.</summary>
    public required string Cwd { get; init; }

    /// <summary>Restart policy.</summary>
    public required string Restart { get; init; }

    /// <summary>Whether it has a terminal.</summary>
    public bool Pty { get; init; }

    /// <summary>Its log.</summary>
    public LogView? Log { get; init; }

    /// <summary>What its log holds and lost (describe, and list where it is asked for).</summary>
    public LogCountersView? Counters { get; init; }

    /// <summary>The last runs, newest first (describe only).</summary>
    public IReadOnlyList<RunView>? Runs { get; init; }

    /// <summary>The environment, secrets masked (describe only).</summary>
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>True if it ran when the machine or tspm ended; <c>resurrect</c> starts it.</summary>
    public bool WasRunning { get; init; }

    /// <summary>Descendants that are alive (describe only).</summary>
    public IReadOnlyList<ChildView>? Children { get; init; }

    /// <summary>How it is stopped (describe only).</summary>
    public StopSpec? Stop { get; init; }

    /// <summary>How it is restarted (describe only).</summary>
    public RestartSpec? RestartPolicy { get; init; }

    /// <summary>What it waits for before it is started; null if for nothing.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>True if it has a readiness check, so that running is less than ready.</summary>
    public bool HasReady { get; init; }

    /// <summary>Labels, <c>key=value</c>; null if it has none.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What it depends on, <c>name:condition</c>; null if on nothing.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>The name that all instances go by; null if it is one of its own.</summary>
    public string? Group { get; init; }

    /// <summary>The readiness check (describe only).</summary>
    public ProbeSpec? Ready { get; init; }

    /// <summary>The health check (describe only).</summary>
    public ProbeSpec? Health { get; init; }

    /// <summary>The newest sample of its tree; null if there is none.</summary>
    public SampleView? Use { get; init; }

    /// <summary>What it may use, one word each: <c>max-memory=512M</c>; null if nothing is limited.</summary>
    public IReadOnlyList<string>? Limits { get; init; }

    /// <summary>Who is told what happens to it, masked; null if nobody (describe only).</summary>
    public IReadOnlyList<string>? Hooks { get; init; }

    /// <summary>Limits that this machine cannot keep, and why; null if there are none (describe only).</summary>
    public string? LimitsMissing { get; init; }

    /// <summary>When the clock starts it; null for never.</summary>
    public ScheduleSpec? Schedule { get; init; }

    /// <summary>The next time of its schedule, RFC 3339 UTC; null if it has none, or is stopped.</summary>
    public string? NextDue { get; init; }

    /// <summary>Which files it is restarted for; null for none.</summary>
    public WatchSpec? Watch { get; init; }

    /// <summary>True if <c>send</c> and <c>attach</c> can write into its stdin.</summary>
    public bool Stdin { get; init; }

    /// <summary>Names whose values are masked besides those that look like secrets; null if there are none (describe only).</summary>
    public IReadOnlyList<string>? Secrets { get; init; }

    /// <summary>How many patterns hide parts of its log (describe only).</summary>
    public int RedactPatterns { get; init; }

    /// <summary>The patterns, which may hold what they hide; null unless secrets were asked for.</summary>
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>True if a secret stands in its arguments, which <c>ps</c> shows to every user of the machine (describe only).</summary>
    public bool HasSecretArguments { get; init; }

    /// <summary>True if settings were changed that hold from the next start on.</summary>
    public bool HasPendingChanges { get; init; }
}

/// <summary>The states of a process.</summary>
public static class ProcessStatuses
{
    /// <summary>Being spawned.</summary>
    public const string Starting = "starting";

    /// <summary>Waits for other processes before it is started.</summary>
    public const string Waiting = "waiting";

    /// <summary>Alive.</summary>
    public const string Running = "running";

    /// <summary>Alive, and its readiness check has passed.</summary>
    public const string Ready = "ready";

    /// <summary>Alive, but its health check fails.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>Signalled, not gone yet.</summary>
    public const string Stopping = "stopping";

    /// <summary>Stopped by a person.</summary>
    public const string Stopped = "stopped";

    /// <summary>Ended, and not to be started again.</summary>
    public const string Exited = "exited";

    /// <summary>Waits for the next try.</summary>
    public const string Backoff = "backoff";

    /// <summary>Given up.</summary>
    public const string Failed = "failed";

    /// <summary>Its state is not known.</summary>
    public const string Unknown = "unknown";
}

/// <summary>Facts about a log.</summary>
/// <param name="LogId">UUIDv7.</param>
/// <param name="Epoch">How often it was opened for numbering.</param>
/// <param name="Head">The newest seq; 0 if there is none.</param>
/// <param name="OldestRing">The oldest seq in the ring.</param>
/// <param name="OldestDisk">The oldest seq on disk.</param>
/// <param name="Bytes">Bytes of its data files and index.</param>
/// <param name="Path">Where its files are.</param>
public sealed record LogView(
    string LogId,
    uint Epoch,
    long Head,
    long OldestRing,
    long OldestDisk,
    long Bytes,
    string Path
);

/// <summary>Counters of a log.</summary>
public sealed record LogCountersView
{
    /// <summary>Entries that were ever numbered.</summary>
    public required long Entries { get; init; }

    /// <summary>Entries of standard output.</summary>
    public long Out { get; init; }

    /// <summary>Entries of standard error.</summary>
    public long Err { get; init; }

    /// <summary>Life-cycle entries.</summary>
    public long Events { get; init; }

    /// <summary>Bytes that were ever printed.</summary>
    public long Bytes { get; init; }

    /// <summary>Entries whose line goes on in another one.</summary>
    public long Parts { get; init; }

    /// <summary>Progress texts that were counted and not kept as entries.</summary>
    public long Collapsed { get; init; }

    /// <summary>Entries that are not there, by reason; empty if all are.</summary>
    public IReadOnlyList<LostEntries> Lost { get; set; } = [];

    /// <summary>How long the oldest entry that is not on the device yet has waited, at most; 0 if all are.</summary>
    public double SyncLagSeconds { get; init; }

    /// <summary>Bytes on disk: data, index and all else of the process.</summary>
    public long DiskBytes { get; init; }

    /// <summary>One of <see cref="DiskStates"/>: whether the disk takes what is printed.</summary>
    public string DiskState { get; init; } = DiskStates.Good;
}

/// <summary>Entries that are not there.</summary>
/// <param name="Reason">One of the gap reasons.</param>
/// <param name="Count">How many.</param>
public sealed record LostEntries(string Reason, long Count);

/// <summary>One run.</summary>
/// <param name="Run">Its number.</param>
/// <param name="RunId">Its UUIDv7.</param>
/// <param name="Pid">Its leader's pid; 0 if it never started.</param>
/// <param name="StartedAt">RFC 3339 UTC.</param>
/// <param name="EndedAt">RFC 3339 UTC; null while it lives.</param>
/// <param name="ExitCode">Its exit code, if it had one.</param>
/// <param name="ExitSignal">The signal that ended it, without SIG.</param>
/// <param name="Reason">What else there is to say.</param>
/// <param name="MaxMemoryBytes">Peak resident memory.</param>
/// <param name="CpuSeconds">CPU time, user and system.</param>
public sealed record RunView(
    uint Run,
    string RunId,
    int Pid,
    string StartedAt,
    string? EndedAt,
    int? ExitCode,
    string? ExitSignal,
    string? Reason,
    long? MaxMemoryBytes,
    double? CpuSeconds
)
{
    /// <summary>What the peak does not exceed, where the kernel cannot tell it from the keeper's own.</summary>
    public long? MemoryAtMostBytes { get; init; }
}

/// <summary>A descendant.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="Command">Its command line, cleaned for a terminal, at most 256 characters.</param>
public sealed record ChildView(int Pid, string Command);
