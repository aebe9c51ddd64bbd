using System.Text.Json.Serialization;

namespace Tspm.Protocol.Messages;

/// <summary>The logs that selectors mean.</summary>
/// <param name="Logs">By id.</param>
public sealed record ResolveReply(IReadOnlyList<LogTarget> Logs);

/// <summary>One log that can be followed.</summary>
/// <param name="Id">The process id.</param>
/// <param name="Name">The process's name.</param>
/// <param name="Ns">Its namespace.</param>
/// <param name="LogId">UUIDv7.</param>
/// <param name="Topic">What to subscribe to.</param>
/// <param name="Epoch">The log's epoch.</param>
/// <param name="Head">The newest seq.</param>
public sealed record LogTarget(
    uint Id,
    string Name,
    string Ns,
    string LogId,
    string Topic,
    uint Epoch,
    long Head
)
{
    /// <summary>The newest run; 0 before the first.</summary>
    public uint Run { get; init; }
}

/// <summary>Which entries of a log are wanted; all by default. The others are covered, never missing.</summary>
public record LogSelection
{
    /// <summary>Most patterns of each kind.</summary>
    public const int MaxPatterns = 16;

    /// <summary>Longest pattern, characters.</summary>
    public const int MaxPatternLength = 1_000;

    /// <summary><c>out</c>, <c>err</c>, <c>event</c>; empty means all.</summary>
    public IReadOnlyList<string> Streams { get; set; } = [];

    /// <summary>Regular expressions, one of which a line must match; empty means any line. Events are not lines.</summary>
    public IReadOnlyList<string> Grep { get; set; } = [];

    /// <summary>Regular expressions, none of which a line may match.</summary>
    public IReadOnlyList<string> Exclude { get; set; } = [];

    /// <summary>Letters match in either case.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>The first run wanted; 0 means from the beginning.</summary>
    public uint FirstRun { get; init; }

    /// <summary>The last run wanted; null means all that follow.</summary>
    public uint? LastRun { get; init; }

    /// <summary>Most lines of context.</summary>
    public const int MaxContext = 1_000;

    /// <summary>Lines that come with each line that matches, before it: 0 to 1,000.</summary>
    public int ContextBefore { get; init; }

    /// <summary>Lines that come with each line that matches, after it: 0 to 1,000.</summary>
    public int ContextAfter { get; init; }
}

/// <summary>A page of history (docs/protocol.md section 5); the reply is a batch.</summary>
public sealed record GetLogsRequest : LogSelection
{
    /// <summary>Asks for everything.</summary>
    [JsonConstructor]
    public GetLogsRequest() { }

    /// <summary>Asks for what is selected.</summary>
    public GetLogsRequest(LogSelection selection)
        : base(selection) { }

    /// <summary>The process.</summary>
    public required uint Id { get; init; }

    /// <summary>The log that is meant; if the process has another one now, it is refused as not-found. Null for any.</summary>
    public string? LogId { get; init; }

    /// <summary>First seq wanted; null with <see cref="Tail"/> or <see cref="Since"/>.</summary>
    public long? From { get; init; }

    /// <summary>Last seq wanted; null means the head.</summary>
    public long? To { get; init; }

    /// <summary>With <see cref="From"/> and context: lines up to this seq have no context after it; 0 means none do not.</summary>
    public long Origin { get; init; }

    /// <summary>The newest so many wanted entries up to <see cref="To"/>; with <see cref="Since"/> what begins later counts.</summary>
    public long? Tail { get; init; }

    /// <summary>Not before this time, in units of 100 ns since 1970 UTC.</summary>
    public long? Since { get; init; }

    /// <summary>Spans of a page at the most, each with one entry or more: 1 to 10,000. A page also ends where its bytes are full.</summary>
    public int MaxEntries { get; set; } = 1_000;

    /// <summary>A page ends where its bytes are full, however many entries that are; an older daemon looks at <see cref="MaxEntries"/> all the same.</summary>
    public bool ByBytes { get; init; }

    /// <summary>1 to 1,048,576.</summary>
    public int MaxBytes { get; set; } = 1_048_576;
}

/// <summary>The options of a subscription to a log (docs/protocol.md section 5).</summary>
public sealed record LogSubscribeOptions : LogSelection
{
    /// <summary>Subscribes to everything.</summary>
    [JsonConstructor]
    public LogSubscribeOptions() { }

