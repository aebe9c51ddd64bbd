using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Retention;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>The writing side of one log: scans chunks, numbers spans, appends the index, then lets readers see them.</summary>
/// <remarks>One owner: the ingest thread.</remarks>
public sealed class LogWriter : IMissingBytes
{
    /// <summary>Bytes of a life-cycle entry at the most.</summary>
    public const int MaxEventBytes = LogIndex.MaxEventBytes;

    private static readonly TimeSpan HomeRetry = TimeSpan.FromSeconds(2);
    private readonly LogStoreOptions _options;
    private readonly LogIndex _index;
    private readonly DataFileReader _files;
    private readonly TimeProvider _time;
    private readonly LogSequencer _sequencer = new();
    private readonly List<SpanScanner> _orphans = [];
    private readonly StreamFloors _floors;
    private volatile StreamName[] _openOrphans = [];
    private readonly string _directory;
    private readonly uint _epoch;
    private readonly SpanScanner _out;
    private readonly SpanScanner _err;
    private ulong _position;
    private ulong _begun;
    private uint _run;
    private bool _isDirty;
    private bool _isDisturbed;
    private long _lastWall = long.MinValue;
    private long _spilledAt;
    private int _spillErrno;
    private bool _hasToldSpill;

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
        uint epoch
    )
    {
        // Set by BeginEpoch, before anybody sees this writer.
        Log = null!;
        _directory = directory;
        _index = index;
        _files = files;
        _floors = floors;
        _options = options;
        _time = time;
        _epoch = epoch;
        _out = ScannerAt(new StreamName(StreamKind.Out, 0), 0);
        _err = ScannerAt(new StreamName(StreamKind.Err, 0), 0);
    }

    /// <summary>The log as readers see it.</summary>
    public ProcessLog Log { get; private set; }

    /// <summary>Monotonic time, ns, at which <see cref="Flush"/> has something to do.</summary>
    public long Deadline { get; private set; } = SpanScanner.NoDeadline;

    /// <summary>Bytes that the journal told of, that were not in the data files, and that got no number.</summary>
    public ulong MissingBytes => _out.MissingBytes + _err.MissingBytes;

    /// <summary>Up to where the bytes of out and err are numbered; any thread.</summary>
    public (ulong Out, ulong Err) NumberedTo => (_out.Consumed, _err.Consumed);

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
    internal bool MustTryHome { get; set; }

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

    /// <summary>Appends a life-cycle entry that has no place of its own: after everything that was read.</summary>
    public void AppendNow(uint run, ReadOnlySpan<byte> payload) =>
        AppendEvent(
            run,
            payload,
            _position == 0 ? 0 : _position - 1,
            Math.Max(Wall, _lastWall),
            _time.GetTimestamp()
        );

    /// <summary>True once after the index went into memory, and once after it came back.</summary>
    /// <param name="errno">Why it went; 0 if it is back.</param>
    internal bool TryTellMove(out int errno)
    {
        var isSpilling = _index.IsSpilling;
        errno = isSpilling ? _spillErrno : 0;
        var hasMoved = isSpilling != _hasToldSpill;
        _hasToldSpill = isSpilling;
        return hasMoved;
    }

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
                ScannerOf(record).Scan(record.A, ChunkStamp.Of(record), _files, window);
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

                ScannerOf(record).Scan(record.B, ChunkStamp.Of(record), _files, window);
                break;
            default:
                break;
        }

        _position = record.Ord + 1;
        _isDirty = true;
        SetDeadline();
    }

    /// <summary>Shows what has waited long enough.</summary>
    internal void Flush(long now, byte[] window)
    {
        _out.Flush(now, _files, window);
        _err.Flush(now, _files, window);
        foreach (var orphan in _orphans)
        {
            orphan.Flush(now, _files, window);
        }

        SetDeadline();
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
        if (_sequencer.SlotCount == 0 && !_isDirty && !MustTryHome)
        {
            return;
        }

        var entries = _sequencer.SlotCount;
        SeeClock(_sequencer.Slots);
        _away.MarkAll(_sequencer.Slots);
        CrashPoint.Pass(CrashPoint.BeforeIndex);
        try
        {
            Write(entries);
        }
        catch (IOException)
        {
            Prepare(entries, _index.NextSlot, inSpill: false);
            throw;
        }

        CrashPoint.Pass(CrashPoint.AfterIndex);
        Log.Publish(_sequencer.Slots[..entries]);
        _sequencer.Clear();
        _away.Committed();
        _isDirty = false;
        TellDropped();
        if (_index.IsFull)
        {
            FollowFile();
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
    }

    /// <summary>Retention took everything up to a seq. Ingest thread; commit comes next.</summary>
    public void AppendExpiry(long expiredTo) => SetFloor(expiredTo, 0);

    /// <summary>Deletes the index files that only tell of what has expired or was flushed; any thread, after the commit.</summary>
    /// <returns>Bytes that went.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public long DeleteExpiredIndex() => _index.DeleteBelow(_index.OldestSeq);

    /// <summary>Its data files, of each stream in the order of their offsets.</summary>
    internal IReadOnlyList<StoredFile> ListDataFiles()
    {
        var names = _files.ListFiles();
        var stored = new List<StoredFile>(names.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var file = new FileInfo(names[i].Path);
            if (!file.Exists)
            {
                continue;
            }

            var isNewest = i + 1 == names.Count || names[i + 1].Stream != names[i].Stream;
            var end = isNewest ? names[i].First + (ulong)file.Length : names[i + 1].First;
            var isClosed = !isNewest || HasEnded(names[i].Stream);
            stored.Add(
                new StoredFile(
                    names[i].Stream,
                    names[i].First,
                    end,
                    names[i].Path,
                    file.Length,
                    new DateTimeOffset(file.LastWriteTimeUtc),
                    isClosed && end <= ConsumedOf(names[i].Stream)
                )
            );
        }

        return stored;
    }

    /// <summary>Its index files.</summary>
    internal IReadOnlyList<IndexFile> ListIndexFiles() => _index.Files;

    /// <summary>A data file was deleted: everything of its stream before this offset is gone.</summary>
    internal void ForgetData(StreamName stream, ulong before)
    {
        _floors.Raise(stream, before);
        _files.Forget(stream, before);
    }

    /// <summary>Waits until the index is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    internal void Sync() => _index.Sync();

    /// <summary>Commits with the mark of a clean end.</summary>
    internal void Close()
    {
        Commit();
        AddCommit(CommitSlot.CleanClose);
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
        var isCut = lastSeq != commit.LastSeq;
        var next = commit.LastSeq + 1;
        var outParts = isCut ? 0 : commit.OutPart;
        var errParts = isCut ? 0 : commit.ErrPart;
        _out.Resume(commit.Run, commit.OutConsumed, outParts, next - commit.OutPartSpan);
        _err.Resume(commit.Run, commit.ErrConsumed, errParts, next - commit.ErrPartSpan);
        foreach (ref readonly var slot in MemoryMarshal.Cast<LogSpan, CheckpointSlot>(checkpoints))
        {
            var scanner = ScannerAt(new StreamName(slot.Stream, slot.Run), slot.Consumed);
            scanner.Resume(slot.Run, slot.Consumed, (int)slot.PartIndex, slot.PartFirstSeq);
            _orphans.Add(scanner);
        }

        SeeOrphans();
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
        AddCommit(CommitSlot.FirstOfEpoch);
        try
        {
            _index.Begin(logId, _sequencer.NextSeq, _epoch, Wall, _sequencer.Slots);
        }
        catch (IOException refused) when (_index.CanSpill)
        {
            // The disk is full just now; a daemon that could not begin would be worse.
            _index.Begin(logId, _sequencer.NextSeq, _epoch, Wall, _sequencer.Slots, inSpill: true);
            NoteSpill(refused);
        }

        // Before any entry of it is shown: after a power loss no other entry may have the same epoch and seq.
        _index.Sync();
        _sequencer.Clear();
        _sequencer.Full = CommitEarly;
        var process = uint.Parse(Path.GetFileName(_directory), CultureInfo.InvariantCulture);
        Log = new ProcessLog(process, logId, _index, _files, _floors, ring);
        Log.NameNewestRun(_run);
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
        return Drops?.TryFind(_position + 1, Log.ProcessId, stream, offset, out drop) == true;
    }

    ulong IMissingBytes.NextByte(StreamName stream, ulong offset) =>
        _files.FindNext(stream, offset) ?? ulong.MaxValue;

    void IMissingBytes.Report(StreamName stream, uint run, ulong bytes, ChunkStamp stamp) =>
        AppendUncaptured(run, bytes, "gone", stamp);

    /// <summary>True if nobody will write to a stream again: it was an orphan's, and that has ended.</summary>
    private bool HasEnded(StreamName stream) =>
        stream.OrphanRun != 0 && !_openOrphans.Contains(stream);

    /// <summary>Up to where a stream is in the index.</summary>
    private ulong ConsumedOf(StreamName stream) =>
        stream.OrphanRun != 0
            ? HasEnded(stream)
                ? ulong.MaxValue
                : 0
            : _index.LastCommit is not { } commit
                ? 0
                : stream.Kind == StreamKind.Err
                    ? commit.ErrConsumed
                    : commit.OutConsumed;

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
        var scanner = ScannerOf(record);
        var to = Math.Min(record.B, scanner.Consumed);
        if (record.A < to)
        {
            _dropped.Add((scanner.Source, record.A, to));
        }
    }

    private SpanScanner ScannerAt(StreamName stream, ulong consumed) =>
        new(_options, _sequencer, stream, consumed) { Missing = this };

    private void Begin(in JournalRecord record)
    {
        _run = Math.Max(_run, record.Run);
        ScannerOf(record).Begin(record.Run, record.A);
    }

    private void End(in JournalRecord record, byte[] window)
    {
        var scanner = ScannerOf(record);
        scanner.End(record.A, ChunkStamp.Of(record), _files, window);
        if (scanner.Source.OrphanRun != 0)
        {
            _orphans.Remove(scanner);
            SeeOrphans();
        }
    }

    private static StreamName NameOf(in JournalRecord record) =>
        new(record.Stream, record.Flags.HasFlag(JournalFlags.Orphan) ? record.Run : 0);

    private SpanScanner ScannerOf(in JournalRecord record)
    {
        if (!record.Flags.HasFlag(JournalFlags.Orphan))
        {
            return record.Stream == StreamKind.Err ? _err : _out;
        }

        var name = new StreamName(record.Stream, record.Run);
        foreach (var known in _orphans)
        {
            if (known.Source == name)
            {
                return known;
            }
        }

        var scanner = ScannerAt(name, 0);
        scanner.Begin(record.Run, 0);
        _orphans.Add(scanner);
        SeeOrphans();
        return scanner;
    }

    private void SeeOrphans() => _openOrphans = [.. _orphans.Select(orphan => orphan.Source)];

    private void SetDeadline()
    {
        var deadline = Math.Min(_out.Deadline, _err.Deadline);
        foreach (var orphan in _orphans)
        {
            deadline = Math.Min(deadline, orphan.Deadline);
        }

        Deadline = deadline;
    }

    /// <summary>A batch is full in the middle of a chunk: what is numbered is committed, the rest of the chunk is read again after a crash.</summary>
    private void CommitEarly() => Commit();

    /// <summary>Writes what is collected with its commit: where it belongs, or in memory while the disk refuses.</summary>
    private void Write(int entries)
    {
        if (_index.IsSpilling)
        {
            WriteWhileSpilling(entries);
            return;
        }

        MustTryHome = false;
        try
        {
            AddCommit(0);
            _index.Append(_sequencer.Slots);
        }
        catch (IOException refused) when (_index.CanSpill)
        {
            BeginFile(entries, inSpill: true);
            NoteSpill(refused);
        }
    }

    private void NoteSpill(IOException refused)
    {
        const int otherError = 5;
        const int errnos = 4096;
        _spilledAt = _time.GetTimestamp();
        _spillErrno = refused.HResult is > 0 and < errnos ? refused.HResult : otherError;
    }

    private void WriteWhileSpilling(int entries)
    {
        var isTryAlone = MustTryHome && entries == 0 && !_isDirty;
        if (MustTryHome || _time.GetElapsedTime(_spilledAt) >= HomeRetry)
        {
            MustTryHome = false;
            _spilledAt = _time.GetTimestamp();
            try
            {
                BeginFile(entries, inSpill: false);
                return;
            }
            catch (IOException)
            {
                // Still full: it goes on in memory until the next try.
            }
        }

        if (isTryAlone)
        {
            _sequencer.Clear();
            return;
        }

        Prepare(entries, _index.NextSlot, inSpill: true);
        AddCommit(0);
        _index.Append(_sequencer.Slots);
    }

    /// <summary>The file is full: another one follows it.</summary>
    private void FollowFile()
    {
        try
        {
            BeginFile(0, _index.IsSpilling);
        }
        catch (IOException)
        {
            // Everything is committed; the file grows until the try after the next batch.
            _sequencer.Clear();
        }
    }

    /// <summary>Begins a file with what is collected as its first batch.</summary>
    private void BeginFile(int entries, bool inSpill)
    {
        Prepare(entries, 1, inSpill);
        AddCommit(0);
        _index.Begin(Log.LogId, _index.LastSeq + 1, _epoch, Wall, _sequencer.Slots, inSpill);
        if (entries == 0)
        {
            _sequencer.Clear();
        }
    }

    /// <summary>Takes back a commit that failed, and makes the entries fit another place.</summary>
    private void Prepare(int entries, long firstSlot, bool inSpill)
    {
        _sequencer.CutTo(entries);
        for (var i = 0; i < entries; i++)
        {
            ref var slot = ref _sequencer.Slots[i];
            if (slot.Kind == SlotKind.Event)
            {
                slot.Offset = (ulong)(firstSlot + i);
            }

            if (slot.IsEntry)
            {
                slot.Flags =
                    inSpill || (slot.Kind == SlotKind.Span && _away.Has(slot.Source))
                        ? slot.Flags | SpanFlags.NotDurable
                        : slot.Flags & ~SpanFlags.NotDurable;
            }
        }
    }

    /// <summary>Notes a wall clock that was set back: times of this file cannot be searched by halves any more.</summary>
    private void SeeClock(ReadOnlySpan<LogSpan> slots)
    {
        foreach (ref readonly var slot in slots)
        {
            if (slot.IsEntry)
            {
                _isDisturbed |= slot.Wall < _lastWall;
                _lastWall = slot.Wall;
            }
        }
    }

    private void AddFloor()
    {
        if (_index.ExpiredTo == 0 && _index.FlushedTo == 0)
        {
            return;
        }

        ref var slot = ref _sequencer.Add();
        slot = default;
        MemoryMarshal.Cast<LogSpan, FloorSlot>(new Span<LogSpan>(ref slot))[0] = new FloorSlot
        {
            Kind = SlotKind.Floor,
            ExpiredTo = _index.ExpiredTo,
            FlushedTo = _index.FlushedTo,
        };
    }

    private void AddCommit(byte flags)
    {
        foreach (var orphan in _orphans)
        {
            ref var slot = ref _sequencer.Add();
            slot = default;
            MemoryMarshal.Cast<LogSpan, CheckpointSlot>(new Span<LogSpan>(ref slot))[0] =
                new CheckpointSlot
                {
                    Kind = SlotKind.Checkpoint,
                    Stream = orphan.Source.Kind,
                    Run = orphan.Source.OrphanRun,
                    Consumed = orphan.Consumed,
                    PartFirstSeq = orphan.PartFirstSeq,
                    PartIndex = (uint)orphan.PartIndex,
                };
        }

        AddFloor();
        _sequencer.Add() = default;
        var slots = _sequencer.Slots;
        ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(slots[^1..])[0];
        commit = new CommitSlot
        {
            Kind = SlotKind.Commit,
            Flags = _isDisturbed ? (byte)(flags | CommitSlot.ClockDisturbed) : flags,
            Slots = (ushort)slots.Length,
            JournalPosition = _position,
            OutConsumed = _out.Consumed,
            ErrConsumed = _err.Consumed,
            LastSeq = _sequencer.NextSeq - 1,
            BytesChecksum = _sequencer.BytesChecksum,
            Epoch = _epoch,
            Run = _run,
            OutPart = (ushort)_out.PartIndex,
            ErrPart = (ushort)_err.PartIndex,
            OutPartSpan = PartSpan(_out),
            ErrPartSpan = PartSpan(_err),
        };
        commit.Checksum = Crc32C.Compute(MemoryMarshal.AsBytes(slots));
    }

    private uint PartSpan(SpanScanner scanner) =>
        scanner.PartIndex == 0 ? 0 : (uint)(_sequencer.NextSeq - scanner.PartFirstSeq);
}
