using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>The log of one process, as readers see it: a head that only grows, a ring, an index, and cursors.</summary>
/// <remarks>
/// Any thread may read. Under the gate: the head, the ring and the cursors, so that a cursor is registered and
/// the head read in one critical section, and history and live have no seam. No I/O happens under the gate.
/// What is written goes through <see cref="LogWriter"/>, on the ingest thread only.
/// </remarks>
public sealed class ProcessLog : IDisposable
{
    private const int BlockSpans = 64;
    private readonly LogIndex _index;
    private readonly DataFileReader _files;
    private readonly StreamFloors _floors;
    private readonly SpanReasons _reasons;
    private readonly SpanReader _reader;
    private readonly DroppedSeqs _dropped = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly LogRing _ring;
    private readonly Dictionary<uint, Guid> _runs = [];
    private LogCursor[] _cursors = [];
    private (uint Epoch, long FirstSeq)[] _epochs;
    private uint _run;
    private bool _hasSearchedRuns;
    private volatile LineRedaction? _redaction;

    internal ProcessLog(
        uint processId,
        Guid logId,
        LogIndex index,
        DataFileReader files,
        StreamFloors floors,
        LogRing ring
    )
    {
        ProcessId = processId;
        LogId = logId;
        _index = index;
        _files = files;
        _floors = floors;
        _ring = ring;
        _reasons = new SpanReasons(index, files, floors);
        _reader = new SpanReader(this, index, files, _reasons);
        _epochs = [.. index.ListEpochs()];
    }

    /// <summary>The process.</summary>
    public uint ProcessId { get; }

    /// <summary>The log's identity.</summary>
    public Guid LogId { get; }

    /// <summary>The log at this moment.</summary>
    public LogFacts Facts
    {
        get
        {
            lock (_gate)
            {
                return FactsInGate();
            }
        }
    }

    /// <summary>Bytes of all data files.</summary>
    public long DataBytes => _files.TotalBytes();

    /// <summary>Bytes of all index files.</summary>
    public long IndexBytes => _index.Bytes;

    /// <summary>What of its lines nobody is shown who reads them, filters too; null if all is. Any thread.</summary>
    public LineRedaction? Redaction
    {
        get => _redaction;
        set => _redaction = value;
    }

    /// <summary>Called after a cursor is registered and before it first reads; for race tests.</summary>
    internal Action? AfterCursorOpened { get; set; }

    /// <summary>Called after the head has moved and before anybody is woken; for race tests.</summary>
    internal Action? AfterHeadMoved { get; set; }

    /// <summary>Called between the look at the head and the read of the index; for race tests.</summary>
    internal Action? BeforeIndexRead { get; set; }

    /// <summary>Opens a cursor: its place and the head are read, and it is registered, in one critical section.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="filter">What it wants.</param>
    /// <param name="readsDisk">Reads what has left the ring from disk, instead of telling a gap.</param>
    /// <param name="waker">Told when the head moves.</param>
    /// <param name="opening">What it begins with.</param>
    public LogCursor OpenCursor(
        LogStart start,
        LogFilter filter,
        bool readsDisk,
        ICursorWaker waker,
        out LogOpening opening
    )
    {
        LogCursor cursor;
        lock (_gate)
        {
            opening = Resolve(start);
            opening = opening with
            {
                StartEpoch = _epochs[EpochOf(_epochs, opening.StartAt)].Epoch,
            };
            // What a reader has seen goes on; a new one begins with nothing.
            var from =
                start.Kind == LogStartKind.After
                    ? filter
                    : filter with
                    {
                        Origin = opening.StartAt,
                    };
            cursor = new LogCursor(this, from, readsDisk, waker, opening.StartAt);
            _cursors = [.. _cursors, cursor];
        }

        AfterCursorOpened?.Invoke();
        return cursor;
    }

