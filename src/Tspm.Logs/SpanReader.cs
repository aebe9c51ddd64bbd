using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Searching;

namespace Tspm.Logs;

/// <summary>Reads a log through a filter: what is wanted as spans, what is not as coverage.</summary>
/// <remarks>Any thread; it has no state of its own.</remarks>
internal sealed class SpanReader(
    ProcessLog log,
    LogIndex index,
    DataFileReader files,
    SpanReasons reasons
)
{
    private const int BlockSpans = 256;
    private const int TailSpans = 64;
    private const long MaxScannedBytes = 16 * 1024 * 1024;
    private const long MaxScannedLive = 4 * 1024 * 1024;

    private readonly ContextReader _context = new(log, index, files, reasons);

    /// <summary>Adds to a read what is wanted after its end, up to a seq; a bounded number of bytes is looked at.</summary>
    public LogRead Fill(
        LogRead read,
        long last,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    )
    {
        reasons.BeginRead();
        if (filter.HasContext)
        {
            var isFinal = !filter.IsLive || last < read.Facts.Head;
            return _context.Fill(read, last, isFinal, filter, spans, room);
        }

        Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
        // Only who looks into lines needs their bytes.
        using var window = filter.Lines is null ? null : new SpanWindow(log, files);
        var taker = new SpanTaker(read, spans, room, files);
        long scanned = 0;
        while (taker.Read.UpTo < last)
        {
            var found = log.ReadSpans(taker.Read.UpTo + 1, last, block);
            if (found == 0)
            {
                taker.TryTakeHole(taker.Read.UpTo + 1, last, HoleReason.Corrupt);
                return taker.Read;
            }

            for (var i = 0; i < found; i++)
            {
                ref readonly var span = ref block[i];
                if (
                    span.Seq > last
                    || !TryTakeOrHole(ref taker, span, block[(i + 1)..found], last, filter, window)
                )
                {
                    return taker.Read;
                }

                scanned += filter.LooksInto(span) ? span.Length : LogSpan.Size;
            }

            if (scanned >= (filter.IsLive ? MaxScannedLive : MaxScannedBytes))
            {
                // Coverage alone, so that a filter that takes nothing does not hold up the others.
                return taker.Read;
            }
        }

        return taker.Read;
    }

    /// <summary>A hole that lies between what the index knows is wanted by every filter: nobody knows what was in it.</summary>
    public static bool IsWanted(in LogSpan span, LogFilter filter) =>
        (span.IsHole && span.Stream == StreamKind.Event) || filter.Matches(span);

    /// <summary>Takes what is wanted of a span, or tells why it is not there; false if there is no room for it.</summary>
    private bool TryTakeOrHole(
        ref SpanTaker taker,
        in LogSpan span,
        scoped ReadOnlySpan<LogSpan> following,
        long last,
        LogFilter filter,
        SpanWindow? window
    )
    {
        var from = Math.Max(span.Seq, taker.Read.UpTo + 1);
        var to = Math.Min(span.LastSeq, last);
        if (reasons.Of(span) is var reason and not HoleReason.None && IsWanted(span, filter))
        {
            return taker.TryTakeHole(from, to, reason);
        }

        if (taker.Read.HoleFrom > 0)
        {
            // A hole is the end of a read.
            return false;
        }

        try
        {
            return TryTake(ref taker, span, following, last, filter, window);
        }
        catch (BytesGoneException)
        {
            return taker.TryTakeHole(from, to, log.WhyGone(span));
        }
    }

    /// <summary>Takes what is wanted of a span; false if there is no room for it.</summary>
    private bool TryTake(
        ref SpanTaker taker,
        in LogSpan span,
        scoped ReadOnlySpan<LogSpan> following,
        long last,
        LogFilter filter,
        SpanWindow? window
    )
    {
        if (!filter.Matches(span))
        {
            taker.Pass(Math.Min(span.LastSeq, last));
            return true;
        }

        var read = taker.Read;
        var wanted = SpanCutter.Clip(span, read.UpTo + 1, last, files, read.Cut);
        if (!filter.LooksInto(span))
        {
            return taker.TryTake(wanted, span);
        }

        // Neither is null: the filter looks into the span with them.
        var lines = new SpanLines(wanted, window!.Read(wanted, following), filter.Lines!);
        while (lines.TryNext(out var stretch))
        {
            // What lies before it was not wanted, and is covered.
            taker.Pass(stretch.Seq - 1);
            if (!taker.TryTake(stretch, span))
            {
                return false;
            }
        }

        taker.Pass(wanted.LastSeq);
        return true;
    }

    /// <summary>The seq before the newest so many entries that match, up to a seq; nothing up to the floor is looked at.</summary>
    public long FindTail(long count, long upTo, LogFilter filter, LogFacts facts, long floor = 0)
    {
        var before = FindTailOfMatches(count, upTo, filter, facts, floor);
        return filter.HasContext && count > 0
            ? _context.GoBack(before, filter.ContextBefore, filter, facts.OldestDisk)
            : before;
    }

    private long FindTailOfMatches(
        long count,
        long upTo,
        LogFilter filter,
        LogFacts facts,
        long floor
    )
    {
        var last = Math.Min(upTo, facts.Head);
        var oldest = Math.Max(facts.OldestDisk, floor + 1);
        Span<LogSpan> block = stackalloc LogSpan[TailSpans];
        while (count > 0 && last >= oldest && last > 0)
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

        return Math.Max(last, oldest - 1);
    }

    /// <summary>The seq before the count-th wanted entry from the end of a span; null, and fewer to go, if it has fewer.</summary>
    private long? FindInSpan(in LogSpan span, long last, LogFilter filter, ref long count)
    {
        if (!filter.Matches(span) || reasons.Of(span) != HoleReason.None)
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
        try
        {
            ListStretches(SpanCutter.Clip(span, span.Seq, lastOfSpan, files), filter, stretches);
        }
        catch (BytesGoneException)
        {
            // Gone just now: a read tells why.
            return null;
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

    private void ListStretches(
        in LogSpan span,
        LogFilter filter,
        List<(long Seq, long Count)> stretches
    )
    {
        using var window = new SpanWindow(log, files);

        // Not null: the filter looks into the span with it.
        var lines = new SpanLines(span, window.Read(span, []), filter.Lines!);
        while (lines.TryNext(out var stretch))
        {
            stretches.Add((stretch.Seq, stretch.Count));
        }
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
