using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Consecutive entries of one stream out of one chunk; also a slot of the index (docs/capture-log.md section 5).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Size)]
public struct LogSpan
{
    /// <summary>Bytes of a span in the index.</summary>
    public const int Size = 64;

    /// <summary>Span or event.</summary>
    internal SlotKind Kind;

    /// <summary>The stream.</summary>
    public StreamKind Stream;

    /// <summary>Marks; a span with any of them but Orphan has one entry.</summary>
    public SpanFlags Flags;

    /// <summary>Entries.</summary>
    public uint Count;

    /// <summary>Seq of the first entry.</summary>
    public long Seq;

    /// <summary>Offset of the first byte in the stream; of an event, its slot in the index file.</summary>
    public ulong Offset;

    /// <summary>Bytes of all entries.</summary>
    public uint Length;

    /// <summary>The run they came from.</summary>
    public uint Run;

    /// <summary>Capture order over all processes.</summary>
    public ulong Ord;

    /// <summary>Wall clock of the chunk that completed it, in units of 100 ns since 1970 UTC.</summary>
    public long Wall;

    /// <summary>CLOCK_MONOTONIC of it, ns.</summary>
    public long Mono;

    /// <summary>What the flags say it is.</summary>
    public ulong Aux;

    /// <summary>True if it has seqs: a span, an event, or a hole that was numbered.</summary>
    internal readonly bool IsEntry => Kind is SlotKind.Span or SlotKind.Event or SlotKind.Hole;

    /// <summary>True if its entries have numbers and no bytes.</summary>
    public readonly bool IsHole => Kind == SlotKind.Hole;

    /// <summary>Why the entries of a hole have no bytes.</summary>
    public readonly HoleReason HoleReason => IsHole ? (HoleReason)(byte)Aux : HoleReason.None;

    /// <summary>Seq of the last entry.</summary>
    public readonly long LastSeq => Seq + Count - 1;

    /// <summary>The stream of bytes that holds it.</summary>
    public readonly StreamName Source => new(Stream, Flags.HasFlag(SpanFlags.Orphan) ? Run : 0);
}

/// <summary>Why entries are not there; the numbers are those of the wire's gap reasons.</summary>
public enum HoleReason : byte
{
    /// <summary>They are there.</summary>
    None = 0,

    /// <summary>The keeper deleted them before they were indexed.</summary>
    Dropped = 2,

    /// <summary>Retention took them.</summary>
    Expired = 3,

    /// <summary>Somebody flushed the log.</summary>
    Flushed = 4,

    /// <summary>They were in the spill directory, and a reboot took it.</summary>
    NotStored = 5,

    /// <summary>Their bytes, or what the index had on them, are damaged or gone.</summary>
    Corrupt = 6,
}

/// <summary>Marks of a span; the numbers are those of the index and of the wire.</summary>
[Flags]
public enum SpanFlags : ushort
{
    /// <summary>Whole lines.</summary>
    None = 0,

    /// <summary>The line goes on in a later entry.</summary>
    Part = 1,

    /// <summary>An earlier entry holds the beginning of this line.</summary>
    Continuation = 2,

    /// <summary>Cut because it reached the longest entry.</summary>
    BreakMax = 4,

    /// <summary>Shown because nothing came after it for a while.</summary>
    BreakIdle = 8,

    /// <summary>The stream ended here without a newline.</summary>
    BreakEof = 16,

    /// <summary>Ended by a bare carriage return.</summary>
    BreakReturn = 32,

    /// <summary>In a stream of its run's own: written after a later run had begun.</summary>
    Orphan = 64,

    /// <summary>The newest of several progress texts; aux counts the others.</summary>
    Collapsed = 128,

    /// <summary>Known not to be UTF-8, or to hold NUL.</summary>
    Binary = 256,

    /// <summary>Not on disk.</summary>
    NotDurable = 512,

    /// <summary>Of lines with context: a line before it that was left out. Never in the index.</summary>
    GroupStart = 1024,
}
