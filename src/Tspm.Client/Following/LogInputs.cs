using SmartIpc.Topics;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>From what the daemon sends to the inputs of a log's machine.</summary>
internal static class LogInputs
{
    // What a gap takes to hold, so that they are bounded too.
    private const long HeldGapBytes = 256;

    /// <summary>The subscription is open.</summary>
    public static LogInput Subscribed(SubscribedLog info, uint gen, long now) =>
        new()
        {
            Kind = LogInputKind.Subscribed,
            Now = now,
            Gen = gen,
            Epoch = info.StartEpoch > 0 ? info.StartEpoch : info.Epoch,
            UpTo = info.StartAt,
            Head = info.Head,
            OldestRing = info.OldestRing,
            Flag = info.Status == "gap",
            LastSeq = info.LastSeq,
            Text = info.LogId,
            Outcome = info.Status switch
            {
                "truncated" => LogOutcome.Truncated,
                "recreated" => LogOutcome.Recreated,
                _ => LogOutcome.Ok,
            },
        };

    /// <summary>A batch or a bookmark.</summary>
    public static LogInput Batch(in SpanBatch batch, IDisposable payload, uint gen, long now)
    {
        long entries = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            entries += span.Count;
        }

        return Covering(batch, payload, now) with
        {
            Kind = LogInputKind.Batch,
            Gen = gen,
            Entries = entries,
            Bytes = (long)batch.Header.ByteCount + BatchHeader.Size,
        };
    }

    /// <summary>A page that was asked for.</summary>
    public static LogInput Page(in SpanBatch page, IDisposable payload, uint request, long now) =>
        Covering(page, payload, now) with
        {
            Kind = LogInputKind.Page,
            Request = request,
            Flag = page.Header.Flags.HasFlag(BatchFlags.More),
        };

    /// <summary>A range that does not come by itself.</summary>
    public static LogInput Gap(in TopicGap gap, uint gen, long now) =>
        new()
        {
            Kind = LogInputKind.Gap,
            Now = now,
            Gen = gen,
            Epoch = (uint)gap.Epoch,
            After = gap.From - 1,
            UpTo = gap.To,
            Bytes = HeldGapBytes,
            Reason = GapReasons.Parse(gap.Reason),
            Flag = gap.Recoverable == "disk",
        };

    private static LogInput Covering(in SpanBatch batch, IDisposable payload, long now)
    {
        var header = batch.Header;
        return new LogInput
        {
            Kind = LogInputKind.Batch,
            Now = now,
            Epoch = header.Epoch,
            After = header.After,
            UpTo = header.UpTo,
            PrevEpochEnd =
                header.PrevEpochEnd == BatchHeader.NoEpochEnd ? -1 : (long)header.PrevEpochEnd,
            Run = batch.Spans.IsEmpty ? 0 : batch.Spans[^1].Run,
            Payload = payload,
        };
    }
}
