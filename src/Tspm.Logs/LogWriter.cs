using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>The writing side of one log: scans chunks, numbers spans, appends the index, then lets readers see them.</summary>
/// <remarks>One owner: the ingest thread.</remarks>
public sealed class LogWriter
{
    private readonly LogStoreOptions _options;
    private readonly LogIndex _index;
    private readonly DataFileReader _files;
    private readonly TimeProvider _time;
    private readonly LogSequencer _sequencer = new();
    private readonly List<SpanScanner> _orphans = [];
    private readonly uint _epoch;
    private SpanScanner _out;
    private SpanScanner _err;
    private ulong _position;
    private uint _run;
    private bool _isDirty;

    private LogWriter(
        ProcessLog log,
        LogIndex index,
        DataFileReader files,
        LogStoreOptions options,
        TimeProvider time,
        uint epoch
    )
    {
        Log = log;
        _index = index;
        _files = files;
        _options = options;
        _time = time;
        _epoch = epoch;
        _out = new SpanScanner(options, _sequencer, new StreamName(StreamKind.Out, 0), 0);
        _err = new SpanScanner(options, _sequencer, new StreamName(StreamKind.Err, 0), 0);
    }

    /// <summary>The log as readers see it.</summary>
    public ProcessLog Log { get; private set; }

    /// <summary>Monotonic time, ns, at which <see cref="Flush"/> has something to do.</summary>
    public long Deadline { get; private set; } = SpanScanner.NoDeadline;

    /// <summary>Bytes that the journal told of and that were not in the data files.</summary>
    public ulong MissingBytes => _out.MissingBytes + _err.MissingBytes;

    /// <summary>Up to where the bytes of out and err are numbered; any thread.</summary>
    public (ulong Out, ulong Err) NumberedTo => (_out.Consumed, _err.Consumed);

    /// <summary>True if this log had entries before it was opened.</summary>
    public bool IsContinued { get; private set; }

    /// <summary>Every journal record of this process with a smaller ord is in the index.</summary>
    public ulong ResumeAt { get; private set; }

    /// <summary>Opens the log of a process for numbering: a new epoch begins.</summary>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    public static LogWriter Open(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        TimeProvider time
    )
    {
        var directory = home.Process(process);
        Directory.CreateDirectory(
            directory,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        var orphans = new List<LogSpan>();
        var index = LogIndex.Open(home, process, options, orphans, out var last, out var logId);
        var epoch = (last?.Epoch ?? 0) + 1;
        logId = last is null ? Guid.CreateVersion7(time.GetUtcNow()) : logId;
        var files = DataFileReader.Of(home, process);
        var ring = new LogRing(options);
        var lastSeq = last?.LastSeq ?? 0;
        Prefill(ring, index, lastSeq, options);
        // Its log is set before this method ends: the index begins with a commit that the writer makes.
        var writer = new LogWriter(null!, index, files, options, time, epoch);
        if (last is { } commit)
        {
            writer.Resume(commit, CollectionsMarshal.AsSpan(orphans));
        }

        writer.AddCommit(CommitSlot.FirstOfEpoch);
        index.Begin(logId, lastSeq + 1, epoch, writer.Wall, writer._sequencer.Slots);

        // Before any entry of it is shown: after a power loss no other entry may have the same epoch and seq.
        index.Sync();
        writer._sequencer.Clear();
        writer._sequencer.Full = writer.CommitEarly;
        writer.Log = new ProcessLog(process, logId, index, files, ring);
        writer.Log.NameNewestRun(writer._run);
        return writer;
    }

    /// <summary>Tells the identity of a run that is known from elsewhere; any thread.</summary>
    public void NameRun(uint run, Guid runId) => Log.NameRun(run, runId);

    /// <summary>Appends a life-cycle entry.</summary>
    /// <param name="run">The run it belongs to; 0 if none.</param>
    /// <param name="payload">A JSON object of at most 4,096 bytes.</param>
    /// <param name="ord">Its place among everything the keeper saw.</param>
    /// <param name="wall">100 ns since 1970 UTC.</param>
    /// <param name="mono">CLOCK_MONOTONIC, ns.</param>
    public void AppendEvent(uint run, ReadOnlySpan<byte> payload, ulong ord, long wall, long mono)
    {
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

    /// <summary>Takes in a record of this process.</summary>
    /// <param name="record">The record.</param>
    /// <param name="window">Scratch space.</param>
    internal void Take(in JournalRecord record, byte[] window)
    {
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

    /// <summary>Writes what was numbered into the index, then lets readers see it.</summary>
    /// <exception cref="IOException">The disk refused; nothing is visible, and the next call tries again.</exception>
    internal void Commit()
    {
        if (_sequencer.SlotCount == 0 && !_isDirty)
        {
            return;
        }

        var entries = _sequencer.SlotCount;
        AddCommit(0);
        try
        {
            _index.Append(_sequencer.Slots);
        }
        catch (IOException)
        {
            _sequencer.CutTo(entries);
            throw;
        }

        Log.Publish(_sequencer.Slots[..entries]);
        _sequencer.Clear();
        _isDirty = false;
        if (_index.IsFull)
        {
            AddCommit(0);
            _index.Begin(Log.LogId, _sequencer.NextSeq, _epoch, Wall, _sequencer.Slots);
            _sequencer.Clear();
        }
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

    private static void Prefill(LogRing ring, LogIndex index, long lastSeq, LogStoreOptions options)
    {
        var newest = new LogSpan[Math.Min(options.RingEntries, 4096)];
        var found = lastSeq == 0 ? 0 : index.ReadBackwards(lastSeq, newest);
        ring.Reset(found == 0 ? lastSeq : newest[found - 1].Seq - 1);
        for (var i = found - 1; i >= 0; i--)
        {
            ring.Add(newest[i]);
        }
    }

    private void Resume(in CommitSlot commit, ReadOnlySpan<LogSpan> orphans)
    {
        IsContinued = true;
        _sequencer.Resume(commit.LastSeq);
        ResumeAt = commit.JournalPosition;
        _position = commit.JournalPosition;
        _run = commit.Run;
        var next = commit.LastSeq + 1;
        _out.Resume(commit.Run, commit.OutConsumed, commit.OutPart, next - commit.OutPartSpan);
        _err.Resume(commit.Run, commit.ErrConsumed, commit.ErrPart, next - commit.ErrPartSpan);
        foreach (ref readonly var slot in MemoryMarshal.Cast<LogSpan, CheckpointSlot>(orphans))
        {
            var name = new StreamName(slot.Stream, slot.Run);
            var scanner = new SpanScanner(_options, _sequencer, name, slot.Consumed);
            scanner.Resume(slot.Run, slot.Consumed, (int)slot.PartIndex, slot.PartFirstSeq);
            _orphans.Add(scanner);
        }
    }

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
        }
    }

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

        var scanner = new SpanScanner(_options, _sequencer, name, 0);
        scanner.Begin(record.Run, 0);
        _orphans.Add(scanner);
        return scanner;
    }

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

        _sequencer.Add() = default;
        var slots = _sequencer.Slots;
        ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(slots[^1..])[0];
        commit = new CommitSlot
        {
            Kind = SlotKind.Commit,
            Flags = flags,
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