    /// <summary>Subscribes to what is selected.</summary>
    public LogSubscribeOptions(LogSelection selection)
        : base(selection) { }

    /// <summary>Begin after this position.</summary>
    public AfterPosition? After { get; init; }

    /// <summary>Begin "now" (default) or at the "start"; ignored with <see cref="After"/> or <see cref="Tail"/>.</summary>
    public string Start { get; set; } = "now";

    /// <summary>Begin this many entries before the head.</summary>
    public long? Tail { get; init; }

    /// <summary>Read what has left the ring from disk, instead of telling a gap.</summary>
    public bool Catchup { get; init; }

    /// <summary>The log that is meant; if the process has another one now, the status is recreated.</summary>
    public string? LogId { get; init; }
}

/// <summary>A position on the wire.</summary>
/// <param name="Epoch">Epoch.</param>
/// <param name="Seq">Last seq seen.</param>
public sealed record AfterPosition(uint Epoch, long Seq);

/// <summary>What a subscription begins with: read and registered under the lock that moves the head.</summary>
public sealed record SubscribedLog
{
    /// <summary>UUIDv7.</summary>
    public required string LogId { get; init; }

    /// <summary>The process.</summary>
    public required uint ProcessId { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its namespace.</summary>
    public required string Ns { get; init; }

    /// <summary>The log's epoch.</summary>
    public required uint Epoch { get; init; }

    /// <summary>The newest seq.</summary>
    public required long Head { get; init; }

    /// <summary>The oldest seq in the ring.</summary>
    public required long OldestRing { get; init; }

    /// <summary>The oldest seq on disk.</summary>
    public required long OldestDisk { get; init; }

    /// <summary>The newest run.</summary>
    public required uint Run { get; init; }

    /// <summary>Its UUIDv7; null before the first run.</summary>
    public string? RunId { get; init; }

    /// <summary>Every entry with a greater seq is delivered or told as a gap.</summary>
    public required long StartAt { get; init; }

    /// <summary>The epoch of the entry <see cref="StartAt"/>; the log's if there is none.</summary>
    public uint StartEpoch { get; init; }

    /// <summary><c>ok</c>, <c>gap</c>, <c>truncated</c> or <c>recreated</c>.</summary>
    public required string Status { get; init; }

    /// <summary>With <c>truncated</c>: the last seq that is left of the epoch asked for.</summary>
    public long LastSeq { get; init; }
}

/// <summary>The body of a life-cycle entry.</summary>
public sealed record LogEvent
{
    /// <summary>One of <see cref="LogEvents"/>.</summary>
    public required string What { get; init; }

    /// <summary>The run it belongs to; 0 if none.</summary>
    public uint Run { get; init; }

    /// <summary>UUIDv7 of the run.</summary>
    public string? RunId { get; init; }

    /// <summary>The leader's pid (run-start).</summary>
    public int? Pid { get; init; }

    /// <summary>Program and arguments (run-start); at most 1,024 characters in all.</summary>
    public IReadOnlyList<string>? Argv { get; init; }

    /// <summary>Exit code (run-exit).</summary>
    public int? Code { get; init; }

    /// <summary>Signal without SIG (run-exit).</summary>
    public string? Signal { get; init; }

    /// <summary>Who ended it: <c>self</c>, <c>tspm</c>, <c>kernel</c> (out of memory) or <c>unknown</c> (run-exit); who wanted it, <c>uid N pid N (client)</c> (stopping).</summary>
    public string? By { get; init; }

    /// <summary>How long the run was, ms (run-exit).</summary>
    public long? DurationMs { get; init; }

    /// <summary>Peak resident memory (run-exit).</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>What the peak does not exceed, where the kernel cannot tell it from the keeper's own (run-exit).</summary>
    public long? MemoryAtMostBytes { get; init; }

    /// <summary>CPU time, ms (run-exit).</summary>
    public long? CpuMs { get; init; }

    /// <summary><c>complete</c>, or <c>cut</c> if somebody still held the pipe when the drain grace was over (run-exit).</summary>
    public string? Drain { get; init; }

    /// <summary>What follows: <c>restart</c>, <c>stopped</c>, <c>exited</c> or <c>failed</c> (run-exit, spawn-failed).</summary>
    public string? Next { get; init; }

    /// <summary>Delay before it follows, ms.</summary>
    public long? NextMs { get; init; }

