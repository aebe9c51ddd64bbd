using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs;
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
                    AddUnread(log.LogId, read.Epoch, span.Seq, span.LastSeq, span.Stream);
                }
            }

            if (read.HoleFrom > 0)
            {
                AddHole(log, read.HoleFrom, read.HoleTo, read.HoleReason);
                AddUnread(log, read.Epoch, read.HoleFrom, read.HoleTo);
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

    // Of entries that were gone when the log was opened the index still has the stream, if it has them at all.
    private void AddUnread(ProcessLog log, uint epoch, long from, long to)
    {
        for (var seq = from; seq <= to; seq++)
        {
            var streams = Enum.GetValues<StreamKind>()
                .Where(kind => IsGone(log, seq, kind))
                .ToList();
            if (streams.Count == 1)
            {
                AddUnread(log.LogId, epoch, seq, seq, streams[0]);
            }
        }
    }

    private void AddUnread(Guid log, uint epoch, long from, long to, StreamKind stream)
    {
        for (var seq = from; seq <= to; seq++)
        {
            _entries.TryAdd((log, epoch, seq), new Entry(stream, 0, Entry.Unread));
        }
    }

    private static bool IsGone(ProcessLog log, long seq, StreamKind kind)
    {
        var filter = new LogFilter(
            kind == StreamKind.Out,
            kind == StreamKind.Err,
            kind == StreamKind.Event
        );
        return log.Read(seq - 1, seq, filter, new LogSpan[1], new LogRoom(1 << 20)).HoleFrom == seq;
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
                    _entries[key] == entry || _entries[key].Text == Entry.Unread,
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
internal readonly record struct Entry(StreamKind Stream, uint Run, string Text)
{
    /// <summary>The text of an entry that was gone when the log was opened; every filter of a text wants it, so that only its stream can leave it out.</summary>
    public const string Unread = "72\n";
}
