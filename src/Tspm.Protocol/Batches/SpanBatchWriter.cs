using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tspm.Protocol.Batches;

/// <summary>Lays out a batch; the caller then fills in the bytes of the spans itself, without a copy.</summary>
public static class SpanBatchWriter
{
    /// <summary>Bytes of a batch before the spans' own bytes.</summary>
    public static int PrefixSize(int runs, int holes, int spans) =>
        BatchHeader.Size
        + (runs * RunIdentity.Size)
        + (holes * LogHole.Size)
        + (spans * WireSpan.Size);

    /// <summary>Writes all but the spans' bytes. The counts in the header are set from the lists.</summary>
    /// <param name="destination">At least <see cref="PrefixSize"/> bytes.</param>
    /// <param name="header">The fixed part; its counts and ByteCount are overwritten.</param>
    /// <param name="runs">The runs that the spans name.</param>
    /// <param name="holes">What is missing in the range covered.</param>
    /// <param name="spans">In order of seq.</param>
    /// <returns>The number of bytes written; the spans' bytes follow directly.</returns>
    public static int WritePrefix(
        Span<byte> destination,
        ref BatchHeader header,
        ReadOnlySpan<RunIdentity> runs,
        ReadOnlySpan<LogHole> holes,
        ReadOnlySpan<WireSpan> spans
    )
    {
        header.RunCount = (uint)runs.Length;
        header.HoleCount = (uint)holes.Length;
        header.SpanCount = (uint)spans.Length;
        header.ByteCount = 0;
        foreach (ref readonly var span in spans)
        {
            header.ByteCount += span.Length;
        }

        MemoryMarshal.Write(destination, header);
        var at = BatchHeader.Size;
        foreach (ref readonly var run in runs)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], run.Run);
            run.RunId.TryWriteBytes(destination[(at + 8)..], bigEndian: true, out _);
            at += RunIdentity.Size;
        }

        foreach (ref readonly var hole in holes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(destination[at..], hole.From);
            BinaryPrimitives.WriteInt64LittleEndian(destination[(at + 8)..], hole.To);
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(at + 16)..], (uint)hole.Reason);
            at += LogHole.Size;
        }

        MemoryMarshal.AsBytes(spans).CopyTo(destination[at..]);
        return at + (spans.Length * WireSpan.Size);
    }
}
