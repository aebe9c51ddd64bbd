using System.Buffers;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Compares the bytes of a batch's spans with the checksum in its commit.</summary>
internal static class BatchBytes
{
    private const int BlockBytes = 256 * 1024;

    /// <summary>Reads all bytes of a batch.</summary>
    /// <param name="batch">Slots that end with their commit.</param>
    /// <param name="checksum">What the commit tells.</param>
    /// <param name="bytes">The data files.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static BytesVerdict Check(
        ReadOnlySpan<LogSpan> batch,
        uint checksum,
        DataFileReader bytes
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            var state = Crc32C.Seed;
            foreach (ref readonly var span in batch)
            {
                if (span.Kind == SlotKind.Span && !TryAppend(span, bytes, buffer, ref state))
                {
                    return BytesVerdict.Gone;
                }
            }

            return ~state == checksum ? BytesVerdict.Good : BytesVerdict.Damaged;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryAppend(
        in LogSpan span,
        DataFileReader bytes,
        byte[] buffer,
        ref uint state
    )
    {
        for (uint done = 0; done < span.Length; )
        {
            var room = buffer.AsSpan(0, (int)Math.Min((uint)buffer.Length, span.Length - done));
            if (bytes.Read(span.Source, span.Offset + done, room) < room.Length)
            {
                return false;
            }

            state = Crc32C.Append(state, room);
            done += (uint)room.Length;
        }

        return true;
    }
}

/// <summary>What the bytes of a batch are worth.</summary>
internal enum BytesVerdict
{
    /// <summary>As they were when they were numbered.</summary>
    Good,

    /// <summary>Not what they were.</summary>
    Damaged,

    /// <summary>Some are not in the files any more.</summary>
    Gone,
}