    /// <summary>Reads spans after a seq; one epoch at the most.</summary>
    /// <param name="after">The seq before the first one wanted.</param>
    /// <param name="to">The last seq wanted; the head bounds it.</param>
    /// <param name="filter">What is wanted.</param>
    /// <param name="spans">Where spans go.</param>
    /// <param name="room">How much it may give; spans are cut to fit.</param>
    public LogRead Read(
        long after,
        long to,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room
    ) => Read(after, to, filter, spans, room, default);

    /// <summary>Reads on from where an earlier read ended.</summary>
    internal LogRead Read(
        long after,
        long to,
        LogFilter filter,
        Span<LogSpan> spans,
        in LogRoom room,
        in SpanCut begin
    )
    {
        LogFacts facts;
        (uint Epoch, long FirstSeq)[] epochs;
        lock (_gate)
        {
            facts = FactsInGate();
            epochs = _epochs;
        }

        var epoch = EpochOf(epochs, after + 1);
        var epochEnd = epoch + 1 < epochs.Length ? epochs[epoch + 1].FirstSeq - 1 : facts.Head;
        var read = new LogRead
        {
            Kind = LogReadKind.Batch,
            After = after,
            UpTo = after,
            Facts = facts,
            Epoch = epochs[epoch].Epoch,
            PrevEpochEnd = epoch > 0 && epochs[epoch].FirstSeq == after + 1 ? after : -1,
        };
        var last = Math.Min(Math.Min(to, facts.Head), epochEnd);
        if (after + 1 < facts.OldestDisk)
        {
            var (holeTo, reason) = _index.BelowOldest(after + 1);
            holeTo = Math.Min(last, holeTo);
            return read with
            {
                HoleFrom = after + 1,
                HoleTo = holeTo,
                UpTo = holeTo,
                HoleReason = reason,
            };
        }

        return _reader.Fill(read with { Cut = begin }, last, filter, spans, room);
    }

    /// <summary>Reads the bytes of a span: an event's body from the index, anything else from the data files, as it may be shown.</summary>
    /// <param name="span">Whole entries.</param>
    /// <param name="destination">At least as long.</param>
    /// <returns>How many there were; fewer than its length if they are gone.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public int ReadBytes(in LogSpan span, Span<byte> destination)
    {
        var room = destination[..(int)span.Length];
        if (span.Stream == StreamKind.Event)
        {
            return _index.ReadEvent(span, room);
        }

        var read = _files.Read(span.Source, span.Offset, room);
        if (read < room.Length)
        {
            var from = span.Offset + (ulong)read;
            var reason = span.Flags.HasFlag(SpanFlags.NotDurable)
                ? HoleReason.Dropped
                : HoleReason.Corrupt;
            _floors.AddGone(span.Source, from, span.Offset + span.Length, reason);
        }

        _redaction?.Apply(room[..read]);
        return read;
    }

    /// <summary>Entries that had their numbers when the keeper dropped their bytes.</summary>
    public long DroppedEntries => _dropped.Count;

    /// <summary>How many of those are in a stretch.</summary>
    internal long CountDropped(long from, long to) => _dropped.CountWithin(from, to);

    /// <summary>The keeper has dropped bytes that were numbered: what memory held while the disk was full, or what was over the cap.</summary>
    internal void NoteDropped(StreamName stream, ulong from, ulong to)
    {
        // A span that lies in two files is counted when the first of them goes.
        var before = _floors.Snapshot();
        _floors.AddGone(stream, from, to, HoleReason.Dropped);
        var range = new ByteRange<RangeKind>(stream, from, to, RangeKind.Dropped);
        _dropped.AddSpans(_index, [range], before);
    }

    /// <summary>What the index tells as dropped is counted once more.</summary>
    internal void NoteDropped(ReadOnlySpan<ByteRange<RangeKind>> ranges) =>
        _dropped.AddSpans(_index, ranges, new StreamFloors());

    /// <summary>Why the bytes of a span that was just read are not there.</summary>
    public HoleReason WhyGone(in LogSpan span) =>
        _reasons.Of(span) is var reason and not HoleReason.None ? reason : HoleReason.Corrupt;

