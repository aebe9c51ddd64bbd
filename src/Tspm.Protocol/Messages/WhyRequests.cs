using System.Text.Json.Serialization;

namespace Tspm.Protocol.Messages;

/// <summary>Asks why a run ended.</summary>
public sealed record WhyRequest
{
    /// <summary>Most lines of an answer.</summary>
    public const int MaxLines = 1_000;

    /// <summary>Asks of all.</summary>
    [JsonConstructor]
    public WhyRequest() { }

    /// <summary>Which processes.</summary>
    public IReadOnlyList<string> Select { get; set; } = [];

    /// <summary>Which run; null means the last one that has ended.</summary>
    public uint? Run { get; init; }

    /// <summary>Last lines of each stream: 0 to 1,000.</summary>
    public int Lines { get; set; } = 10;

    /// <summary>Also which crash reports there are.</summary>
    public bool List { get; init; }
}

/// <summary>The answer, one for each process.</summary>
/// <param name="Answers">By id.</param>
public sealed record WhyReply(IReadOnlyList<WhyAnswer> Answers);

/// <summary>Why a run of a process ended, and what comes next.</summary>
public sealed record WhyAnswer
{
    /// <summary>The process as it is now.</summary>
    public required ProcessView Process { get; init; }

    /// <summary>The run; null if none has ended.</summary>
    public CrashReport? Run { get; init; }

    /// <summary>Its last lines, in order.</summary>
    public IReadOnlyList<CrashLine> Lines { get; set; } = [];

    /// <summary>True if what is told comes from a crash report.</summary>
    public bool IsReport { get; init; }

    /// <summary>Crash reports that are kept, the newest first (list only).</summary>
    public IReadOnlyList<CrashReport> Reports { get; set; } = [];
}

/// <summary>How a run ended; also the file of a crash report (docs/capture-log.md section 8).</summary>
public sealed record CrashReport
{
    /// <summary>Version of the form.</summary>
    public int V { get; set; } = 1;

    /// <summary>The process.</summary>
    public required uint Id { get; init; }

    /// <summary>Its namespace.</summary>
    public required string Ns { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The run's number.</summary>
    public required uint Run { get; init; }

    /// <summary>UUIDv7 of the run.</summary>
    public string? RunId { get; init; }

    /// <summary>The leader's pid; 0 if it never lived.</summary>
    public int Pid { get; init; }

    /// <summary>When it began, RFC 3339 UTC.</summary>
    public string? StartedAt { get; init; }

    /// <summary>When it ended, RFC 3339 UTC.</summary>
    public string? EndedAt { get; init; }

    /// <summary>How long it was.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary><c>exit</c>, <c>signal</c>, <c>not-started</c> or <c>unknown</c>.</summary>
    public required string Ended { get; init; }

    /// <summary>Exit code.</summary>
    public int? Code { get; init; }

    /// <summary>Signal without SIG.</summary>
    public string? Signal { get; init; }

    /// <summary>Who ended it: <c>self</c>, <c>tspm</c>, <c>kernel</c> or <c>unknown</c>.</summary>
    public required string By { get; init; }

    /// <summary>Whether the kernel ended it for lack of memory: <c>yes</c> (its cgroup counted it), <c>likely</c> (the machine did, in that time), <c>no</c>, <c>unknown</c>.</summary>
    public string OutOfMemory { get; set; } = "unknown";

    /// <summary>What that code or signal commonly means; null if nothing is common.</summary>
    public string? Meaning { get; init; }

    /// <summary>What else there is to say, as of a run that could not be started.</summary>
    public string? Message { get; init; }

    /// <summary>Peak resident memory.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <summary>What the peak does not exceed, where the kernel cannot tell it from the keeper's own.</summary>
    public long? MemoryAtMostBytes { get; init; }

    /// <summary>CPU time, user and system.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>Program and arguments, secrets masked.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];

    /// <summary>Working directory.</summary>
    public string? Cwd { get; init; }

    /// <summary>What is other than in the last good run; null if no good run is known.</summary>
    public RunChanges? Changes { get; init; }

    /// <summary>What was to come next when it ended: <c>restart</c>, <c>stopped</c>, <c>exited</c> or <c>failed</c>.</summary>
    public string? Next { get; init; }

    /// <summary>Entries of the report.</summary>
    public int Entries { get; init; }

    /// <summary>Entries of the run before those, that the report does not have.</summary>
    public long EntriesBefore { get; init; }
}

/// <summary>What is other than in the last good run. Names of variables only, never values.</summary>
public sealed record RunChanges
{
    /// <summary>The run that is compared with, as it counted in its process.</summary>
    public required uint GoodRun { get; init; }

    /// <summary>When that ended, RFC 3339 UTC.</summary>
    public string? GoodEndedAt { get; init; }

    /// <summary>The command it had; null if it is the same.</summary>
    public IReadOnlyList<string>? CommandBefore { get; init; }

    /// <summary>The directory it had; null if it is the same.</summary>
    public string? CwdBefore { get; init; }

    /// <summary>Variables that are new.</summary>
    public IReadOnlyList<string> EnvAdded { get; set; } = [];

    /// <summary>Variables that are gone.</summary>
    public IReadOnlyList<string> EnvRemoved { get; set; } = [];

    /// <summary>Variables that have another value.</summary>
    public IReadOnlyList<string> EnvChanged { get; set; } = [];

    /// <summary>True if nothing is other.</summary>
    [JsonIgnore]
    public bool IsNone =>
        CommandBefore is null
        && CwdBefore is null
        && EnvAdded.Count + EnvRemoved.Count + EnvChanged.Count == 0;
}

/// <summary>One entry.</summary>
/// <param name="Seq">Its number.</param>
/// <param name="Ts">Its time, RFC 3339 UTC.</param>
/// <param name="Stream"><c>out</c> or <c>err</c>.</param>
/// <param name="Msg">Its text; bytes that are no text are U+FFFD.</param>
public sealed record CrashLine(long Seq, string Ts, string Stream, string Msg);
