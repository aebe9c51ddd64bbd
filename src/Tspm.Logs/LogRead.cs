namespace Tspm.Logs;

/// <summary>One read: the range it covers, and what is in it.</summary>
public readonly record struct LogRead
{
    /// <summary>What it is.</summary>
    public LogReadKind Kind { get; init; }

    /// <summary>Spans filled in.</summary>
    public int Count { get; init; }

    /// <summary>Bytes of those spans.</summary>
    public long Bytes { get; init; }

    /// <summary>Entries of those spans.</summary>
    public long Entries { get; init; }

    /// <summary>The seq before the first one covered.</summary>
    public long After { get; init; }

    /// <summary>The last seq covered.</summary>
    public long UpTo { get; init; }

    /// <summary>The epoch of all of it.</summary>
    public uint Epoch { get; init; }

    /// <summary>The last seq of the epoch before, if this is the beginning of one; else −1.</summary>
    public long PrevEpochEnd { get; init; }

    /// <summary>True if entries were passed over by the filter.</summary>
    public bool IsFiltered { get; init; }

    /// <summary>First seq that is missing though it is covered; 0 if none.</summary>
    public long HoleFrom { get; init; }

    /// <summary>Last seq that is missing though it is covered.</summary>
    public long HoleTo { get; init; }

    /// <summary>Why it is missing.</summary>
    public HoleReason HoleReason { get; init; }

    /// <summary>The log at that moment.</summary>
    public LogFacts Facts { get; init; }

    /// <summary>Where it ended inside a span; nothing if it did not.</summary>
    internal SpanCut Cut { get; init; }
}

/// <summary>What one read of a log gave.</summary>
public enum LogReadKind
{
    /// <summary>Nothing new.</summary>
    Idle,

    /// <summary>Spans, or only coverage if the filter took all.</summary>
    Batch,

    /// <summary>A stretch that left the ring before it was read.</summary>
    Gap,
}