    /// <summary>The seq before the newest so many entries that match, up to a seq.</summary>
    /// <param name="count">So many.</param>
    /// <param name="upTo">The newest that counts.</param>
    /// <param name="filter">What matches.</param>
    /// <param name="floor">Known to be before all of them: nothing up to it is looked at.</param>
    public long FindTail(long count, long upTo, LogFilter filter, long floor = 0) =>
        _reader.FindTail(count, upTo, filter, Facts, floor);

    /// <summary>Bytes of the entries after a seq, up to another; −1 if counting them takes too long.</summary>
    public long CountBytes(long after, long upTo) => _reader.CountBytes(after, upTo);

    /// <summary>The seq before the first entry that is not before a time (100 ns since 1970 UTC).</summary>
    public long FindTime(long wall) => _index.FindTime(wall, Facts.Head) - 1;

    /// <summary>The seq before the first entry whose bytes are left; everything before it has expired.</summary>
    public long FindExpired()
    {
        var facts = Facts;
        var block = new LogSpan[BlockSpans];
        var expired = facts.OldestDisk - 1;
        for (var seq = facts.OldestDisk; seq <= facts.Head; )
        {
            var found = _index.Read(seq, facts.Head, block);
            foreach (ref readonly var span in block.AsSpan(0, found))
            {
                if (span.Stream == StreamKind.Event)
                {
                    continue;
                }

                // What was dropped lies among what has expired, and does not end it.
                var reason = _reasons.Of(span);
                if (reason == HoleReason.Expired)
                {
                    expired = span.LastSeq;
                }
                else if (reason != HoleReason.Dropped)
                {
                    return expired;
                }
            }

            if (found == 0)
            {
                break;
            }

            seq = block[found - 1].LastSeq + 1;
        }

        return expired;
    }

    /// <summary>Where the bytes of the entries after a seq begin in a stream; its end if there are none.</summary>
    internal ulong FindOffsetAfter(StreamName stream, long seq)
    {
        var facts = Facts;
        var block = new LogSpan[BlockSpans];
        for (var next = seq + 1; next <= facts.Head; )
        {
            var found = _index.Read(next, facts.Head, block);
            if (found == 0)
            {
                break;
            }

            foreach (ref readonly var span in block.AsSpan(0, found))
            {
                if (!span.IsHole && span.Source == stream)
                {
                    return SpanCutter.Clip(span, next, span.LastSeq, _files).Offset;
                }
            }

            next = block[found - 1].LastSeq + 1;
        }

        return _index.LastCommit is not { } commit || stream.OrphanRun != 0 ? 0
            : stream.Kind == StreamKind.Err ? commit.ErrConsumed
            : commit.OutConsumed;
    }

    /// <summary>The epoch that an entry was numbered in.</summary>
    public uint EpochOf(long seq)
    {
        lock (_gate)
        {
            return _epochs[EpochOf(_epochs, seq)].Epoch;
        }
    }

    /// <summary>The first seq of the epoch that an entry was numbered in.</summary>
    internal long FirstOfEpoch(long seq)
    {
        lock (_gate)
        {
            return _epochs[EpochOf(_epochs, seq)].FirstSeq;
        }
    }

