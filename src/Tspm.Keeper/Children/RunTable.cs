using System.Collections.Immutable;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;

namespace Tspm.Keeper.Children;

/// <summary>All runs that have not ended completely, and their processes.</summary>
/// <remarks>
/// Replaced, never changed in place, by the control thread: its loop looks at all runs at each turn, and must not copy them.
/// </remarks>
internal sealed class RunTable(
    HomePaths home,
    IReadOnlyList<CaptureThread> threads,
    SyncThread sync,
    HomeRoom room
)
{
    private readonly Dictionary<uint, KeptProcess> _processes = [];
    private readonly Dictionary<uint, StartedRun> _newest = [];
    private readonly List<JournalRecord> _snapshot = [];
    private ImmutableArray<RunEntry> _runs = [];

    /// <summary>All runs, in the order of their start.</summary>
    public ImmutableArray<RunEntry> Runs => _runs;

    /// <summary>How many leaders live.</summary>
    public int CountLiving()
    {
        var living = 0;
        foreach (var run in _runs)
        {
            living += run.HasExited ? 0 : 1;
        }

        return living;
    }

    /// <summary>The process with this id; made at the first need.</summary>
    /// <exception cref="IOException">Its directory cannot be made.</exception>
    public KeptProcess ProcessOf(uint id)
    {
        if (!_processes.TryGetValue(id, out var process))
        {
            var directory = home.Process(id);
            Directory.CreateDirectory(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
            process = new KeptProcess(
                id,
                new ProcessFiles(id, directory, room),
                threads[(int)(id % (uint)threads.Count)]
            );
            _processes.Add(id, process);
        }

        return process;
    }

    /// <summary>Adds a run that lives.</summary>
    public void Add(RunEntry run)
    {
        _runs = _runs.Add(run);
        Remember(run.Order.Process, new StartedRun(run.Order.Run, run.Pid, run.StartTime));
    }

    /// <summary>A run was started once; it is not started again, whatever became of it.</summary>
    public void Remember(uint process, StartedRun started)
    {
        if (started.Run >= _newest.GetValueOrDefault(process).Run)
        {
            _newest[process] = started;
        }
    }

    /// <summary>Whether this run was started before, by this keeper or an older one.</summary>
    public bool WasStarted(uint process, uint run, out StartedRun newest) =>
        _newest.TryGetValue(process, out newest) && run <= newest.Run;

    /// <summary>The run; null if it is over.</summary>
    public RunEntry? Find(uint process, uint run) =>
        Runs.FirstOrDefault(entry => entry.Order.Process == process && entry.Order.Run == run);

    /// <summary>The living run of this leader; null if there is none.</summary>
    public RunEntry? FindByPid(int pid) =>
        Runs.FirstOrDefault(entry => entry.Pid == pid && !entry.HasExited);

    /// <summary>Records that tell who lives, for the start of a journal file.</summary>
    /// <remarks>
    /// Any thread, under the gate of the journal: one look at the table, into the list of the time before. A busy keeper begins a
    /// file every few seconds.
    /// </remarks>
    public List<JournalRecord> Snapshot()
    {
        _snapshot.Clear();
        foreach (var run in _runs)
        {
            AddSnapshot(run, _snapshot);
        }

        return _snapshot;
    }

    /// <summary>How the daemon is told of all runs.</summary>
    public IReadOnlyList<KeptRun> ToKeptRuns() => [.. Runs.Select(run => run.ToKeptRun())];

    /// <summary>Leaves what is open of a run's output to whoever holds it.</summary>
    /// <returns>Streams that were still open.</returns>
    public int CutDrain(RunEntry run)
    {
        var process = ProcessOf(run.Order.Process);
        var cut = 0;
        foreach (var stream in run.Streams.Where(stream => !stream.HasEnded))
        {
            if (process.Thread.LeaveToOrphan(stream))
            {
                cut++;
            }
        }

        return cut;
    }

    /// <summary>Forgets the runs that are over, and the processes that have none.</summary>
    public void Prune()
    {
        var isAnyOver = false;
        foreach (var run in _runs)
        {
            isAnyOver |= run.IsOver;
        }

        if (isAnyOver)
        {
            Forget([.. _runs.Where(run => run.IsOver)]);
        }
    }

    /// <summary>The records that tell of one run.</summary>
    internal static List<JournalRecord> SnapshotOf(RunEntry run)
    {
        var records = new List<JournalRecord>();
        AddSnapshot(run, records);
        return records;
    }

    private static void AddSnapshot(RunEntry run, List<JournalRecord> records)
    {
        foreach (var known in run.Records)
        {
            var record = known;
            record.Flags |= JournalFlags.Snapshot;
            if (record.Kind == JournalRecordKind.StreamBegin)
            {
                // Adopted and not opened yet: as it was found.
                var stream = StreamOf(run, known.Stream);
                if (stream is { HasEnded: true })
                {
                    continue;
                }

                if (stream is not null && (stream.Flags & JournalFlags.Orphan) != 0)
                {
                    record.Flags |= JournalFlags.Orphan;
                    record.A = 0;
                }
            }

            records.Add(record);
        }
    }

    private static CapturedStream? StreamOf(RunEntry run, StreamKind kind)
    {
        foreach (var stream in run.Streams)
        {
            if (stream.Kind == kind)
            {
                return stream;
            }
        }

        return null;
    }

    private void Forget(List<RunEntry> over)
    {
        _runs = _runs.RemoveAll(over.Contains);
        foreach (var run in over)
        {
            if (
                _runs.All(other => other.Order.Process != run.Order.Process)
                && _processes.Remove(run.Order.Process, out var process)
            )
            {
                process.Close(sync);
            }
        }
    }
}

/// <summary>The newest run of a process that was started.</summary>
/// <param name="Run">The run.</param>
/// <param name="Pid">Its leader.</param>
/// <param name="StartTime">The leader's start time, clock ticks.</param>
internal readonly record struct StartedRun(uint Run, int Pid, ulong StartTime);
