using System.Text;
using Tspm.CaptureLog;
using Tspm.Client;
using Tspm.Client.Following;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Batches;

namespace Tspm.Simulator;

/// <summary>Knows every entry that was ever numbered, and checks what is given out against it.</summary>
internal sealed class Auditor
{
    private readonly Dictionary<(Guid Log, uint Epoch, long Seq), Entry> _entries = [];

    // Every hole that the log ever had.
    private readonly HashSet<(Guid Log, long Seq, GapReason Reason)> _holes = [];
    private bool _mayHaveHoles;

    // Epochs that the daemon knows now: of one whose index is gone nobody can tell where it began.
    private HashSet<uint> _known = [];

    // Runs whose end is in the log as it is now.
    private readonly HashSet<(Guid Log, uint Run)> _ended = [];

    // The epochs that were in the log while the newest of them was written.
    private readonly Dictionary<(Guid Log, uint Epoch), List<(uint Epoch, long First)>> _epochs =
    [];

    // Where each epoch began; after damage the log itself may not know it any more.
    private readonly Dictionary<(Guid Log, uint Epoch), long> _firsts = [];

    /// <summary>A daemon has opened the log and numbered nothing yet.</summary>
    public void BeginEpoch(ProcessLog log)
    {
        var facts = log.Facts;
        _firsts[(log.LogId, facts.Epoch)] = facts.Head + 1;
    }

    /// <summary>Takes in what the log has now. A key never comes to mean something else (I8, I9).</summary>
    public void Read(ProcessLog log, bool isNewLife, ref long audited)
    {
        var facts = log.Facts;
        if (isNewLife)
        {
            audited = facts.OldestDisk - 1;
            _epochs.Remove((log.LogId, facts.Epoch));
            _ended.Clear();
        }

        Walk(log, audited, facts.Head, (epoch, span) => Take(log, epoch, span));
        audited = facts.Head;
        var epochs = EpochsOf(log, facts);
        _epochs[(log.LogId, facts.Epoch)] = epochs;
        _known = [.. epochs.Select(one => one.Epoch)];
    }

    /// <summary>Takes in which holes the log has now; a reader may be told of those.</summary>
    public void FindHoles(ProcessLog log)
    {
        if (_mayHaveHoles)
        {
            Walk(log, 0, log.Facts.Head, (_, _) => { });
        }
    }

