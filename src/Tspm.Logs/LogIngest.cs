using Tspm.CaptureLog;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>The work of the ingest thread: from the journal to the logs.</summary>
/// <remarks>
/// One thread turns. Logs are added and removed by others: the table is replaced, never changed in place. Logs have their turns by
/// bytes (<see cref="PendingRecords"/>), so that a quiet one does not wait for what floods have printed.
/// Nothing is allocated per record or line.
/// </remarks>
public sealed class LogIngest : IDisposable
{
    private const int RecordsPerTurn = 128;
    private const ulong QuickTurnBytes = 32 * 1024;
    private const ulong TurnBytes = 256 * 1024;
    private const long QuietRetry = 2_000_000_000;
    private readonly JournalReader _journal;
    private readonly IJournalObserver _observer;
    private readonly JournalRecord[] _records = new JournalRecord[RecordsPerTurn];

    // What the journal gave and is not taken yet: a turn that failed goes on there.
    private readonly PendingRecords _pending = new();
    private readonly byte[] _window;
    private readonly List<LogWriter> _touched = [];
    private readonly List<LogWriter> _waiting = [];
    private readonly JournalFiles _files;
    private readonly DropTable _drops;
    private ulong _consumed;
    private readonly Lock _gate = new();

    // Guarded by _gate for writing; read as a whole.
    private volatile Dictionary<uint, LogWriter> _logs = [];

    // The thread's own: the table at its last look.
    private Dictionary<uint, LogWriter>? _seen;

    /// <summary>Makes an ingest that begins with the oldest record of the journal.</summary>
    public LogIngest(HomePaths home, LogStoreOptions options, IJournalObserver observer)
    {
        _files = JournalFiles.Of(home);
        _journal = new JournalReader(_files, 0);
        _drops = new DropTable(_files, () => _pending.OldestOrd(_journal.Position));
        _observer = observer;
        _window = new byte[SpanScanner.WindowBytes(options)];
    }

    /// <summary>Told of every chunk, on the ingest thread; for who wants bytes before they are lines.</summary>
    public ChunkObserver? Chunks { get; set; }

    /// <summary>Called on the ingest thread before the last commit of a turn that took little and leaves nothing to read: readers
    /// that wait are woken by that commit, and then there is nothing to do.</summary>
    public Action? Ending { get; set; }

    /// <summary>The ord after the newest record, if somebody tells it: spares looks at the disk while others wait for their turn.</summary>
    public Func<ulong> JournalEnd { get; set; } = () => ulong.MaxValue;

    /// <summary>The ord of the next record to read.</summary>
    public ulong Position => _journal.Position;

    /// <summary>Everything before this ord is in the indexes; at most <see cref="Position"/>. Any thread.</summary>
    public ulong Consumed => Volatile.Read(ref _consumed);

    /// <summary>All logs.</summary>
    public IReadOnlyCollection<LogWriter> Logs => _logs.Values;

    /// <summary>The log of a process; null if there is none.</summary>
    public LogWriter? Find(uint process) => _logs.GetValueOrDefault(process);

    /// <summary>From now on records of this process go to this log.</summary>
    public void Add(LogWriter log)
    {
        log.Drops = _drops;
        lock (_gate)
        {
            _logs = new Dictionary<uint, LogWriter>(_logs) { [log.Log.ProcessId] = log };
        }
    }

    /// <summary>Records of this process are passed over from now on.</summary>
    public void Remove(uint process)
    {
        lock (_gate)
        {
            var logs = new Dictionary<uint, LogWriter>(_logs);
            logs.Remove(process);
            _logs = logs;
        }
    }

    /// <summary>Reads what the journal has, and shows what has waited long enough.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <exception cref="IOException">The disk refused an index; nothing is lost, turn again later.</exception>
    public IngestTurn Turn(long now)
    {
        SeeLogs();

        // A turn that failed left its logs here: they come first.
        CommitTouched();
        var read = ReadJournal();
        var bytes = 0UL;
        for (var i = 0; i < RecordsPerTurn && bytes < TurnBytes; i++)
        {
            if (!_pending.TryPeek(out var record))
            {
                break;
            }

            bytes += record.Kind == JournalRecordKind.Chunk ? record.B : 0;
            Take(record);
        }

        FlushWaiting(now);
        var hasMore = read == RecordsPerTurn || _pending.Count > 0;
        if (!hasMore && bytes <= QuickTurnBytes)
        {
            Ending?.Invoke();
        }

        CommitTouched();
        // Only now: records whose commit failed are still needed in the journal.
        Volatile.Write(ref _consumed, _pending.OldestOrd(_journal.Position));
        return new IngestTurn(hasMore, NextDeadline(now));
    }

    /// <summary>The place of an entry that is appended now: after everything that was taken for its log.</summary>
    public ulong PlaceOf(LogWriter log)
    {
        var next = _pending.FirstOrd(log.Pending, _journal.Position);
        return next == 0 ? 0 : next - 1;
    }

    /// <summary>Commits what was appended outside a turn, on the ingest thread.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Commit(LogWriter log)
    {
        Touch(log);
        CommitTouched();
    }

    /// <summary>Commits all logs with the mark of a clean end, and syncs them.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void CloseAll()
    {
        foreach (var log in _logs.Values)
        {
            log.Close();
            log.Sync();
        }
    }

