using System.Buffers;
using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Enters or leaves a span in its middle: finds where the wanted lines begin and end.</summary>
internal static class SpanCutter
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>The part of a span from one seq to another, both included.</summary>
    public static LogSpan Clip(LogSpan span, long from, long to, DataFileReader files)
    {
        if (span.Seq >= from && span.LastSeq <= to)
        {
            return span;
        }

        var skip = Math.Max(0, from - span.Seq);
        var keep = Math.Min(span.LastSeq, to) - Math.Max(span.Seq, from) + 1;
        var first = LengthOf(span, skip, files);
        var end = LengthOf(span, skip + keep, files);
        span.Seq += skip;
        span.Count = (uint)keep;
        span.Offset += (uint)first;
        span.Length = (uint)(end - first);
        return span;
    }

    /// <summary>Bytes of the first so many lines of a span.</summary>
    private static long LengthOf(in LogSpan span, long lines, DataFileReader files)
    {
        if (lines == 0)
        {
            return 0;
        }

        if (lines >= span.Count)
        {
            return span.Length;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            long done = 0;
            while (done < span.Length)
            {
                var room = buffer.AsSpan(0, (int)Math.Min(buffer.Length, span.Length - done));
                var read = files.Read(span.Source, span.Offset + (ulong)done, room);
                if (read == 0)
                {
                    break;
                }

                var rest = (ReadOnlySpan<byte>)room[..read];
                var inBlock = rest.Count((byte)'\n');
                if (inBlock >= lines)
                {
                    return done + OffsetAfter(rest, lines);
                }

                lines -= inBlock;
                done += read;
            }

            return span.Length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static long OffsetAfter(ReadOnlySpan<byte> bytes, long lines)
    {
        var at = 0;
        for (; lines > 0; lines--)
        {
            at += bytes[at..].IndexOf((byte)'\n') + 1;
        }

        return at;
    }
}
