using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Enters or leaves a span in its middle: finds where the wanted lines begin and end.</summary>
internal static class SpanCutter
{
    // On the stack: pooled memory would stay with every thread that ever sent.
    private const int BlockBytes = 16 * 1024;

    /// <summary>The part of a span from one seq to another, both included.</summary>
    public static LogSpan Clip(
        LogSpan span,
        long from,
        long to,
        DataFileReader files,
        SpanCut known = default
    )
    {
        if (span.Seq >= from && span.LastSeq <= to)
        {
            return span;
        }

        var skip = Math.Max(0, from - span.Seq);
        var keep = Math.Min(span.LastSeq, to) - Math.Max(span.Seq, from) + 1;
        var isKnown = known.SpanSeq == span.Seq && known.Seq == from;
        var first = isKnown ? known.Bytes : LengthOf(span, skip, files);
        var end = LengthOf(span, skip + keep, files);
        span.Seq += skip;
        span.Count = (uint)keep;
        span.Offset += (uint)first;
        span.Length = (uint)(end - first);
        return span;
    }

    /// <summary>As many entries from the beginning of a span as fit; with a count of 0 if not even one does.</summary>
    public static LogSpan Fit(LogSpan span, long maxBytes, long maxEntries, DataFileReader files)
    {
        if (span.Count > maxEntries)
        {
            span.Length = (uint)LengthOf(span, maxEntries, files);
            span.Count = (uint)maxEntries;
        }

        if (span.Length <= maxBytes)
        {
            return span;
        }

        var end = span.Count == 1 ? 0 : FindLineEnd(span, Math.Max(0, maxBytes), files);

        // The shorter side is counted: of the lines of a span each has its newline.
        var count =
            end <= span.Length / 2
                ? CountLines(span, 0, end, files)
                : span.Count - CountLines(span, end, span.Length, files);
        span.Length = (uint)end;
        span.Count = (uint)count;
        return span;
    }

    /// <summary>The last end of a line in the first so many bytes of a span; 0 if there is none.</summary>
    private static long FindLineEnd(in LogSpan span, long maxBytes, DataFileReader files)
    {
        Span<byte> buffer = stackalloc byte[BlockBytes];
        for (var end = maxBytes; end > 0; )
        {
            var begin = Math.Max(0, end - BlockBytes);
            var room = buffer[..(int)(end - begin)];
            var read = files.Read(span.Source, span.Offset + (ulong)begin, room);
            if (room[..read].LastIndexOf((byte)'\n') is var at and >= 0)
            {
                return begin + at + 1;
            }

            end = begin;
        }

        return 0;
    }

    private static long CountLines(in LogSpan span, long from, long to, DataFileReader files)
    {
        Span<byte> buffer = stackalloc byte[BlockBytes];
        long lines = 0;
        while (from < to)
        {
            var room = buffer[..(int)Math.Min(BlockBytes, to - from)];
            var read = files.Read(span.Source, span.Offset + (ulong)from, room);
            if (read == 0)
            {
                break;
            }

            lines += room[..read].Count((byte)'\n');
            from += read;
        }

        return lines;
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

        Span<byte> buffer = stackalloc byte[BlockBytes];
        long done = 0;
        while (done < span.Length)
        {
            var room = buffer[..(int)Math.Min(BlockBytes, span.Length - done)];
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
