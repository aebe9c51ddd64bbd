using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Why the bytes of spans are not there, or are not to be shown.</summary>
/// <remarks>
/// Any thread. Of bytes whose sync failed the kernel may give back what the device had before: a span of them is compared with the
/// checksum of its batch whenever it is read.
/// </remarks>
internal sealed class SpanReasons(LogIndex index, DataFileReader files, StreamFloors floors)
{
    // Of a batch of many spans each would have all of it read.
    private volatile Compared? _last;

    /// <summary>Why the bytes of a span are not there; none if they are, or if nobody knows better.</summary>
    public HoleReason Of(in LogSpan span)
    {
        if (span.IsHole)
        {
            return span.HoleReason;
        }

        if (span.Stream == StreamKind.Event)
        {
            return HoleReason.None;
        }

        var reason = floors.ReasonOf(span);
        return reason == HoleReason.None && floors.IsSuspect(span) ? Compare(span) : reason;
    }

    /// <summary>A read begins: what was compared for another one may be other bytes by now.</summary>
    public void BeginRead() => _last = null;

    private HoleReason Compare(in LogSpan span)
    {
        var last = _last;
        if (last is null || span.Seq < last.From || span.LastSeq > last.To)
        {
            if (index.FindBatch(span.Seq) is not { } batch)
            {
                return HoleReason.None;
            }

            _last = last = new Compared(
                Math.Min(batch.FirstSeq, span.Seq),
                Math.Max(batch.LastSeq, span.LastSeq),
                IsAsWritten(batch) ? HoleReason.None : HoleReason.Corrupt
            );
        }

        return last.Reason;
    }

    private bool IsAsWritten(IndexBatch batch)
    {
        try
        {
            // What is gone is told by who reads it.
            return BatchBytes.Check(batch.Slots, batch.Commit.BytesChecksum, files)
                != BytesVerdict.Damaged;
        }
        catch (IOException)
        {
            // The device does not give it back at all.
            return false;
        }
    }

    private sealed record Compared(long From, long To, HoleReason Reason);
}
