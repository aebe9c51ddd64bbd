namespace Tspm.Protocol.Messages;

/// <summary>What the selected processes use: the newest sample of each, and on request a history in equal parts.</summary>
/// <remarks>Asking is looking: the daemon samples once a second from the first question to ten seconds after the last one.</remarks>
public sealed record SamplesRequest
{
    /// <summary>The longest history there is, seconds.</summary>
    public const int MaxSeconds = 300;

    /// <summary>The most parts of a history.</summary>
    public const int MaxPoints = 300;

    /// <summary>The most parts of all histories of one answer together.</summary>
    public const int MaxAllPoints = 60_000;

    // Made between two questions.
    private const int MadeMeanwhile = 100;

    /// <summary>Which ones; empty means all.</summary>
    public IReadOnlyList<string> Select { get; set; } = [];

    /// <summary>How far the history goes back, 1 to 300 s.</summary>
    public int Seconds { get; set; } = 60;

    /// <summary>In how many equal parts it comes, 0 to 300; 0 means none.</summary>
    public int Points { get; set; }

    /// <summary>Also what costs more to read: proportional memory and open files, fresh.</summary>
    public bool Details { get; set; }

    /// <summary>The parts of a history that an answer has room for: fewer than wanted with very many processes.</summary>
    public static int PointsFor(int wanted, int processes) =>
        Math.Min(wanted, MaxAllPoints / (processes + MadeMeanwhile));
}

/// <summary>The answer to <see cref="SamplesRequest"/>.</summary>
public sealed record SamplesReply
{
    /// <summary>When it was answered, RFC 3339 UTC.</summary>
    public required string At { get; init; }

    /// <summary>Time between two samples while somebody looks, ms.</summary>
    public int IntervalMs { get; set; } = 1000;

    /// <summary>Processors of the machine: 100 % of CPU is one of them.</summary>
    public int Cores { get; set; } = 1;

    /// <summary>By id.</summary>
    public IReadOnlyList<ProcessSamples> Processes { get; set; } = [];
}

/// <summary>What one process uses.</summary>
public sealed record ProcessSamples
{
    /// <summary>Its id.</summary>
    public required uint Id { get; init; }

    /// <summary>Its namespace.</summary>
    public required string Ns { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="ProcessStatuses"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The status as people read it.</summary>
    public required string StatusText { get; init; }

    /// <summary>The run it belongs to.</summary>
    public uint Run { get; init; }

    /// <summary>Leader's pid while it lives.</summary>
    public int? Pid { get; init; }

    /// <summary>Seconds since the run began, while it lives.</summary>
    public double? UptimeSeconds { get; init; }

    /// <summary>Restarts that nobody asked for.</summary>
    public int Restarts { get; init; }

    /// <summary>The newest sample; null if it does not run, or was not sampled yet.</summary>
    public SampleView? Latest { get; init; }

    /// <summary>CPU in percent of one core, the oldest part first; null where there is no sample. Only if points were asked for.</summary>
    public IReadOnlyList<double?>? Cpu { get; init; }

    /// <summary>Resident bytes of the tree, likewise.</summary>
    public IReadOnlyList<long?>? Memory { get; init; }

    /// <summary>Lines per second, likewise.</summary>
    public IReadOnlyList<double?>? Lines { get; init; }
}

/// <summary>One sample of a process's whole tree.</summary>
public sealed record SampleView
{
    /// <summary>How old it is, ms.</summary>
    public long AgeMs { get; init; }

    /// <summary>CPU since the sample before, percent of one core; of the whole run if there is none before; null if unknown.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Resident memory, added up: what several share is counted for each.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Proportional memory: what several share is divided; null if it may not be read, or was not read yet.</summary>
    public long? PssBytes { get; init; }

    /// <summary>Open files; null if they may not be read, or were not read yet.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>Threads.</summary>
    public int Threads { get; init; }

    /// <summary>Programs: the leader and what it started.</summary>
    public int Programs { get; init; }

    /// <summary>Lines it prints per second since the sample before; null if there is none before.</summary>
    public double? LinesPerSecond { get; init; }

    /// <summary>The most memory seen in this run while somebody looked.</summary>
    public long PeakBytes { get; init; }
}
