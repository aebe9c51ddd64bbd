using Tspm.CaptureLog;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ingest;

/// <summary>On the ingest thread, in order with the output: writes run-start, and passes the rest to the supervisors.</summary>
internal sealed class RunRecorder : IJournalObserver
{
    private const int MaxArgvCharacters = 1024;
    private readonly ProcessRegistry _registry;

    // Runs whose end the journal told; only needed until the daemon has caught up.
    private readonly HashSet<(uint Process, uint Run)> _exited = [];
    private bool _isCaughtUp;
    private volatile bool _hasStopped;
    private volatile int _daemons;

    /// <summary>True if tspm was asked to end before this daemon, the first one since: what was stopped then is not tried again.</summary>
    public bool FollowsShutdown => _hasStopped && _daemons <= 1;

    /// <summary>Makes a recorder; it needs its thread before the first turn.</summary>
    public RunRecorder(ProcessRegistry registry) => _registry = registry;

    /// <summary>Remembers it.</summary>
    public required SyncClock Sync { get; init; }

    /// <summary>Which logs the disk does not take.</summary>
    public required DiskTroubles Disk { get; init; }

    /// <summary>Told when everything before a record is on the device.</summary>
    public Action? Synced { get; set; }

    /// <summary>Descriptors that are let go when what they belong to has ended.</summary>
    public HeldRuns? Held { get; set; }

    /// <summary>Whether the journal told the end of a run, as far as it was read when this is asked.</summary>
    public bool HasSeenExit(uint process, uint run)
    {
        lock (_exited)
        {
            _isCaughtUp = true;
            return _exited.Contains((process, run));
        }
    }

    /// <inheritdoc/>
    public void OnRecord(in JournalRecord record)
    {
        if (record.Kind == JournalRecordKind.Synced)
        {
            TakeSynced(record);
            return;
        }

        _hasStopped |= record.Kind == JournalRecordKind.KeeperStopping;
        _daemons =
            record.Kind == JournalRecordKind.KeeperStopping ? 0
            : record.Kind == JournalRecordKind.DaemonStarted ? _daemons + 1
            : _daemons;
        Held?.OnRecord(record);
        if (record.Process == 0 || _registry.Find(record.Process) is not { } process)
        {
            return;
        }

        var isNews =
            !record.Flags.HasFlag(JournalFlags.Snapshot) && record.Ord >= process.Log.ResumeAt;
        if (record.Kind == JournalRecordKind.Spawned && isNews)
        {
            WriteRunStart(process, record);
        }

        if (
            (AdoptionEvents.Of(record) ?? OfClock(record) ?? Disk.Note(record)) is { } told
            && isNews
        )
        {
            Append(process, record, told);
        }

        if (record.Kind == JournalRecordKind.Exited)
        {
            if (record.IsOfOtherBoot)
            {
                // Nobody knows how it ended, and nothing is started by surprise: it is settled as lost.
                return;
            }

            Remember(record.Process, record.Run);
        }

        process.Post(new JournalMessage(record));
    }

    /// <inheritdoc/>
    public void OnIndexMoved(LogWriter log, int errno)
    {
        var facts = log.Log.Facts;
        if (Disk.NoteIndex(log.Log.ProcessId, facts.Run, errno) is { } told)
        {
            log.AppendNow(facts.Run, SupervisorServices.Body(told));
        }
    }

    private void Remember(uint process, uint run)
    {
        lock (_exited)
        {
            if (!_isCaughtUp)
            {
                _exited.Add((process, run));
            }
        }
    }

    private static void WriteRunStart(ProcessSupervisor process, in JournalRecord record)
    {
        var spec = process.Record.Spec;
        var body = new LogEvent
        {
            What = LogEvents.RunStart,
            Run = record.Run,
            RunId = process.Log.Log.RunIdOf(record.Run).ToString(),
            Pid = (int)record.A,
            Argv = EventBody.Shorten(
                ProcessSecrets.Of(spec).Words(spec.Command),
                MaxArgvCharacters
            ),
        };

        Append(process, record, body);
    }

    private static LogEvent? OfClock(in JournalRecord record) =>
        record.Kind == JournalRecordKind.ClockStepped
            ? new LogEvent
            {
                What = LogEvents.ClockStep,
                Run = record.Run,
                DeltaSeconds = TimeSpan.FromTicks((long)record.A).TotalSeconds,
            }
            : null;

    /// <summary>With the keeper's time: times go up with the seqs.</summary>
    private void TakeSynced(in JournalRecord record)
    {
        Sync.Note(record);
        Synced?.Invoke();
        foreach (var (id, told) in Disk.NoteSynced(record))
        {
            if (_registry.Find(id) is { } process && record.Ord >= process.Log.ResumeAt)
            {
                Append(process, record, told);
            }
        }
    }

    private static void Append(ProcessSupervisor process, in JournalRecord record, LogEvent body)
    {
        process.Announce(body);
        process.Log.AppendEvent(
            record.Run == 0 ? body.Run : record.Run,
            SupervisorServices.Body(body),
            record.Ord,
            record.Wall,
            record.Mono
        );
    }
}
