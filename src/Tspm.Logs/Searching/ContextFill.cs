using Tspm.CaptureLog;

namespace Tspm.Logs.Searching;

/// <summary>One read through a line filter with context: which lines are decided, and which have to wait for the next match.</summary>
internal ref struct ContextFill
{
    private readonly LogFilter _filter;
    private readonly DataFileReader _files;

    // Lines that become context if a match comes soon enough, oldest first.
    private readonly Queue<(LogSpan Span, long From)> _pending = new();
    private long _pendingLines;

    // Lines that are context of a match that was seen.
    private int _left;
    private bool _isDropped;
    private bool _isSegmentStart;
    private bool _isUncertain;

    /// <summary>Begins after what lies before the read.</summary>
    public ContextFill(SpanTaker taker, LogFilter filter, ContextStart start, DataFileReader files)
    {
        Taker = taker;
        _filter = filter;
        _files = files;
        _left = start.Left;
        _isSegmentStart = !start.HasLine;
        _isUncertain = start.HasLine && !start.IsShown;
    }

    /// <summary>What is taken.</summary>
    public SpanTaker Taker;

    /// <summary>True if what was wanted did not fit.</summary>
    public bool IsOutOfRoom { get; private set; }

    /// <summary>The last seq that is decided, if everything up to another was looked at.</summary>
    public readonly long CoveredUpTo(long lookedUpTo) =>
        _pending.TryPeek(out var first) ? first.From - 1 : lookedUpTo;

    /// <summary>Lines that still wait are no context.</summary>
    public void EndSegment(long upTo)
    {
        _pending.Clear();
        _pendingLines = 0;
        _left = 0;
        (_isDropped, _isUncertain, _isSegmentStart) = (false, false, true);
        Taker.Pass(upTo);
    }

    /// <summary>Takes a life-cycle entry; false if there is no room.</summary>
    public bool TryTakeEvent(in LogSpan span) => Check(Taker.TryTake(span, span));

    /// <summary>Takes what is wanted of the lines of a span; false if there is no room.</summary>
    /// <param name="span">The lines.</param>
    /// <param name="whole">The span that they are of.</param>
    /// <param name="bytes">Theirs.</param>
    public bool TryTakeLines(in LogSpan span, in LogSpan whole, scoped ReadOnlySpan<byte> bytes)
    {
        long next = 0;

        // Not null: only filters with lines have context.
        var lines = new SpanLines(span, bytes, _filter.Lines!);
        while (lines.TryNext(out var match))
        {
            var hit = match.Seq - span.Seq;
            if (
                !TryTakeAfter(span, whole, ref next, hit)
                || !TryTakeBefore(span, whole, next, hit, match.LastSeq - span.Seq)
            )
            {
                return false;
            }

            next = match.LastSeq - span.Seq + 1;
            _left = _filter.ContextAfter;
        }

        if (!TryTakeAfter(span, whole, ref next, span.Count))
        {
            return false;
        }

        Wait(span, next);
        return true;
    }

    /// <summary>Context of the match before, at most up to a line.</summary>
    private bool TryTakeAfter(in LogSpan span, in LogSpan whole, ref long next, long end)
    {
        var taken = Math.Min(_left, end - next);
        if (taken > 0)
        {
            var from = span.Seq + next;
            if (!TryTake(SpanCutter.Clip(span, from, from + taken - 1, _files), whole))
            {
                return false;
            }

            _left -= (int)taken;
            next += taken;
        }

        return true;
    }

    /// <summary>Context before a match, and the match.</summary>
    private bool TryTakeBefore(in LogSpan span, in LogSpan whole, long next, long hit, long lastHit)
    {
        var inSpan = Math.Min(_filter.ContextBefore, hit - next);
        var isNewGroup =
            _isSegmentStart
            || _isDropped
            || (_isUncertain && _pendingLines + hit - next >= _filter.ContextBefore)
            || hit - next > inSpan;
        Drop(_filter.ContextBefore - inSpan);
        isNewGroup |= _isDropped;
        while (_pending.TryPeek(out var waiting))
        {
            var piece = SpanCutter.Clip(waiting.Span, waiting.From, waiting.Span.LastSeq, _files);
            if (!TryTake(Mark(piece, ref isNewGroup), waiting.Span))
            {
                return false;
            }

            _pendingLines -= piece.Count;
            _pending.Dequeue();
        }

        var from = span.Seq + hit - inSpan;
        var lines = SpanCutter.Clip(span, from, span.Seq + lastHit, _files);
        if (!TryTake(Mark(lines, ref isNewGroup), whole))
        {
            return false;
        }

        (_isDropped, _isUncertain, _isSegmentStart) = (false, false, false);
        return true;
    }

    private static LogSpan Mark(LogSpan span, ref bool isNewGroup)
    {
        span.Flags |= isNewGroup ? SpanFlags.GroupStart : SpanFlags.None;
        isNewGroup = false;
        return span;
    }

    private bool TryTake(in LogSpan lines, in LogSpan whole)
    {
        Taker.Pass(lines.Seq - 1);
        return Check(Taker.TryTake(lines, whole));
    }

    private bool Check(bool isTaken)
    {
        IsOutOfRoom |= !isTaken;
        return isTaken;
    }

    private void Wait(LogSpan span, long next)
    {
        if (next < span.Count)
        {
            _pending.Enqueue((span, span.Seq + next));
            _pendingLines += span.Count - next;
        }

        Drop(_filter.ContextBefore);
    }

    /// <summary>Keeps the newest so many lines that wait.</summary>
    private void Drop(long kept)
    {
        while (_pendingLines > kept)
        {
            var (span, from) = _pending.Peek();
            var dropped = Math.Min(_pendingLines - kept, span.LastSeq - from + 1);
            _isDropped = true;
            _pendingLines -= dropped;
            _pending.Dequeue();
            if (from + dropped <= span.LastSeq)
            {
                // Back to the front: there are few of them.
                var rest = _pending.ToArray();
                _pending.Clear();
                _pending.Enqueue((span, from + dropped));
                foreach (var one in rest)
                {
                    _pending.Enqueue(one);
                }
            }
        }
    }
}
