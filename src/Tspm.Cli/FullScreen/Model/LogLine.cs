using Tspm.Protocol.Batches;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>One entry of a log, or a range of entries that are not there; never changed.</summary>
internal sealed class LogLine
{
    /// <summary>The process.</summary>
    public required uint Id { get; init; }

    /// <summary>Its seq; of a range that is missing, the first.</summary>
    public required long Seq { get; init; }

    /// <summary>The last seq of a range that is missing; else <see cref="Seq"/>.</summary>
    public required long LastSeq { get; init; }

    /// <summary>Its place among the entries of all logs.</summary>
    public required ulong Ord { get; init; }

    /// <summary>When it was captured, in units of 100 ns since 1970 UTC.</summary>
    public long Wall { get; init; }

    /// <summary>Its run.</summary>
    public uint Run { get; init; }

    /// <summary>What it is.</summary>
    public LineKind Kind { get; init; }

    /// <summary>Its marks.</summary>
    public EntryFlags Flags { get; init; }

    /// <summary>What the flags say it is.</summary>
    public ulong Aux { get; init; }

    /// <summary>Why entries are missing.</summary>
    public GapReason Reason { get; init; }

    /// <summary>Its bytes without the line's end; of an event its JSON.</summary>
    public ReadOnlyMemory<byte> Text { get; init; }

    /// <summary>How it is found again.</summary>
    public LineKey Key => new(Id, Seq);
}

/// <summary>What a line is.</summary>
internal enum LineKind
{
    /// <summary>Of standard output.</summary>
    Out,

    /// <summary>Of standard error.</summary>
    Err,

    /// <summary>A life-cycle entry.</summary>
    Event,

    /// <summary>Entries that are not there.</summary>
    Gap,

    /// <summary>Lines of a stack trace that are folded away.</summary>
    Fold,
}

/// <summary>Names a line: a process and a seq.</summary>
/// <param name="Id">The process.</param>
/// <param name="Seq">The seq.</param>
internal readonly record struct LineKey(uint Id, long Seq);
