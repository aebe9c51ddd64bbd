using System.Text;
using Tspm.Client;
using Tspm.Client.Following;
using Tspm.Protocol;
using Tspm.Protocol.Batches;

namespace Tspm.Simulator;

/// <summary>Checks one reader: what was given out plus the gaps told plus what was filtered is first..last, each once (I1 to I4).</summary>
/// <param name="auditor">Knows what there is.</param>
/// <param name="wants">The filter.</param>
/// <param name="log">The log that is read.</param>
/// <param name="visits">Hears of holes that were told.</param>
/// <param name="blindTo">Holes of this reason are not looked at (a broken reader).</param>
internal sealed class ReaderCheck(
    Auditor auditor,
    Func<Entry, bool> wants,
    Guid log,
    Visits visits,
    GapReason? blindTo
)
{
    private LogPosition _at;

    // The last entry that it had: what was told missing after it may have been of an epoch that is not known any more.
    private LogPosition _had;
    private bool _hasBegun;

    /// <summary>The log that is read.</summary>
    public Guid Log { get; set; } = log;

    public FollowReceipt Receipt { get; private set; } = new();

    public long Shown { get; private set; }

    public long Gaps { get; private set; }

    public long Truncations { get; private set; }

    /// <summary>The reader begins after a position that it has from before.</summary>
    public void BeginAt(LogPosition at)
    {
        _at = at;
        _had = at;
        _hasBegun = true;
    }

    public void Emit(in LogAction action, in SpanBatch batch)
    {
        var after = action.From - 1;
        if (_hasBegun)
        {
            Auditor.Require(
                after == _at.Seq,
                $"I3: given out after seq {after}, but the last was {_at.Seq}"
            );
            Auditor.Require(
                action.Epoch >= _at.Epoch,
                $"I1: epoch {action.Epoch} after {_at.Epoch}"
            );
            Auditor.Require(
                auditor.BeginAfter(Log, _had.Epoch, _had.Seq, action.Epoch),
                $"P1: after {_had.Epoch}/{_had.Seq} comes {action.Epoch}/{action.From}: {auditor.EpochsText(Log, action.Epoch)}"
            );
        }

        _hasBegun = true;
        var next = action.From;
        var hole = 0;
        long lost = 0;
        var at = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            next = Pass(batch, ref hole, ref lost, next, span.Seq, action.Epoch);
            Auditor.Require(next == span.Seq, $"I2: seq {span.Seq} comes after {next - 1}");
            CheckSpan(span, batch.Bytes.Slice(at, (int)span.Length), action.Epoch);
            _had = new LogPosition(action.Epoch, span.Seq + span.Count - 1);
            at += (int)span.Length;
            next = span.Seq + span.Count;
            Shown += span.Count;
        }

        next = Pass(batch, ref hole, ref lost, next, action.To + 1, action.Epoch);
        Auditor.Require(next == action.To + 1, $"I4: covered up to {next - 1}, not {action.To}");
        var shown = CountOf(batch);
        Receipt.Cover(after, action.To, shown, lost);
        Settle(action.Epoch, action.To);
    }

    public void Gap(in LogAction action)
    {
        Auditor.Require(
            !_hasBegun || action.From == _at.Seq + 1,
            $"I3: a gap from {action.From}, but the last was {_at.Seq}"
        );
        Auditor.Require(action.To >= action.From, $"I4: a gap {action.From}..{action.To}");
        _hasBegun = true;
        Gaps++;
        Receipt.Cover(action.From - 1, action.To, 0, action.To - action.From + 1);
        Settle(Math.Max(action.Epoch, _at.Epoch), action.To);
    }

    public void Truncate(in LogAction action)
    {
        if (!_hasBegun)
        {
            // It began at the head and nothing has come yet.
            BeginAt(new LogPosition(action.Epoch, action.To));
            return;
        }

        Auditor.Require(
            action.From == _at.Seq,
            $"truncated at {action.From}, the last was {_at.Seq}"
        );
        Auditor.Require(action.To < _at.Seq, $"truncated forward to {action.To} from {_at.Seq}");
        Truncations++;
        Receipt.Rewind(action.From - action.To);
        _had = new LogPosition(action.Epoch, action.To);
        Settle(action.Epoch, action.To);
    }

    public void Recreate(in LogAction action, Guid newLog)
    {
        Log = newLog;
        _at = new LogPosition(action.Epoch, action.To);
        _had = _at;
        Receipt = new FollowReceipt();
    }

    /// <summary>The reader has everything there is.</summary>
    public bool IsAt(long head) => _hasBegun && _at.Seq == head;

    private void Settle(uint epoch, long seq)
    {
        _at = new LogPosition(epoch, seq);
        Auditor.Require(Receipt.IsBalanced, "I4: the receipt does not add up");
    }

    /// <summary>What is covered without a span: a hole that is told, or an entry that was not wanted.</summary>
    private long Pass(
        in SpanBatch batch,
        ref int hole,
        ref long lost,
        long next,
        long end,
        uint epoch
    )
    {
        while (next < end)
        {
            if (hole < batch.Header.HoleCount && batch.Hole(hole) is var one && one.From == next)
            {
                hole++;
                if (one.Reason == blindTo)
                {
                    continue;
                }

                Auditor.Require(
                    auditor.IsHole(Log, one.From, one.To, one.Reason),
                    $"P4: {one.From}..{one.To} is told as {one.Reason} and is not"
                );
                visits.Outcome(one.Reason == GapReason.Expired ? "hole-expired" : "hole-corrupt");
                lost += one.To - one.From + 1;
                next = one.To + 1;
                Gaps++;
                continue;
            }

            if (auditor.Find(Log, epoch, next) is not { } entry)
            {
                throw new InvariantException($"{epoch}/{next} is covered and never was");
            }

            Auditor.Require(!wants(entry), $"I3: {epoch}/{next} \"{entry.Text}\" is left out");
            _had = new LogPosition(epoch, next);
            next++;
        }

        return next;
    }

    private void CheckSpan(in WireSpan span, ReadOnlySpan<byte> bytes, uint epoch)
    {
        var at = 0;
        for (var i = 0; i < span.Count; i++)
        {
            var rest = bytes[at..];
            var length = span.Count == 1 ? rest.Length : rest.IndexOf((byte)'\n') + 1;
            var text = Encoding.ASCII.GetString(rest[..length]);
            if (auditor.Find(Log, epoch, span.Seq + i) is not { } entry)
            {
                throw new InvariantException(
                    $"I7: {epoch}/{span.Seq + i} \"{text}\" is not in the store"
                );
            }

            Auditor.Require(
                entry.Text == text,
                $"I9: {epoch}/{span.Seq + i} is \"{text}\", not \"{entry.Text}\""
            );
            Auditor.Require(wants(entry), $"{epoch}/{span.Seq + i} \"{text}\" was not wanted");
            at += length;
        }

        Auditor.Require(at == bytes.Length, $"bytes left over after seq {span.Seq}");
    }

    private static long CountOf(in SpanBatch batch)
    {
        long count = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            count += span.Count;
        }

        return count;
    }
}