    /// <summary>errno (spawn-failed, disk).</summary>
    public int? Errno { get; init; }

    /// <summary>One of <see cref="DiskStates"/> (disk).</summary>
    public string? State { get; init; }

    /// <summary>What else there is to say, one line.</summary>
    public string? Message { get; init; }

    /// <summary>Begin of the time in question, 100 ns since 1970-01-01 UTC (uncaptured).</summary>
    public long? From { get; init; }

    /// <summary>Its end (uncaptured).</summary>
    public long? To { get; init; }

    /// <summary>The most bytes it can be (uncaptured).</summary>
    public long? MaxBytes { get; init; }

    /// <summary>By how much the wall clock was set, seconds; forward if positive (clock-step).</summary>
    public double? DeltaSeconds { get; init; }
}

/// <summary>What a life-cycle entry can tell.</summary>
public static class LogEvents
{
    /// <summary>A run began.</summary>
    public const string RunStart = "run-start";

    /// <summary>A run ended and its output is complete.</summary>
    public const string RunExit = "run-exit";

    /// <summary>The program could not be started.</summary>
    public const string SpawnFailed = "spawn-failed";

    /// <summary>A new daemon reads this log.</summary>
    public const string DaemonReplaced = "daemon-replaced";

    /// <summary>A new keeper writes this log.</summary>
    public const string KeeperReplaced = "keeper-replaced";

    /// <summary>Output may be missing: keeper and daemon had both died.</summary>
    public const string Uncaptured = "uncaptured";

    /// <summary>The log was created.</summary>
    public const string Created = "created";

    /// <summary>Its readiness check has passed.</summary>
    public const string Ready = "ready";

    /// <summary>It did not become ready in time.</summary>
    public const string NotReady = "not-ready";

    /// <summary>Its health check fails.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>Its health check passes again.</summary>
    public const string Healthy = "healthy";

    /// <summary>It was given up before it could start: what it depends on has failed.</summary>
    public const string Failed = "failed";

    /// <summary>Somebody, or a check, has it stopped.</summary>
    public const string Stopping = "stopping";

    /// <summary>It waits for other processes.</summary>
    public const string WaitingFor = "waiting-for";

    /// <summary>Programs of a stopped run that could not be ended.</summary>
    public const string Survivors = "survivors";

    /// <summary>Settings were changed.</summary>
    public const string Changed = "changed";

    /// <summary>Its files are watched.</summary>
    public const string Watching = "watching";

    /// <summary>A watched file has changed.</summary>
    public const string WatchHit = "watch-hit";

    /// <summary>What else there is to know about watched files.</summary>
    public const string WatchNote = "watch-note";

    /// <summary>Its files are not watched any more.</summary>
    public const string WatchFailed = "watch-failed";

    /// <summary>The clock has it started.</summary>
    public const string Scheduled = "scheduled";

    /// <summary>A time of its schedule was skipped.</summary>
    public const string ScheduleSkipped = "schedule-skipped";

    /// <summary>Somebody has sent it a signal.</summary>
    public const string Signalled = "signalled";

    /// <summary>Somebody has closed its stdin.</summary>
    public const string StdinClosed = "stdin-closed";

    /// <summary>The disk does not take output, or takes it again.</summary>
    public const string Disk = "disk";

    /// <summary>The wall clock was set.</summary>
    public const string ClockStep = "clock-step";

    /// <summary>Its tree used more than it may: it is ended as a failure.</summary>
    public const string Limit = "limit";

    /// <summary>A limit cannot be kept on this machine; it runs without.</summary>
    public const string LimitMissing = "limit-missing";

    /// <summary>A hook could not be told, or came too late to be told.</summary>
    public const string HookFailed = "hook-failed";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        RunStart,
        RunExit,
        SpawnFailed,
        DaemonReplaced,
        KeeperReplaced,
        Uncaptured,
        Created,
        Ready,
        NotReady,
        Unhealthy,
        Healthy,
        Failed,
        Stopping,
        WaitingFor,
        Survivors,
        Changed,
        Limit,
        LimitMissing,
        HookFailed,
        Watching,
        WatchHit,
        WatchNote,
        WatchFailed,
        Scheduled,
        ScheduleSkipped,
        Signalled,
        StdinClosed,
        Disk,
        ClockStep,
    ];
}
