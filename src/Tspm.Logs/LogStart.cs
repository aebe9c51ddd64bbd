namespace Tspm.Logs;

/// <summary>Where a cursor begins, with its number.</summary>
/// <param name="Kind">How the place is told.</param>
/// <param name="Seq">The seq before the first one (at), or the last seq seen (after).</param>
/// <param name="Epoch">The epoch of that seq (after).</param>
public readonly record struct LogStart(LogStartKind Kind, long Seq = 0, uint Epoch = 0);

/// <summary>What a reader's old position is worth now.</summary>
public enum LogOpeningStatus
{
    /// <summary>The next entry can be had.</summary>
    Ok,

    /// <summary>Entries after it are gone.</summary>
    Gap,

    /// <summary>Entries that the reader saw are not in the log any more.</summary>
    Truncated,
}

/// <summary>What a cursor begins with; read and registered in one critical section.</summary>
/// <param name="Status">What the old position is worth.</param>
/// <param name="StartAt">Every entry with a greater seq is delivered or told as a gap.</param>
/// <param name="LastSeq">With truncated: the last seq that is left of that epoch.</param>
/// <param name="Facts">The log at that moment.</param>
/// <param name="StartEpoch">The epoch of the entry at the start.</param>
public readonly record struct LogOpening(
    LogOpeningStatus Status,
    long StartAt,
    long LastSeq,
    LogFacts Facts,
    uint StartEpoch = 0
);

/// <summary>A log at one moment.</summary>
/// <param name="Epoch">How often it was opened for numbering.</param>
/// <param name="Head">The newest seq; 0 if there is none.</param>
/// <param name="OldestRing">The oldest seq in the ring.</param>
/// <param name="OldestDisk">The oldest seq on disk.</param>
/// <param name="Run">The newest run; 0 before the first.</param>
public readonly record struct LogFacts(
    uint Epoch,
    long Head,
    long OldestRing,
    long OldestDisk,
    uint Run
);

/// <summary>Where a cursor begins.</summary>
public enum LogStartKind
{
    /// <summary>After the newest entry.</summary>
    Now,

    /// <summary>With the oldest entry there is.</summary>
    Oldest,

    /// <summary>After a seq that was looked up in the log as it is.</summary>
    At,

    /// <summary>After a position that the reader has seen.</summary>
    After,
}
