using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>From a batch that is given out to what is told of it: entries, gaps and run changes in the order of their seqs.</summary>
internal static class BatchEvents
{
    /// <summary>Adds what is told, and counts it.</summary>
    /// <returns>The last seq that is covered; below the batch's if it goes beyond the time that was asked for.</returns>
    public static long Add(
        in LogAction action,
        LogTarget log,
        ReadOnlyMemory<byte> payload,
        in SpanBatch batch,
        FollowReceipt receipt,
        List<LogFollowEvent> told,
        long? until
    )
    {
        var spans = batch.Spans[..CountUntil(batch.Spans, until)];
        var upTo =
            spans.Length < batch.Spans.Length ? batch.Spans[spans.Length].Seq - 1 : action.To;

        // Where the first entries of all are of several runs, from the first one on.
        var run =
            action.FromRun > 0 || spans.IsEmpty || spans[0].Run == spans[^1].Run
                ? action.FromRun
                : spans[0].Run;
        var next = 0;
        long lost = 0;
        for (var i = 0; i < batch.Header.HoleCount; i++)
        {
            var hole = batch.Hole(i);
            if (hole.From > upTo)
            {
                break;
            }

            var first = next;
            while (next < spans.Length && spans[next].Seq < hole.From)
            {
                next++;
            }

            run = AddRuns(log, payload, batch, first..next, run, told);
            lost += hole.To - hole.From + 1;
            told.Add(new LogGap(log, hole.From, hole.To, hole.Reason));
        }

        AddRuns(log, payload, batch, next..spans.Length, run, told);
        var shown = CountOf(spans);
        receipt.Cover(action.From - 1, upTo, shown, lost);
        if (!spans.IsEmpty)
        {
            receipt.PassRuns(spans[0].Run, spans[^1].Run);
        }

        if (action.Flag)
        {
            receipt.Recover(shown);
        }

        return upTo;
    }

    /// <summary>How many spans come before the end that was asked for.</summary>
    private static int CountUntil(ReadOnlySpan<WireSpan> spans, long? until)
    {
        for (var i = 0; until is { } end && i < spans.Length; i++)
        {
            if (spans[i].Wall > end)
            {
                return i;
            }
        }

        return spans.Length;
    }

    /// <summary>Adds spans, and before those of a later run that there is one.</summary>
    /// <param name="log">Whose they are.</param>
    /// <param name="payload">The batch.</param>
    /// <param name="batch">A view of it.</param>
    /// <param name="spans">Which.</param>
    /// <param name="run">The newest run so far; 0 if no other begins in this batch.</param>
    /// <param name="told">Where they go.</param>
    /// <returns>The newest run.</returns>
    private static uint AddRuns(
        LogTarget log,
        ReadOnlyMemory<byte> payload,
        in SpanBatch batch,
        Range spans,
        uint run,
        List<LogFollowEvent> told
    )
    {
        var (first, end) = (spans.Start.Value, spans.End.Value);
        for (var i = first; run > 0 && i < end; i++)
        {
            var next = batch.Spans[i].Run;
            if (next > run)
            {
                AddSpans(log, payload, first, i, told);
                told.Add(new RunChanged(log, run, next, RunIdOf(batch, next)));
                (first, run) = (i, next);
            }
        }

        AddSpans(log, payload, first, end, told);
        return run;
    }

    private static void AddSpans(
        LogTarget log,
        ReadOnlyMemory<byte> payload,
        int first,
        int end,
        List<LogFollowEvent> told
    )
    {
        if (end > first)
        {
            told.Add(new LogBatch(log, payload, first, end - first));
        }
    }

    private static long CountOf(ReadOnlySpan<WireSpan> spans)
    {
        long count = 0;
        foreach (ref readonly var span in spans)
        {
            count += span.Count;
        }

        return count;
    }

    private static Guid RunIdOf(in SpanBatch batch, uint run)
    {
        for (var i = 0; i < batch.Header.RunCount; i++)
        {
            if (batch.Run(i) is var known && known.Run == run)
            {
                return known.RunId;
            }
        }

        return Guid.Empty;
    }
}
