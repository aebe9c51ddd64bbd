using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Searching;

/// <summary>Reads a log through a line filter with context: so many lines before and after each line that matches.</summary>
/// <remarks>
/// What is wanted depends on the log alone, not on where reads end: a read looks back for a match whose context goes
/// on, and covers only what is decided. Context does not reach over a life-cycle entry or into another epoch.
/// </remarks>
internal sealed class ContextReader(
    ProcessLog log,
    LogIndex index,
    DataFileReader files,
    SpanReasons reasons
)
{
    private const int BlockSpans = 256;
    private const long MaxScannedBytes = 16 * 1024 * 1024;
    private const long MaxScannedLive = 4 * 1024 * 1024;

    /// <summary>Adds to a read what is wanted after its end, up to a seq.</summary>
    /// <param name="read">What is covered so far.</param>
    /// <param name="last">The last seq that may be covered.</param>
    /// <param name="isFinal">Nothing comes after the last one that could make a line context.</param>
    /// <param name="filter">What is wanted.</param>
    /// <param name="spans">Where spans go.</param>
    /// <param name="room">How much may be taken.</param>
    public LogRead Fill(
        LogRead read,
        long last,
        bool isFinal,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    )
    {
        Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
        using var window = new SpanWindow(log, files);
        var fill = new ContextFill(
            new SpanTaker(read, spans, room, files),
            filter,
            LookBack(read.UpTo, filter),
            files
        );
        long scanned = 0;
        var at = read.UpTo + 1;
        var isFull = false;
        while (at <= last && !isFull)
        {
            var found = log.ReadSpans(at, last, block);
            if (found == 0)
            {
                fill.EndSegment(at - 1);
                fill.Taker.TryTakeHole(at, last, HoleReason.Corrupt);
                return fill.Taker.Read;
            }

            for (var i = 0; i < found && at <= last && !isFull; i++)
            {
                scanned += filter.LooksInto(block[i]) ? block[i].Length : LogSpan.Size;
                isFull = !TryTakeOrHole(ref fill, block, i, found, last, filter, window, ref at);
            }

            isFull |=
                scanned >= (filter.IsLive ? MaxScannedLive : MaxScannedBytes)
                && fill.CoveredUpTo(at - 1) > read.UpTo;
        }

        if (isFull && at <= last && fill.IsOutOfRoom)
        {
            return fill.Taker.Read;
        }

        if (isFinal && at > last)
        {
            fill.EndSegment(last);
        }

        fill.Taker.Pass(fill.CoveredUpTo(at - 1));
        return fill.Taker.Read;
    }

    /// <summary>The seq so many lines before another one, in its segment.</summary>
    public long GoBack(long before, int lines, LogFilter filter, long oldest)
    {
        var segment = new Backwards(index, reasons, before, oldest);
        while (lines > 0 && segment.TryNext(filter, out var span, out var last))
        {
            var taken = Math.Min(lines, last - span.Seq + 1);
            before = last - taken;
            lines -= (int)taken;
        }

        return before;
    }

    private bool TryTakeOrHole(
        ref ContextFill fill,
        scoped ReadOnlySpan<LogSpan> block,
        int i,
        int found,
        long last,
        LogFilter filter,
        SpanWindow window,
        ref long at
    )
    {
        ref readonly var span = ref block[i];
        var reason = reasons.Of(span);
        if (reason != HoleReason.None && SpanReader.IsWanted(span, filter))
        {
            return TryTakeHole(ref fill, span, last, reason, ref at);
        }

        if (fill.Taker.Read.HoleFrom > 0)
        {
            // A hole is the end of a read.
            return false;
        }

        try
        {
            return TryTake(ref fill, block, i, found, last, filter, window, ref at);
        }
        catch (BytesGoneException)
        {
            return TryTakeHole(ref fill, span, last, log.WhyGone(span), ref at);
        }
    }

    /// <summary>Context does not reach over a hole.</summary>
    private static bool TryTakeHole(
        ref ContextFill fill,
        in LogSpan span,
        long last,
        HoleReason reason,
        ref long at
    )
    {
        fill.EndSegment(at - 1);
        var to = Math.Min(span.LastSeq, last);
        if (!fill.Taker.TryTakeHole(at, to, reason))
        {
            return false;
        }

        at = to + 1;
        return true;
    }

    private bool TryTake(
        ref ContextFill fill,
        scoped ReadOnlySpan<LogSpan> block,
        int i,
        int found,
        long last,
        LogFilter filter,
        SpanWindow window,
        ref long at
    )
    {
        ref readonly var span = ref block[i];
        var upTo = Math.Min(span.LastSeq, last);
        if (span.Stream == StreamKind.Event)
        {
            fill.EndSegment(at - 1);
            if (filter.Matches(span) && !fill.TryTakeEvent(span))
            {
                return false;
            }
        }
        else if (filter.Matches(span))
        {
            var clipped = SpanCutter.Clip(span, at, last, files, fill.Taker.Read.Cut);
            var bytes = window.Read(clipped, block[(i + 1)..found]);
            if (!fill.TryTakeLines(clipped, span, bytes))
            {
                return false;
            }
        }

        at = upTo + 1;
        return true;
    }

    /// <summary>What lies before a read and matters for it: a match whose context goes on.</summary>
    private ContextStart LookBack(long upTo, LogFilter filter)
    {
        var oldest = Math.Max(filter.Origin + 1, log.FirstOfEpoch(upTo + 1));
        var segment = new Backwards(index, reasons, upTo, oldest);
        var distance = 0L;
        var need = filter.ContextAfter + 1L;
        while (distance < need && segment.TryNext(filter, out var span, out var last))
        {
            var from = Math.Max(Math.Max(span.Seq, oldest), last - (need - distance) + 1);
            var clipped = SpanCutter.Clip(span, from, last, files);
            using var window = new SpanWindow(log, files);
            if (FindLastMatch(clipped, window, filter) is { } match)
            {
                distance += last - match + 1;
                return new ContextStart(true, (int)(filter.ContextAfter - distance + 1), true);
            }

            distance += last - from + 1;
        }

        return new ContextStart(distance > 0, 0, false);
    }

    private static long? FindLastMatch(in LogSpan span, SpanWindow window, LogFilter filter)
    {
        long? found = null;
        try
        {
            // Not null: only filters with lines have context.
            var lines = new SpanLines(span, window.Read(span, []), filter.Lines!);
            while (lines.TryNext(out var stretch))
            {
                found = stretch.LastSeq;
            }
        }
        catch (BytesGoneException)
        {
            // Gone: no match is known there.
        }

        return found;
    }

    /// <summary>The wanted spans before a seq, the newest first, up to the life-cycle entry before them.</summary>
    private ref struct Backwards(LogIndex index, SpanReasons reasons, long upTo, long oldest)
    {
        private readonly LogSpan[] _block = new LogSpan[16];
        private int _count;
        private int _next;
        private long _upTo = upTo;

        public bool TryNext(LogFilter filter, out LogSpan span, out long last)
        {
            (span, last) = (default, 0);
            while (_upTo >= oldest)
            {
                if (_next == _count)
                {
                    (_count, _next) = (index.ReadBackwards(_upTo, _block), 0);
                    if (_count == 0)
                    {
                        return false;
                    }
                }

                span = _block[_next++];
                last = Math.Min(span.LastSeq, _upTo);
                if (span.Stream == StreamKind.Event || reasons.Of(span) != HoleReason.None)
                {
                    return false;
                }

                _upTo = span.Seq - 1;
                if (filter.Matches(span))
                {
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>What lies before a read.</summary>
/// <param name="HasLine">There is a wanted line before it in its segment.</param>
/// <param name="Left">Lines that are context of a match before it.</param>
/// <param name="IsShown">The line before it is a match or context of one.</param>
internal readonly record struct ContextStart(bool HasLine, int Left, bool IsShown);