    /// <summary>Waits until all indexes are on the device, then deletes the journal files that nobody needs any more.</summary>
    /// <param name="home">The home.</param>
    /// <param name="position">A position of the ingest that was read before: files that end before it are consumed.</param>
    /// <remarks>Any thread; the newest file always stays.</remarks>
    /// <exception cref="IOException">The device failed.</exception>
    public void SyncAndForget(HomePaths home, ulong position)
    {
        foreach (var log in _logs.Values)
        {
            log.Sync();
        }

        _files.DeleteBefore(position);
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    /// <summary>Reads on in the journal, if there is room; how many records.</summary>
    private int ReadJournal()
    {
        var isFull = _pending.Count > PendingRecords.Most - RecordsPerTurn;
        if (isFull || (_pending.Count > 0 && JournalEnd() <= _journal.Position))
        {
            return 0;
        }

        var read = _journal.Read(_records);
        foreach (ref readonly var record in _records.AsSpan(0, read))
        {
            var log = record.Process == 0 ? null : Find(record.Process);
            if (log is null && record.Process != 0)
            {
                // Nobody's: there is nothing to wait for.
                Tell(record);
                continue;
            }

            _pending.Add(record, log?.Pending);
        }

        return read;
    }

    private void Take(in JournalRecord record)
    {
        if (record.Process != 0 && Find(record.Process) is { } log && record.Ord >= log.ResumeAt)
        {
            if (log.HasMuch)
            {
                CommitTouched();
            }

            Touch(log);
            log.Take(record, _window);
        }

        _pending.Remove();
        Tell(record);
    }

    private void Tell(in JournalRecord record)
    {
        if (record.Kind != JournalRecordKind.Chunk)
        {
            _observer.OnRecord(record);
            if (record.Process == 0)
            {
                TouchAppended();
            }
        }
        else
        {
            Chunks?.Invoke(record);
        }
    }

    /// <summary>Logs that begin in memory wait for their home; those that were removed wait for nothing.</summary>
    private void SeeLogs()
    {
        var logs = _logs;
        if (ReferenceEquals(logs, _seen))
        {
            return;
        }

        _seen = logs;
        _waiting.RemoveAll(log => logs.GetValueOrDefault(log.Log.ProcessId) != log);
        _waiting.AddRange(logs.Values.Where(log => log.IsSpilling && !_waiting.Contains(log)));
    }

    /// <summary>What concerns no process by itself may have been entered in the logs of some.</summary>
    private void TouchAppended()
    {
        foreach (var log in _logs.Values)
        {
            if (log.HasUncommitted)
            {
                Touch(log);
            }
        }
    }

    private void Touch(LogWriter log)
    {
        if (!_touched.Contains(log))
        {
            _touched.Add(log);
        }
    }

    private void CommitTouched()
    {
        while (_touched.Count > 0)
        {
            var log = _touched[^1];
            log.Commit();
            if (log.TryTellMove(out var errno))
            {
                // What it appends is committed in the next round.
                _observer.OnIndexMoved(log, errno);
                continue;
            }

            _touched.RemoveAt(_touched.Count - 1);
            var waits = log.Deadline != SpanScanner.NoDeadline || log.IsSpilling;
            if (waits && !_waiting.Contains(log))
            {
                _waiting.Add(log);
            }
        }
    }

    private void FlushWaiting(long now)
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var log = _waiting[i];
            // What waits may be the rest of its line.
            if (log.Deadline <= now && log.Pending.IsEmpty)
            {
                Touch(log);
                log.Flush(now, _window);
            }

            if (log.IsSpilling && log.HomeTryAt is { } at && at <= now)
            {
                // Nobody else would notice that the disk takes it again.
                log.HomeTryAt = null;
                log.MustTryHome = true;
                Touch(log);
            }

            if (log.Deadline == SpanScanner.NoDeadline && !log.IsSpilling)
            {
                log.HomeTryAt = null;
                _waiting.RemoveAt(i);
            }
        }
    }

    private long NextDeadline(long now)
    {
        var deadline = SpanScanner.NoDeadline;
        foreach (var log in _waiting)
        {
            deadline = Math.Min(deadline, log.Deadline);
            if (log.IsSpilling)
            {
                log.HomeTryAt ??= now + QuietRetry;
                deadline = Math.Min(deadline, log.HomeTryAt.Value);
            }
        }

        return deadline;
    }
}

/// <summary>Hears of every record of the journal that is not output.</summary>
public interface IJournalObserver
{
    /// <summary>A record, on the ingest thread, in order; must not block. May come again after a restart.</summary>
    void OnRecord(in JournalRecord record);

    /// <summary>An index goes on in memory since the disk refused it, or is back; on the ingest thread, and entries may be appended.</summary>
    /// <param name="log">Whose.</param>
    /// <param name="errno">What the disk said; 0 if it is back.</param>
    void OnIndexMoved(LogWriter log, int errno) { }
}

/// <summary>What a turn left to do.</summary>
/// <param name="HasMore">The journal goes on; turn again at once.</param>
/// <param name="Deadline">Monotonic time, ns, of the next turn even if nothing comes; <see cref="long.MaxValue"/> if none.</param>
public readonly record struct IngestTurn(bool HasMore, long Deadline);

/// <summary>Hears of chunks.</summary>
/// <param name="record">What the keeper moved.</param>
public delegate void ChunkObserver(in JournalRecord record);