    /// <summary>The identity of a run; all zeroes if it is not known any more.</summary>
    public Guid RunIdOf(uint run)
    {
        lock (_gate)
        {
            if (_runs.TryGetValue(run, out var known) || _hasSearchedRuns)
            {
                return known;
            }
        }

        SearchRuns();
        lock (_gate)
        {
            return _runs.GetValueOrDefault(run);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _index.Dispose();
        _files.Dispose();
    }

    internal void Close(LogCursor cursor)
    {
        lock (_gate)
        {
            _cursors = [.. _cursors.Where(other => other != cursor)];
        }
    }

    /// <summary>The writer tells a run's identity.</summary>
    internal void NameRun(uint run, Guid runId)
    {
        lock (_gate)
        {
            _runs[run] = runId;
            _run = Math.Max(_run, run);
        }
    }

    /// <summary>The writer knows the newest run, if not its identity.</summary>
    internal void NameNewestRun(uint run)
    {
        lock (_gate)
        {
            _run = Math.Max(_run, run);
        }
    }

    /// <summary>The writer has committed these slots: the head moves, then everybody is woken.</summary>
    internal void Publish(ReadOnlySpan<LogSpan> slots)
    {
        LogCursor[] cursors;
        lock (_gate)
        {
            foreach (ref readonly var slot in slots)
            {
                if (slot.IsEntry)
                {
                    _ring.Add(slot);
                }
            }

            cursors = _cursors;
        }

        AfterHeadMoved?.Invoke();
        foreach (var cursor in cursors)
        {
            cursor.Waker.Wake();
        }
    }

    /// <summary>Spans from the one that holds a seq on: from memory if they are there, else from the index.</summary>
    internal int ReadSpans(long seq, long last, Span<LogSpan> block)
    {
        lock (_gate)
        {
            var cached = _ring.Read(seq, block);
            if (cached > 0)
            {
                return cached;
            }
        }

        BeforeIndexRead?.Invoke();
        return _index.Read(seq, last, block);
    }

    private LogFacts FactsInGate() =>
        new(_epochs[^1].Epoch, _ring.Head, _ring.OldestSeq, _index.OldestSeq, _run);

    private LogOpening Resolve(LogStart start)
    {
        var facts = FactsInGate();
        var oldest = facts.OldestDisk - 1;
        switch (start.Kind)
        {
            case LogStartKind.Oldest:
                return new LogOpening(LogOpeningStatus.Ok, oldest, 0, facts);
            case LogStartKind.At:
                var at = Math.Clamp(start.Seq, oldest, facts.Head);
                return new LogOpening(LogOpeningStatus.Ok, at, 0, facts);
            case LogStartKind.After:
                return ResolveAfter(start, facts, oldest);
            default:
                return new LogOpening(LogOpeningStatus.Ok, facts.Head, 0, facts);
        }
    }

    private LogOpening ResolveAfter(LogStart start, LogFacts facts, long oldest)
    {
        var next = Array.FindIndex(_epochs, epoch => epoch.Epoch > start.Epoch);
        var isKnown = start.Epoch <= facts.Epoch;
        var end = next >= 0 ? _epochs[next].FirstSeq - 1 : facts.Head;
        if (!isKnown || start.Seq > end)
        {
            return new LogOpening(LogOpeningStatus.Truncated, end, end, facts);
        }

        var status = start.Seq < oldest ? LogOpeningStatus.Gap : LogOpeningStatus.Ok;
        return new LogOpening(status, start.Seq, 0, facts);
    }

    private static int EpochOf((uint Epoch, long FirstSeq)[] epochs, long seq)
    {
        for (var i = epochs.Length - 1; i > 0; i--)
        {
            if (epochs[i].FirstSeq <= seq)
            {
                return i;
            }
        }

        return 0;
    }

    private void SearchRuns()
    {
        var block = new LogSpan[BlockSpans];
        Span<byte> body = stackalloc byte[LogIndex.MaxEventBytes];
        var facts = Facts;
        for (var seq = facts.OldestDisk; seq <= facts.Head; )
        {
            var found = _index.Read(seq, facts.Head, block);
            if (found == 0)
            {
                break;
            }

            foreach (ref readonly var span in block.AsSpan(0, found))
            {
                if (
                    span.Stream == StreamKind.Event
                    && RunIdText.Find(body[..ReadBytes(span, body)]) is { } runId
                )
                {
                    NameRun(span.Run, runId);
                }
            }

            seq = block[found - 1].LastSeq + 1;
        }

        lock (_gate)
        {
            _hasSearchedRuns = true;
        }
    }
}
