using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>One thing that the driver of a log's machine is to do; in the order given.</summary>
internal readonly record struct LogAction
{
    /// <summary>What to do.</summary>
    public required LogActionKind Kind { get; init; }

    /// <summary>The first seq of a range; of a fetch, 0 if history chooses it.</summary>
    public long From { get; init; }

    /// <summary>The last seq of a range; the head (caught up); what is left (truncated).</summary>
    public long To { get; init; }

    /// <summary>The number of a fetch.</summary>
    public uint Request { get; init; }

    /// <summary>The epoch of the range.</summary>
    public uint Epoch { get; init; }

    /// <summary>Why entries are missing.</summary>
    public GapReason Reason { get; init; }

    /// <summary>The run before, if entries of another run come with this; else 0.</summary>
    public uint FromRun { get; init; }

    /// <summary>Connection is up; entries were recovered from disk.</summary>
    public bool Flag { get; init; }

    /// <summary>It is another daemon than before.</summary>
    public bool HasDaemonChanged { get; init; }

    /// <summary>The connection is up, and not everything after the position comes: what is missing is told after this.</summary>
    public bool MissesSome { get; init; }

    /// <summary>Why, or the identity of a log.</summary>
    public string? Text { get; init; }

    /// <summary>What came with the entries.</summary>
    public IDisposable? Payload { get; init; }
}

/// <summary>What the driver of a log's machine is to do.</summary>
internal enum LogActionKind
{
    /// <summary>Subscribe after the position, or now if there is none.</summary>
    Subscribe,

    /// <summary>Drop the subscription and subscribe anew.</summary>
    Restart,

    /// <summary>Ask for a page of the range.</summary>
    Fetch,

    /// <summary>Give out the entries and holes of the payload; it covers (From − 1, To].</summary>
    Emit,

    /// <summary>Tell a gap.</summary>
    EmitGap,

    /// <summary>Tell that a gap was filled.</summary>
    EmitFilled,

    /// <summary>Tell that gaps are not filled for a while: the reader falls behind again and again.</summary>
    EmitFillPaused,

    /// <summary>Tell that entries that were given out are not stored any more.</summary>
    EmitTruncated,

    /// <summary>Tell that it is a new log.</summary>
    EmitRecreated,

    /// <summary>History is complete.</summary>
    EmitHistoryEnd,

    /// <summary>Tell that the head was reached.</summary>
    EmitCaughtUp,

    /// <summary>Tell that the connection was lost, or is there again and the daemon has said what the position is worth.</summary>
    EmitConnection,

    /// <summary>Tell that nothing more comes.</summary>
    EmitEnded,

    /// <summary>Give back a payload that is not used.</summary>
    Release,
}
