using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Entries that had their numbers when their bytes were dropped: how many, and which, so that none is counted for two reasons.</summary>
/// <remarks>Any thread. Of more than <see cref="MaxRanges"/> stretches the later ones are only counted.</remarks>
internal sealed class DroppedSeqs
{
    private const int MaxRanges = 4096;

    // Each read finds its place anew: the ingest thread, whose time this is, takes few and large ones.
    private const int BlockSpans = 1024;

    // What memory holds while the disk is full has no more.
    private const int MostSpans = 1 << 18;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<(long From, long To)> _ranges = [];
    private long _count;

    /// <summary>How many there are.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Adds a stretch that is not in it yet.</summary>
    public void Add(long from, long to)
    {
        lock (_gate)
        {
            _count += to - from + 1;
            var at = _ranges.FindIndex(range => range.To + 1 == from || to + 1 == range.From);
            if (at >= 0)
            {
                var known = _ranges[at];
                _ranges[at] = (Math.Min(known.From, from), Math.Max(known.To, to));
            }
            else if (_ranges.Count < MaxRanges)
            {
                _ranges.Add((from, to));
            }
        }
    }

    /// <summary>Adds the entries of which bytes were dropped.</summary>
    /// <param name="index">Where they stand.</param>
    /// <param name="ranges">What was dropped.</param>
    /// <param name="before">What was gone before that, and is counted.</param>
    public void AddSpans(
        LogIndex index,
        ReadOnlySpan<ByteRange<RangeKind>> ranges,
        StreamFloors before
    )
    {
        var block = new LogSpan[BlockSpans];
        var looked = 0;
        for (var last = index.LastSeq; last > 0 && looked < MostSpans && ranges.Length > 0; )
        {
            var found = index.ReadBackwards(last, block);
            if (found == 0)
            {
                break;
            }

            foreach (ref readonly var span in block.AsSpan(0, found))
            {
                if (!span.IsHole && IsIn(span, ranges) && before.ReasonOf(span) == HoleReason.None)
                {
                    Add(span.Seq, span.LastSeq);
                }
            }

            looked += IsPast(block.AsSpan(0, found), ranges) ? MostSpans : found;
            last = block[found - 1].Seq - 1;
        }
    }

    private static bool IsIn(in LogSpan span, ReadOnlySpan<ByteRange<RangeKind>> ranges)
    {
        foreach (ref readonly var range in ranges)
        {
            if (range.What == RangeKind.Dropped && range.Touches(span))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True if nothing before these spans can be in the one range there is.</summary>
    private static bool IsPast(
        ReadOnlySpan<LogSpan> spans,
        ReadOnlySpan<ByteRange<RangeKind>> ranges
    )
    {
        foreach (ref readonly var span in spans)
        {
            if (
                ranges.Length == 1
                && !span.IsHole
                && span.Source == ranges[0].Stream
                && span.Offset + span.Length <= ranges[0].From
            )
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many of a stretch are in it.</summary>
    public long CountWithin(long from, long to)
    {
        lock (_gate)
        {
            var count = 0L;
            foreach (var range in _ranges)
            {
                count += Math.Max(0, Math.Min(to, range.To) - Math.Max(from, range.From) + 1);
            }

            return count;
        }
    }
}
