using System.Runtime.InteropServices;

namespace Tspm.Protocol.Batches;

/// <summary>A span as it stands in a batch: 64 bytes, docs/protocol.md section 6.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Size)]
public struct WireSpan
{
    /// <summary>Bytes of a span in a batch.</summary>
    public const int Size = 64;

    /// <summary>Seq of its first entry.</summary>
    public long Seq;

    /// <summary>Entries, at least 1.</summary>
    public uint Count;

    /// <summary>Bytes of all its entries.</summary>
    public uint Length;

    /// <summary>The run they came from.</summary>
    public uint Run;

    /// <summary>0 out, 1 err, 2 event.</summary>
    public byte Stream;

    /// <summary>Always 0.</summary>
    public byte Reserved;

    /// <summary>See <see cref="EntryFlags"/>.</summary>
    public EntryFlags Flags;

    /// <summary>Capture order over all processes.</summary>
    public ulong Ord;

    /// <summary>Wall clock of the chunk that completed it, in units of 100 ns since 1970 UTC.</summary>
    public long Wall;

    /// <summary>CLOCK_MONOTONIC of it, ns.</summary>
    public long Mono;

    /// <summary>What the flags say it is.</summary>
    public ulong Aux;

    /// <summary>Offset of its first byte in the stream.</summary>
    public ulong Offset;
}

/// <summary>Marks of an entry (docs/capture-log.md section 5).</summary>
[Flags]
public enum EntryFlags : ushort
{
    /// <summary>A whole line that ended with a newline.</summary>
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

    /// <summary>Written after its run had ended, by somebody who still held the pipe.</summary>
    Orphan = 64,

    /// <summary>The newest of several progress texts; aux counts the others.</summary>
    Collapsed = 128,

    /// <summary>Known not to be UTF-8, or to hold NUL.</summary>
    Binary = 256,

    /// <summary>Not on disk.</summary>
    NotDurable = 512,

    /// <summary>Of lines with context: a line before the first one of this span was left out. Only on the wire.</summary>
    GroupStart = 1024,
}
