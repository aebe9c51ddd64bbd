using Tspm.CaptureLog;

namespace Tspm.Logs.Searching;

/// <summary>Takes the spans of one read, as far as there is room.</summary>
/// <param name="read">What is covered so far.</param>
/// <param name="spans">Where spans go.</param>
/// <param name="room">How much may be taken.</param>
/// <param name="files">For lines that have to be cut off.</param>
internal ref struct SpanTaker(LogRead read, Span<LogSpan> spans, LogRoom room, DataFileReader files)
{
    private readonly Span<LogSpan> _spans = spans;

    /// <summary>What is covered, and what is in it.</summary>
    public LogRead Read = read;

    /// <summary>Entries up to a seq were passed over.</summary>
    public void Pass(long upTo)
    {
        if (upTo > Read.UpTo)
        {
            Read = Read with { UpTo = upTo, IsFiltered = true };
        }
    }

    /// <summary>Takes consecutive entries of a span, or as many of them as fit; false if some are left.</summary>
    /// <param name="entries">The entries; what lies before them is covered.</param>
    /// <param name="whole">The span that they are of.</param>
    public bool TryTake(in LogSpan entries, in LogSpan whole)
    {
        if (Read.Count >= _spans.Length || Read.Entries >= room.MaxEntries)
        {
            return false;
        }

        var left = room.MaxBytes - Read.Bytes - ((Read.Count + 1L) * room.SpanOverhead);
        var fitting = SpanCutter.Fit(entries, left, room.MaxEntries - Read.Entries, files);
        if (fitting.Count == 0)
        {
            if (Read.Count > 0)
            {
                return false;
            }

            // Every read goes on by an entry at least.
            fitting = SpanCutter.Clip(entries, entries.Seq, entries.Seq, files);
        }

        Add(fitting);
        if (fitting.Count == entries.Count)
        {
            return true;
        }

        var end = fitting.Offset + fitting.Length - whole.Offset;
        Read = Read with { Cut = new SpanCut(whole.Seq, fitting.LastSeq + 1, (uint)end) };
        return false;
    }

    /// <summary>Tells entries that are not there; false if another hole was told: a read has one, and ends with it.</summary>
    public bool TryTakeHole(long from, long to, HoleReason reason)
    {
        if (Read.HoleFrom > 0 && Read.HoleReason != reason)
        {
            return false;
        }

        Read = Read with
        {
            UpTo = to,
            HoleFrom = Read.HoleFrom > 0 ? Read.HoleFrom : from,
            HoleTo = to,
            HoleReason = reason,
        };
        return true;
    }

    private void Add(in LogSpan span)
    {
        if (Read.Count > 0 && IsContinued(_spans[Read.Count - 1], span))
        {
            ref var last = ref _spans[Read.Count - 1];
            last.Count += span.Count;
            last.Length += span.Length;
        }
        else
        {
            _spans[Read.Count] = span;
            Read = Read with { Count = Read.Count + 1 };
        }

        Read = Read with
        {
            Bytes = Read.Bytes + span.Length,
            Entries = Read.Entries + span.Count,
            UpTo = span.LastSeq,
        };
    }

    // Two stretches of one span of the index, with nothing between.
    private static bool IsContinued(in LogSpan last, in LogSpan next) =>
        next.Ord == last.Ord
        && next.Seq == last.LastSeq + 1
        && next.Stream == last.Stream
        && next.Run == last.Run
        && last.Flags is SpanFlags.None or SpanFlags.GroupStart
        && next.Flags == SpanFlags.None
        && next.Offset == last.Offset + last.Length
        && next.Aux == 0
        && last.Aux == 0;
}
