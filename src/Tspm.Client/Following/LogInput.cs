using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>One thing that happened to a followed log, with all that the machine may not look up itself.</summary>
internal readonly record struct LogInput
{
    /// <summary>What happened.</summary>
    public required LogInputKind Kind { get; init; }

    /// <summary>Monotonic time, ns.</summary>
    public long Now { get; init; }

    /// <summary>The generation that it belongs to (subscribed, batch, gap, caught up).</summary>
    public uint Gen { get; init; }

    /// <summary>The number of the fetch that it answers (page, page failed).</summary>
    public uint Request { get; init; }

    /// <summary>The epoch of all entries in it; of the start of a subscription.</summary>
    public uint Epoch { get; init; }

    /// <summary>The seq before the first one covered.</summary>
    public long After { get; init; }

    /// <summary>The last seq covered; the start of a subscription; the head (start, caught up).</summary>
    public long UpTo { get; init; }

    /// <summary>The last seq of the epoch before, where an epoch begins; else −1.</summary>
    public long PrevEpochEnd { get; init; }

    /// <summary>The newest seq there is (subscribed).</summary>
    public long Head { get; init; }

    /// <summary>The oldest seq that comes by itself if the daemon does not read the disk (subscribed).</summary>
    public long OldestRing { get; init; }

    /// <summary>With <see cref="LogOutcome.Truncated"/>: the last seq that is left of what was seen.</summary>
    public long LastSeq { get; init; }

    /// <summary>Entries in it.</summary>
    public long Entries { get; init; }

    /// <summary>Bytes that holding it costs.</summary>
    public long Bytes { get; init; }

    /// <summary>The newest run in it; 0 if it has no entry.</summary>
    public uint Run { get; init; }

    /// <summary>What a position is worth now (subscribed).</summary>
    public LogOutcome Outcome { get; init; }

    /// <summary>Why entries are missing (gap).</summary>
    public GapReason Reason { get; init; }

    /// <summary>They can still be had from disk (gap); there is more up to what was asked for (page); another daemon than before (resumed); entries after the position are gone (subscribed).</summary>
    public bool Flag { get; init; }

    /// <summary>Why (detached, ended, page failed), or the identity of a log (subscribed).</summary>
    public string? Text { get; init; }

    /// <summary>What is handed on with the entries; the machine never looks into it.</summary>
    public IDisposable? Payload { get; init; }
}

/// <summary>What happened to a followed log.</summary>
internal enum LogInputKind
{
    /// <summary>The follow begins.</summary>
    Start,

    /// <summary>The subscription is open.</summary>
    Subscribed,

    /// <summary>Entries, or only coverage.</summary>
    Batch,

    /// <summary>A range that does not come by itself.</summary>
    Gap,

    /// <summary>The head was reached for the first time.</summary>
    CaughtUp,

    /// <summary>A page that was fetched.</summary>
    Page,

    /// <summary>A page that could not be had.</summary>
    PageFailed,

    /// <summary>The connection is lost.</summary>
    Detached,

    /// <summary>There is a connection again.</summary>
    Resumed,

    /// <summary>Nothing more comes of this log.</summary>
    LogEnded,

    /// <summary>The follow is to end when a seq was reached.</summary>
    EndAt,

    /// <summary>Time has passed.</summary>
    Timer,
}

/// <summary>What a position is worth in the log as it is now.</summary>
internal enum LogOutcome
{
    /// <summary>The next entry can be had, or the gap is told.</summary>
    Ok,

    /// <summary>Entries that were seen are not in the log any more.</summary>
    Truncated,

    /// <summary>It is another log.</summary>
    Recreated,
}
