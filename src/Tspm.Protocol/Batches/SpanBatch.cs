using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tspm.Protocol.Batches;

/// <summary>A batch as it came over the wire: a checked view of its bytes, no copy.</summary>
public readonly ref struct SpanBatch
{
    private readonly ReadOnlySpan<byte> _payload;

    private SpanBatch(ReadOnlySpan<byte> payload, BatchHeader header, int spansAt, int bytesAt)
    {
        _payload = payload;
        Header = header;
        Spans = MemoryMarshal.Cast<byte, WireSpan>(payload[spansAt..bytesAt]);
        Bytes = payload[bytesAt..];
    }

    /// <summary>The fixed part.</summary>
    public BatchHeader Header { get; }

    /// <summary>The spans, in order of seq.</summary>
    public ReadOnlySpan<WireSpan> Spans { get; }

    /// <summary>The spans' bytes, one after the other.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>One of the runs that the spans name.</summary>
    /// <param name="index">0 to RunCount − 1.</param>
    public RunIdentity Run(int index)
    {
        var at = _payload.Slice(BatchHeader.Size + (index * RunIdentity.Size), RunIdentity.Size);
        return new RunIdentity(
            BinaryPrimitives.ReadUInt32LittleEndian(at),
            new Guid(at.Slice(8, 16), bigEndian: true)
        );
    }

    /// <summary>One of the holes.</summary>
    /// <param name="index">0 to HoleCount − 1.</param>
    public LogHole Hole(int index)
    {
        var first = BatchHeader.Size + ((int)Header.RunCount * RunIdentity.Size);
        var at = _payload.Slice(first + (index * LogHole.Size), LogHole.Size);
        return new LogHole(
            BinaryPrimitives.ReadInt64LittleEndian(at),
            BinaryPrimitives.ReadInt64LittleEndian(at[8..]),
            (GapReason)BinaryPrimitives.ReadUInt32LittleEndian(at[16..])
        );
    }

    /// <summary>Checks a payload and gives a view of it; false with the reason if it is not a batch.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out SpanBatch batch, out string? fault)
    {
        batch = default;
        if (payload.Length < BatchHeader.Size)
        {
            fault = "batch is shorter than its fixed part";
            return false;
        }

        var header = MemoryMarshal.Read<BatchHeader>(payload);
        var spansAt =
            BatchHeader.Size
            + ((long)header.RunCount * RunIdentity.Size)
            + ((long)header.HoleCount * LogHole.Size);
        var bytesAt = spansAt + ((long)header.SpanCount * WireSpan.Size);
        if (bytesAt > payload.Length || header.ByteCount != (ulong)(payload.Length - bytesAt))
        {
            fault = "batch counts do not fit its length";
            return false;
        }

        batch = new SpanBatch(payload, header, (int)spansAt, (int)bytesAt);
        fault = batch.FindFault();
        return fault is null;
    }

    private string? FindFault()
    {
        if (Header.After < 0 || Header.UpTo < Header.After)
        {
            return "batch covers a range that runs backwards";
        }

        var last = Header.After;
        ulong bytes = 0;
        foreach (ref readonly var span in Spans)
        {
            if (span.Count == 0 || span.Seq <= last || span.Seq > Header.UpTo - (span.Count - 1))
            {
                return "span lies outside the range covered, or before the one before it";
            }

            last = span.Seq + span.Count - 1;
            bytes += span.Length;
        }

        return bytes == Header.ByteCount ? null : "spans have more or fewer bytes than the batch";
    }
}
