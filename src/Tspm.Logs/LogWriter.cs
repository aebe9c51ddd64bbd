using System.Globalization;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>The writing side of one log: scans chunks, numbers spans, appends the index, then lets readers see them.</summary>
/// <remarks>One owner: the ingest thread.</remarks>
public sealed class LogWriter : IMissingBytes
{
    /// <summary>Bytes of a life-cycle entry at the most.</summary>
    public const int MaxEventBytes = LogIndex.MaxEventBytes;

    private readonly LogIndex _index;
    private readonly DataFileReader _files;
    private readonly TimeProvider _time;
    private readonly LogSequencer _sequencer = new();
    private readonly StreamFloors _floors;
    private readonly string _directory;
    private readonly WriterStreams _streams;
    private readonly ToldRanges _ranges;
    private readonly BatchEnd _end;
    private readonly BatchPlacer _placer;
    private ulong _position;
    private ulong _begun;
    private uint _run;
    private bool _isDirty;
    private long _flushing;
    private long _unfreedTo;

    // Ranges that were numbered and dropped; told with the next commit.
    private readonly List<(StreamName Stream, ulong From, ulong To)> _dropped = [];
    private readonly AwayStreams _away = new();

    /// <summary>Makes a writer that goes on after what an index has; <see cref="BeginEpoch"/> comes next.</summary>
    internal LogWriter(
        string directory,
        LogIndex index,
        DataFileReader files,
        StreamFloors floors,
        LogStoreOptions options,
        TimeProvider time,
        uint epoch,
        RangeSlot[] told
    )
    {
        // Set by BeginEpoch, before anybody sees this writer.
        Log = null!;
        _directory = directory;
        _index = index;
        _files = files;
        _floors = floors;
        _time = time;
        _unfreedTo = index.FlushedTo;
        _streams = new WriterStreams(options, _sequencer, this);
        _ranges = new ToldRanges(told);
        _end = new BatchEnd(_sequencer, index, _streams, _ranges, epoch);
        _placer = new BatchPlacer(index, _sequencer, _away, time, epoch, AddEnd);
        Files = new WrittenFiles(index, files, floors, _streams);
    }

    /// <summary>The log as readers see it.</summary>
    public ProcessLog Log { get; private set; }

    /// <summary>Monotonic time, ns, at which <see cref="Flush"/> has something to do.</summary>
    public long Deadline { get; private set; } = SpanScanner.NoDeadline;

    /// <summary>Bytes that the journal told of, that were not in the data files, and that got no number.</summary>
    public ulong MissingBytes => _streams.Out.MissingBytes + _streams.Err.MissingBytes;

    /// <summary>Up to where the bytes of out and err are numbered; any thread.</summary>
    public (ulong Out, ulong Err) NumberedTo => (_streams.Out.Consumed, _streams.Err.Consumed);

    /// <summary>True if this log had entries before it was opened.</summary>
    public bool IsContinued { get; private set; }

    /// <summary>Every journal record of this process with a smaller ord is in the index.</summary>
    public ulong ResumeAt { get; private set; }

    /// <summary>What was wrong with its files when it was opened, in words.</summary>
    public IReadOnlyList<string> Problems { get; internal init; } = [];

    /// <summary>True while the index goes on in memory, since the disk refuses.</summary>
    public bool IsSpilling => _index.IsSpilling;

    /// <summary>True if what waits for its commit fills half a batch: the next record may not fit as a whole.</summary>
    internal bool HasMuch => _sequencer.SlotCount >= LogSequencer.MaxSlots / 2;

    /// <summary>Monotonic time, ns, at which the ingest has the home tried without anything to write; null if it is not set yet.</summary>
    internal long? HomeTryAt { get; set; }

    /// <summary>The next commit tries the home, and leaves it if there is nothing to write and it still refuses.</summary>
    internal bool MustTryHome
    {
        get => _placer.MustTryHome;
        set => _placer.MustTryHome = value;
    }

    /// <summary>Its files.</summary>
    internal WrittenFiles Files { get; }

