using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Reads a log through a filter: what is wanted as spans, what is not as coverage.</summary>
/// <remarks>Any thread; it has no state of its own.</remarks>
internal sealed class SpanReader(
    ProcessLog log,
    LogIndex index,
    DataFileReader files,
    StreamFloors floors
)
{
    private const int BlockSpans = 64;
    private const long MaxScannedBytes = 4 * 1024 * 1024;

    /// <summary>Adds to a read what is wanted after its end, up to a seq; a bounded number of bytes is looked at.</summary>
    public LogRead Fill(
        LogRead read,
        long last,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    )
    {
        Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
        long scanned = 0;
        while (read.UpTo < last)
        {
            var found = log.ReadSpans(read.UpTo + 1, last, block);
            if (found == 0)
            {
                return AddHole(read, read.UpTo + 1, last, HoleReason.Corrupt);
            }

            foreach (ref readonly var span in block[..found])
            {
                if (span.Seq > last)
                {
                    return read;
                }

                if (ReasonOf(span) is var reason and not HoleReason.None && IsWanted(span, filter))
                {
                    if (!TryAddHole(ref read, span, last, reason))
                    {
                        return read;
                    }

                    continue;
                }

                if (read.HoleFrom > 0 || !TryAddOrHole(ref read, span, last, filter, spans, room))
                {
                    return read;
                }

                scanned += filter.LooksInto(span) ? span.Length : LogSpan.Size;
            }

            if (scanned >= MaxScannedBytes)
            {
                // Coverage alone, so that a filter that takes nothing does not hold up the others.
                return read;
            }
        }

        return read;
    }

    /// <summary>Why the bytes of a span are not there; none if they are, or if nobody knows better.</summary>
    public HoleReason ReasonOf(in LogSpan span) =>
        span.IsHole ? span.HoleReason
        : span.Stream == StreamKind.Event ? HoleReason.None
        : floors.ReasonOf(span);

    /// <summary>A hole that lies between what the index knows is wanted by every filter: nobody knows what was in it.</summary>
    private static bool IsWanted(in LogSpan span, LogFilter filter) =>
        (span.IsHole && span.Stream == StreamKind.Event) || filter.Matches(span);

    private static bool TryAddHole(ref LogRead read, in LogSpan span, long last, HoleReason reason)
    {
        if (read.HoleFrom > 0 && read.HoleReason != reason)
        {
            return false;
        }

        var from = Math.Max(span.Seq, read.UpTo + 1);
        read = AddHole(read, from, Math.Min(span.LastSeq, last), reason);
        return true;
    }

    /// <summary>Adds what is wanted of a span; where its bytes have just gone, a hole.</summary>
    private bool TryAddOrHole(
        ref LogRead read,
        in LogSpan span,
        long last,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    )
    {
        try
        {
            return TryAdd(ref read, span, last, filter, spans, room);
        }
        catch (BytesGoneException)
        {
            return TryAddHole(ref read, span, last, log.WhyGone(span));
        }
    }

    private static LogRead AddHole(in LogRead read, long from, long to, HoleReason reason) =>
        read with
        {
            UpTo = to,
            HoleFrom = read.HoleFrom > 0 ? read.HoleFrom : from,
            HoleTo = to,
            HoleReason = reason,
        };

    /// <summary>Adds what is wanted of a span; false if there is no room for it.</summary>
    private bool TryAdd(
        ref LogRead read,
        in LogSpan span,
        long last,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    )
    {
        if (!filter.Matches(span))
        {
            read = read with { UpTo = Math.Min(span.LastSeq, last), IsFiltered = true };
            return true;
        }

        if (!filter.LooksInto(span))
        {
            if (!HasRoom(read, spans, room))
            {
                return false;
            }

            var rest = SpanCutter.Clip(span, read.UpTo + 1, last, files, read.Cut);
            return TryAddWhole(ref read, rest, spans, room, span);
        }

        var clipped = SpanCutter.Clip(span, read.UpTo + 1, last, files, read.Cut);

        // Not null: the filter looks into the span with it.
        using var lines = new SpanLines(clipped, filter.Lines!, log);
        while (lines.TryNext(out var stretch))
        {
            // What lies before it was not wanted, and is covered.
            read = read with
            {
                UpTo = stretch.Seq - 1,
                IsFiltered = true,
            };
            if (!HasRoom(read, spans, room) || !TryAddWhole(ref read, stretch, spans, room, span))
            {
                return false;
            }
        }

        read = read with { UpTo = clipped.LastSeq, IsFiltered = true };
        return true;
    }

    private static bool HasRoom(in LogRead read, ReadOnlySpan<LogSpan> spans, in LogRoom room) =>
        read.Count < spans.Length && read.Entries < room.MaxEntries;

    /// <summary>Adds consecutive entries of a span, or as many of them as fit; false if some are left.</summary>
    private bool TryAddWhole(
        ref LogRead read,
        in LogSpan entries,
        Span<LogSpan> spans,
        in LogRoom room,
        in LogSpan whole
    )
    {
        var left = room.MaxBytes - read.Bytes - ((read.Count + 1L) * room.SpanOverhead);
        var fitting = SpanCutter.Fit(entries, left, room.MaxEntries - read.Entries, files);
        if (fitting.Count == 0)
        {
            if (read.Count > 0)
            {
                return false;
            }

            // Every read goes on by an entry at least.
            fitting = SpanCutter.Clip(entries, entries.Seq, entries.Seq, files);
        }

        AddTo(ref read, fitting, spans);
        if (fitting.Count == entries.Count)
        {
            return true;
        }

        var end = fitting.Offset + fitting.Length - whole.Offset;
        read = read with { Cut = new SpanCut(whole.Seq, fitting.LastSeq + 1, (uint)end) };
        return false;
    }

    private static void AddTo(ref LogRead read, in LogSpan span, Span<LogSpan> spans)
    {
        spans[read.Count] = span;
        read = read with
        {
            Count = read.Count + 1,
            Bytes = read.Bytes + span.Length,
            Entries = read.Entries + span.Count,
            UpTo = span.LastSeq,
        };
    }

    /// <summary>The seq before the newest so many entries that match, up to a seq.</summary>
    public long FindTail(long count, long upTo, LogFilter filter, LogFacts facts)
    {
        var last = Math.Min(upTo, facts.Head);
        Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
        while (count > 0 && last >= facts.OldestDisk && last > 0)
        {
            var found = index.ReadBackwards(last, block);
            if (found == 0)
            {
                break;
            }

            foreach (ref readonly var span in block[..found])
            {
                if (FindInSpan(span, last, filter, ref count) is { } before)
                {
                    return before;
                }

                last = span.Seq - 1;
            }
        }

        return Math.Max(last, facts.OldestDisk - 1);
    }

    /// <summary>The seq before the count-th wanted entry from the end of a span; null, and fewer to go, if it has fewer.</summary>
    private long? FindInSpan(in LogSpan span, long last, LogFilter filter, ref long count)
    {
        if (!filter.Matches(span) || ReasonOf(span) != HoleReason.None)
        {
            return null;
        }

        var lastOfSpan = Math.Min(span.LastSeq, last);
        if (!filter.LooksInto(span))
        {
            var entries = lastOfSpan - span.Seq + 1;
            if (entries >= count)
            {
                return lastOfSpan - count;
            }

            count -= entries;
            return null;
        }

        var stretches = new List<(long Seq, long Count)>();
        var clipped = SpanCutter.Clip(span, span.Seq, lastOfSpan, files);

        // Not null: the filter looks into the span with it.
        using var lines = new SpanLines(clipped, filter.Lines!, log);
        while (lines.TryNext(out var stretch))
        {
            stretches.Add((stretch.Seq, stretch.Count));
        }

        for (var i = stretches.Count - 1; i >= 0; i--)
        {
            if (stretches[i].Count >= count)
            {
                return stretches[i].Seq + stretches[i].Count - 1 - count;
            }

            count -= stretches[i].Count;
        }

        return null;
    }

    /// <summary>Bytes of the entries after a seq, up to another; −1 if counting them takes too long.</summary>
    public long CountBytes(long after, long upTo)
    {
        const int maxBlocks = 1024;
        Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
        long bytes = 0;
        for (var blocks = 0; after < upTo; blocks++)
        {
            var found = blocks < maxBlocks ? log.ReadSpans(after + 1, upTo, block) : 0;
            if (found == 0)
            {
                return -1;
            }

            foreach (ref readonly var span in block[..found])
            {
                bytes += span.Length;
            }

            after = block[found - 1].LastSeq;
        }

        return bytes;
    }
}