    /// <summary>Whether the log ever had this hole, for this reason.</summary>
    public bool IsHole(Guid log, long from, long to, GapReason reason)
    {
        for (var seq = from; seq <= to; seq++)
        {
            if (!_holes.Contains((log, seq, reason)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>From now on the log may have holes.</summary>
    public void AllowHoles() => _mayHaveHoles = true;

    private void Walk(ProcessLog log, long after, long head, Action<uint, LogSpan> take)
    {
        var spans = new LogSpan[64];
        while (after < head)
        {
            var read = log.Read(after, head, LogFilter.All, spans, new LogRoom(1 << 20));
            Require(read.UpTo > after, $"the store does not go on after seq {after}");
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                if (log.ReadBytes(span, new byte[span.Length]) == span.Length)
                {
                    take(read.Epoch, span);
                }
                else
                {
                    AddHole(log, span.Seq, span.LastSeq, log.WhyGone(span));
                }
            }

            if (read.HoleFrom > 0)
            {
                AddHole(log, read.HoleFrom, read.HoleTo, read.HoleReason);
            }

            after = read.UpTo;
        }
    }

    private void AddHole(ProcessLog log, long from, long to, HoleReason reason)
    {
        Require(
            _mayHaveHoles && reason is HoleReason.Expired or HoleReason.Corrupt,
            $"a hole {from}..{to} {reason} in the store"
        );
        for (var seq = from; seq <= to; seq++)
        {
            _holes.Add((log.LogId, seq, GapReasonOf(reason)));
        }
    }

    private static GapReason GapReasonOf(HoleReason reason) =>
        reason == HoleReason.Expired ? GapReason.Expired : GapReason.Corrupt;

    /// <summary>Whether the end of a run is in the log.</summary>
    public bool HasEnded(Guid log, uint run) => _ended.Contains((log, run));

    /// <summary>I7: what was published before a daemon ended is in the log that the next one opens, under the same keys.</summary>
    public static void RequireKept(in Published before, ProcessLog log)
    {
        Require(
            log.LogId == before.Log && log.Facts.Head >= before.Head,
            $"I7: {before} was published, and now there is {log.LogId} up to {log.Facts.Head}"
        );
        Require(
            before.Head < log.Facts.OldestDisk || log.EpochOf(before.Head) == before.Epoch,
            $"I7: {before} was published, and that seq is of epoch {log.EpochOf(before.Head)} now"
        );
    }

    /// <summary>An entry by its key; null if there never was one.</summary>
    public Entry? Find(Guid log, uint epoch, long seq) =>
        _entries.TryGetValue((log, epoch, seq), out var entry) ? entry : null;

    /// <summary>Whether everything of newer epochs up to one begins after a seq.</summary>
    public bool BeginAfter(Guid log, uint seenEpoch, long seenSeq, uint epoch) =>
        !_epochs.TryGetValue((log, epoch), out var all)
        || all.TrueForAll(one =>
            one.Epoch <= seenEpoch || one.First > seenSeq || !_known.Contains(one.Epoch)
        );

    public string EpochsText(Guid log, uint epoch) =>
        _epochs.TryGetValue((log, epoch), out var all)
            ? string.Join(", ", all.Select(one => $"{one.Epoch} from {one.First}"))
            : "epochs of a log that had another identity";

    public static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvariantException(what);
        }
    }

    private List<(uint Epoch, long First)> EpochsOf(ProcessLog log, LogFacts facts)
    {
        var all = new List<(uint Epoch, long First)>();
        uint last = 0;
        for (var seq = facts.OldestDisk; seq <= facts.Head; seq++)
        {
            if (log.EpochOf(seq) is var epoch && epoch != last)
            {
                var first = _firsts.GetValueOrDefault((log.LogId, epoch), seq);
                all.Add((epoch, Math.Max(first, facts.OldestDisk)));
                last = epoch;
            }
        }

        return all;
    }

    /// <summary>I12: nothing of a run comes after its end.</summary>
    private void CheckRun(Guid log, in Entry entry, long seq)
    {
        // What is of no run tells of the log itself.
        Require(
            entry.Run == 0 || !_ended.Contains((log, entry.Run)),
            $"I12: {seq} \"{entry}\" after its run's end"
        );
        if (entry.Stream == StreamKind.Event && entry.Text == SimDaemon.RunExit)
        {
            _ended.Add((log, entry.Run));
        }
    }

    private void Take(ProcessLog log, uint epoch, in LogSpan span)
    {
        var bytes = new byte[span.Length];
        Require(log.ReadBytes(span, bytes) == bytes.Length, $"bytes of seq {span.Seq} are missing");
        var at = 0;
        for (var i = 0; i < span.Count; i++)
        {
            var rest = bytes.AsSpan(at);
            var length = span.Count == 1 ? rest.Length : rest.IndexOf((byte)'\n') + 1;
            var entry = new Entry(span.Stream, span.Run, Encoding.ASCII.GetString(rest[..length]));
            var key = (log.LogId, epoch, span.Seq + i);
            CheckRun(log.LogId, entry, span.Seq + i);
            if (!_entries.TryAdd(key, entry))
            {
                Require(
                    _entries[key] == entry,
                    $"I9: {key.epoch}/{key.Item3} was \"{_entries[key]}\" and is \"{entry}\""
                );
            }

            at += length;
        }
    }
}

/// <summary>Where a log stood when its daemon ended.</summary>
internal readonly record struct Published(Guid Log, uint Epoch, long Head);

/// <summary>What an entry is.</summary>
internal readonly record struct Entry(StreamKind Stream, uint Run, string Text);

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