    /// <summary>What of the journal waits for its turn; the ingest's.</summary>
    internal PendingRow Pending { get; } = new();

    /// <summary>Bytes of entries up to this seq were flushed and may still be there; 0 if none. Any thread.</summary>
    internal long UnfreedTo
    {
        get => Volatile.Read(ref _unfreedTo);
        set => Volatile.Write(ref _unfreedTo, value);
    }

    /// <summary>What the keeper dropped; set by the ingest.</summary>
    internal DropTable? Drops { get; set; }

    /// <summary>Opens the log of a process for numbering: a new epoch begins.</summary>
    /// <param name="home">The home.</param>
    /// <param name="process">The process.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The wall clock.</param>
    /// <param name="past">What is known of the time before.</param>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    public static LogWriter Open(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        TimeProvider time,
        StorePast past = default
    ) => LogOpener.Open(home, process, options, time, past);

    /// <summary>Tells the identity of a run that is known from elsewhere; any thread.</summary>
    public void NameRun(uint run, Guid runId) => Log.NameRun(run, runId);

    /// <summary>Appends a life-cycle entry.</summary>
    /// <param name="run">The run it belongs to; 0 if none.</param>
    /// <param name="payload">A JSON object of at most 4,096 bytes.</param>
    /// <param name="ord">Its place among everything the keeper saw.</param>
    /// <param name="wall">100 ns since 1970 UTC.</param>
    /// <param name="mono">CLOCK_MONOTONIC, ns.</param>
    /// <exception cref="IOException">A whole batch waits and the disk refuses it: nothing was appended.</exception>
    public void AppendEvent(uint run, ReadOnlySpan<byte> payload, ulong ord, long wall, long mono)
    {
        if (_sequencer.SlotCount > LogSequencer.MaxSlotsBeforeEvent)
        {
            Commit();
        }

        var span = new LogSpan
        {
            Run = run,
            Ord = ord,
            Wall = wall,
            Mono = mono,
        };
        _sequencer.AppendEvent(ref span, payload, _index.NextSlot);
        if (RunIdText.Find(payload) is { } runId)
        {
            Log.NameRun(run, runId);
        }
    }

    /// <summary>True if there are entries that no reader sees before the next commit.</summary>
    internal bool HasUncommitted => _sequencer.SlotCount > 0;

    /// <summary>Appends a life-cycle entry that has no place of its own: after everything that was read.</summary>
    public void AppendNow(uint run, ReadOnlySpan<byte> payload) =>
        AppendEvent(
            run,
            payload,
            _position == 0 ? 0 : _position - 1,
            Math.Max(Wall, _end.LastWall),
            _time.GetTimestamp()
        );

    /// <summary>True once after the index went into memory, and once after it came back.</summary>
    /// <param name="errno">Why it went; 0 if it is back.</param>
    internal bool TryTellMove(out int errno) => _placer.TryTellMove(out errno);

    /// <summary>Takes in a record of this process; where the disk refused a batch in its middle, the same record once more goes on there.</summary>
    /// <param name="record">The record.</param>
    /// <param name="window">Scratch space.</param>
    /// <exception cref="IOException">The disk refused: a part of the record is taken.</exception>
    internal void Take(in JournalRecord record, byte[] window)
    {
        var isBegun = _begun == record.Ord;
        _begun = record.Ord;
        _position = record.Ord;
        switch (record.Kind)
        {
            case JournalRecordKind.SpawnIntent:
                _run = Math.Max(_run, record.Run);
                Log.NameRun(record.Run, JournalRunId.Read(record));
                break;
            case JournalRecordKind.StreamBegin when !record.Flags.HasFlag(JournalFlags.Snapshot):
                Begin(record);
                break;
            case JournalRecordKind.Chunk:
                _streams.Of(record).Scan(record.A, ChunkStamp.Of(record), _files, window);
                break;
            case JournalRecordKind.StreamEnd:
                End(record, window);
                _away.End(NameOf(record), _sequencer.Slots);
                break;
            case JournalRecordKind.SpillBegan:
                _away.Begin(NameOf(record), _sequencer.SlotCount);
                break;
            case JournalRecordKind.SpillEnded:
                _away.End(NameOf(record), _sequencer.Slots);
                break;
            case JournalRecordKind.Dropped:
                if (!isBegun)
                {
                    Drops?.Add(record);
                    NoteDropped(record);
                }

                _streams.Of(record).Scan(record.B, ChunkStamp.Of(record), _files, window);
                break;
            case JournalRecordKind.Suspect:
                NoteSuspect(record);
                break;
            default:
                break;
        }

        _position = record.Ord + 1;
        _isDirty = true;
        Deadline = _streams.Deadline;
    }

    /// <summary>Shows what has waited long enough.</summary>
    internal void Flush(long now, byte[] window)
    {
        _streams.Flush(now, _files, window);
        Deadline = _streams.Deadline;
    }

    /// <summary>Everything up to a seq is gone from now on: retention or a flush took it.</summary>
    private void SetFloor(long expiredTo, long flushedTo)
    {
        _index.SetFloor(expiredTo, flushedTo);
        _isDirty = true;
    }

    /// <summary>Writes what was numbered into the index, then lets readers see it.</summary>
    /// <exception cref="IOException">The disk refused and nothing else takes it; nothing is visible, and the next call tries again.</exception>
    internal void Commit()
    {
        if (_sequencer.SlotCount == 0 && !_isDirty && !_placer.MustTryHome)
        {
            return;
        }

        var entries = _sequencer.SlotCount;
        _end.SeeClock(_sequencer.Slots);
        _away.MarkAll(_sequencer.Slots);
        CrashPoint.Pass(CrashPoint.BeforeIndex);
        _placer.Write(entries, _isDirty);
        // Only now: what the index does not tell as flushed must be there.
        UnfreedTo = Math.Max(UnfreedTo, _flushing);
        _flushing = 0;
        CrashPoint.Pass(CrashPoint.AfterIndex);
        Log.Publish(_sequencer.Slots[..entries]);
        _sequencer.Clear();
        _away.Committed();
        _ranges.Committed();
        _isDirty = false;
        TellDropped();
        if (_placer.IsFull)
        {
            _placer.FollowFile();
        }
    }

    /// <summary>Everything up to a seq is to be forgotten: an entry tells it, and the numbers go on. Ingest thread; commit comes next.</summary>
    /// <param name="upTo">The last seq that goes; at most the head.</param>
    /// <param name="wall">100 ns since 1970 UTC.</param>
    /// <param name="mono">CLOCK_MONOTONIC, ns.</param>
    public void AppendFlush(long upTo, long wall, long mono)
    {
        var from = _index.OldestSeq;
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"what\":\"flushed\",\"from\":{from},\"to\":{upTo}}}"
        );
        AppendEvent(_run, Encoding.UTF8.GetBytes(body), _position, wall, mono);
        SetFloor(0, upTo);
        _flushing = Math.Max(_flushing, upTo);
    }

    /// <summary>Retention took everything up to a seq. Ingest thread; commit comes next.</summary>
    public void AppendExpiry(long expiredTo) => SetFloor(expiredTo, 0);

    /// <summary>Deletes the index files that only tell of what has expired or was flushed; any thread, after the commit.</summary>
    /// <returns>Bytes that went.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public long DeleteExpiredIndex() => _index.DeleteBelow(_index.OldestSeq);

    /// <summary>Waits until the index is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    internal void Sync() => _index.Sync();

    /// <summary>Commits with the mark of a clean end.</summary>
    internal void Close()
    {
        Commit();
        AddEnd(CommitSlot.CleanClose, false);
        _index.Append(_sequencer.Slots);
        _sequencer.Clear();
    }

    private long Wall => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;

    /// <summary>Goes on where a commit says.</summary>
    /// <param name="commit">The last commit there was.</param>
    /// <param name="lastSeq">The last seq that is left; below the commit's if the end was cut.</param>
    /// <param name="checkpoints">Where the orphans' streams were read to.</param>
    internal void Resume(in CommitSlot commit, long lastSeq, ReadOnlySpan<LogSpan> checkpoints)
    {
        IsContinued = true;
        _sequencer.Resume(lastSeq);
        ResumeAt = commit.JournalPosition;
        _position = commit.JournalPosition;
        _run = commit.Run;
        _streams.Resume(commit, isCut: lastSeq != commit.LastSeq, checkpoints);
        foreach (var newest in _files.ListFiles().GroupBy(file => file.Stream))
        {
            if (newest.Last().IsSpill)
            {
                _away.Begin(newest.Key, 0);
            }
        }
    }

    /// <summary>Begins the file of a new epoch, with all that readers need.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    internal void BeginEpoch(Guid logId, LogRing ring)
    {
        _placer.BeginEpoch(logId, Wall);
        _sequencer.Full = Commit; // The rest of a chunk whose batch is full is read again after a crash.
        var process = uint.Parse(Path.GetFileName(_directory), CultureInfo.InvariantCulture);
        Log = new ProcessLog(process, logId, _index, _files, _floors, ring);
        Log.NameNewestRun(_run);
        Log.NoteDropped(_ranges.All);
    }

    /// <summary>Tells in the log itself that output is missing that never got a number.</summary>
    internal void AppendUncaptured(uint run, ulong maxBytes, string why, in ChunkStamp stamp)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"what\":\"uncaptured\",\"run\":{run},\"maxBytes\":{maxBytes},\"reason\":\"{why}\"}}"
        );
        AppendEvent(run, Encoding.UTF8.GetBytes(body), stamp.Ord, stamp.Wall, stamp.Mono);
    }

    bool IMissingBytes.TryFindDrop(StreamName stream, ulong offset, out DroppedRange drop)
    {
        drop = default;
        return Drops?.TryFind(Log.ProcessId, stream, offset, out drop) == true;
    }

    ulong IMissingBytes.NextByte(StreamName stream, ulong offset) =>
        _files.FindNext(stream, offset) ?? ulong.MaxValue;

    void IMissingBytes.Report(StreamName stream, uint run, ulong bytes, ChunkStamp stamp) =>
        AppendUncaptured(run, bytes, "gone", stamp);

    /// <summary>What is numbered is in the index now, and can be counted there.</summary>
    private void TellDropped()
    {
        foreach (var (stream, from, to) in _dropped)
        {
            Log.NoteDropped(stream, from, to);
        }

        _dropped.Clear();
    }

    /// <summary>What of a dropped range has numbers already is gone for readers; the rest gets numbers without bytes.</summary>
    private void NoteDropped(in JournalRecord record)
    {
        var scanner = _streams.Of(record);
        var to = Math.Min(record.B, scanner.Consumed);
        if (record.A < to)
        {
            _dropped.Add((scanner.Source, record.A, to));
            _ranges.Add(scanner.Source, record.A, to, RangeKind.Dropped);
        }
    }

    private void NoteSuspect(in JournalRecord record)
    {
        _ranges.Add(NameOf(record), record.A, record.B, RangeKind.Suspect);
        _floors.AddSuspect(NameOf(record), record.A, record.B);
    }

    private void Begin(in JournalRecord record)
    {
        _run = Math.Max(_run, record.Run);
        _streams.Of(record).Begin(record.Run, record.A);
    }

    private void End(in JournalRecord record, byte[] window)
    {
        var scanner = _streams.Of(record);
        scanner.End(record.A, ChunkStamp.Of(record), _files, window);
        _streams.End(scanner);
    }

    private void AddEnd(byte flags, bool isFirstOfFile) =>
        _end.Add(flags, _position, _run, isFirstOfFile);

    private static StreamName NameOf(in JournalRecord record) =>
        new(record.Stream, record.Flags.HasFlag(JournalFlags.Orphan) ? record.Run : 0);
}
