using Microsoft.Extensions.Logging;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Persistence;
using Tspm.Daemon.Supervision.Dependencies;

namespace Tspm.Daemon.Supervision;

/// <summary>All processes, by id and by name; has the list saved after every change.</summary>
/// <remarks>The table is replaced, never changed in place; names are checked under the gate, so of 50 starts of one name one wins.</remarks>
internal sealed class ProcessRegistry : IAsyncDisposable
{
    private static readonly TimeSpan SyncAfter = TimeSpan.FromSeconds(1);
    private readonly ProcessListFile _file;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _saving = new(1, 1);
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();

    // Guarded by _gate.
    private readonly HashSet<(string Ns, string Name)> _reserved = [];
    private uint _nextId;
    private long _startOrder;
    private long _changes;

    // How many saves were asked for, and up to which the file, and the device, have them; the latter two under _saving.
    private long _wanted;
    private long _saved;
    private long _synced;
    private bool _isSyncDue;
    private Task _syncing = Task.CompletedTask;

    private volatile IReadOnlyList<ProcessSupervisor> _all = [];

    /// <summary>Makes an empty registry over a file.</summary>
    public ProcessRegistry(ProcessListFile file, TimeProvider time, ILogger log)
    {
        _file = file;
        _time = time;
        _log = log;
        Others = new DependencyBoard(() => [.. _all.Select(FactsOf)]);
    }

    /// <summary>Tells how far each is, for those that depend on it.</summary>
    public DependencyBoard Others { get; }

    /// <summary>The keeper that is there now, by pid and start time.</summary>
    public string Keeper { get; set; } = "";

    /// <summary>The home that is there now.</summary>
    public string Home { get; set; } = "";

    /// <summary>True if the saved list is of another home: this one was copied from it.</summary>
    public bool IsOfOtherHome { get; private set; }

    /// <summary>True if the saved list is of the keeper and the home that are there now.</summary>
    public bool IsSameKeeper { get; private set; }

    /// <summary>How often a process was added or removed.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Called after each such change, under no lock.</summary>
    public event Action? Changed;

    /// <summary>Called after each change of a process, by its loop, under no lock.</summary>
    public event Action<ProcessSupervisor>? ProcessChanged;

    /// <summary>All processes, by id.</summary>
    public IReadOnlyList<ProcessSupervisor> All => _all;

    /// <summary>Reads the saved list; the ids go on after every id that was ever used.</summary>
    public IReadOnlyList<ProcessRecord> Load(uint highestUsedId)
    {
        var list = _file.Read();
        if (_file.Damage is { } damage)
        {
            DaemonLog.ListDamaged(_log, damage);
        }

        _nextId = Math.Max(Math.Max(list.NextId, highestUsedId + 1), 1);
        _startOrder =
            list.Processes.Count == 0 ? 0 : list.Processes.Max(process => process.StartOrder);
        IsOfOtherHome = list.Home is { } known && Home.Length > 0 && known != Home;
        IsSameKeeper = list.Keeper == Keeper && !IsOfOtherHome;
        return list.Processes;
    }

    /// <summary>The process with this id; null if there is none.</summary>
    public ProcessSupervisor? Find(uint id) =>
        _all.FirstOrDefault(process => process.Record.Id == id);

    /// <summary>Takes a name before the process is made; false if it is taken.</summary>
    public bool TryReserve(string ns, string name, out uint id)
    {
        lock (_gate)
        {
            id = 0;
            if (!TryTake(ns, name))
            {
                return false;
            }

            id = _nextId++;
            return true;
        }
    }

    /// <summary>Takes another name for a known process, until it is released; false if it is taken.</summary>
    public bool TryReserve(string ns, string name)
    {
        lock (_gate)
        {
            return TryTake(ns, name);
        }
    }

    /// <summary>The process could not be made: its name is free again.</summary>
    public void Release(string ns, string name)
    {
        lock (_gate)
        {
            _reserved.Remove((ns, name));
        }
    }

    /// <summary>Adds a process; a reserved name is its own now.</summary>
    public void Add(ProcessSupervisor process)
    {
        lock (_gate)
        {
            _reserved.Remove((process.Record.Spec.Ns, process.Record.Spec.Name));
            _all = [.. _all.Append(process).OrderBy(known => known.Record.Id)];
        }

        process.Changed += OnProcessChanged;
        TellChange();
    }

    /// <summary>Forgets a process.</summary>
    public void Remove(ProcessSupervisor process)
    {
        lock (_gate)
        {
            _all = [.. _all.Where(known => known != process)];
        }

        process.Changed -= OnProcessChanged;
        TellChange();
    }

    private void TellChange()
    {
        Interlocked.Increment(ref _changes);
        Changed?.Invoke();
        Others.Tell();
    }

    /// <summary>Under the gate.</summary>
    private bool TryTake(string ns, string name) =>
        !_all.Any(process =>
            process.Record.Spec.Ns == ns
            && (process.Record.Spec.Name == name || process.Record.Spec.Instance?.Group == name)
        ) && _reserved.Add((ns, name));

    private void OnProcessChanged(ProcessSupervisor process)
    {
        Others.Tell();
        ProcessChanged?.Invoke(process);
    }

    private static DependencyFacts FactsOf(ProcessSupervisor process)
    {
        var record = process.Record;
        var spec = record.Spec;
        var last = record.Runs.FirstOrDefault(run => run.EndedAt is not null);
        return new DependencyFacts(spec.Ns, spec.Name, spec.Instance?.Group, process.Status)
        {
            HasReady = spec.Ready is not null,
            IsReady = process.Run is { IsReady: true },
            HasHealth = spec.Health is not null,
            HasPassedHealth = process.Run is { HasPassedHealth: true },
            HasSucceeded =
                last is { Signal: 0, Code: { } code } && spec.Restart.SuccessCodes.Contains(code),
        };
    }

    /// <summary>The next number in the order of starts.</summary>
    public long NextStartOrder() => Interlocked.Increment(ref _startOrder);

    /// <summary>Saves the list as it is now or later; many calls at once become one write. Ends when the device has it.</summary>
    public Task SaveAsync() => SaveAsync(Interlocked.Increment(ref _wanted), isSynced: true);

    /// <summary>The same for what nobody waits for: ends when the next daemon would read it; the device has it a second later.</summary>
    public Task SaveUnsyncedAsync() =>
        SaveAsync(Interlocked.Increment(ref _wanted), isSynced: false);

    private async Task SaveAsync(long mine, bool isSynced)
    {
        await _saving.WaitAsync();
        try
        {
            if ((isSynced ? _synced : _saved) >= mine)
            {
                return;
            }

            var upTo = Volatile.Read(ref _wanted);
            if (isSynced)
            {
                _file.Write(Snapshot());
                _synced = upTo;
            }
            else
            {
                _file.WriteUnsynced(Snapshot());
                SyncLater();
            }

            _saved = upTo;
        }
        catch (IOException error)
        {
            DaemonLog.SaveFailed(_log, error.Message);
        }
        catch (UnauthorizedAccessException error)
        {
            DaemonLog.SaveFailed(_log, error.Message);
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <summary>While saving.</summary>
    private void SyncLater()
    {
        if (!_isSyncDue)
        {
            _isSyncDue = true;
            _syncing = SyncAsync(Volatile.Read(ref _wanted));
        }
    }

    private async Task SyncAsync(long atLeast)
    {
        try
        {
            await Task.Delay(SyncAfter, _time, _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The last save is a synced one.
            return;
        }

        Volatile.Write(ref _isSyncDue, false);
        await SaveAsync(Math.Max(atLeast, Volatile.Read(ref _saved)), isSynced: true);
    }

    /// <summary>Writes the list as it is now to another file.</summary>
    /// <returns>How many processes it has.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public int Freeze(ProcessListFile file)
    {
        var list = Snapshot();
        file.Write(list);
        return list.Processes.Count;
    }

    /// <summary>The processes that selectors mean.</summary>
    /// <param name="selectors">Empty means all.</param>
    /// <param name="isChange">Something will be done to them: a name in several namespaces is refused.</param>
    /// <param name="found">By id, each once.</param>
    /// <param name="error">Why the selectors mean nothing; null if they do.</param>
    public bool TrySelect(
        IReadOnlyList<string> selectors,
        bool isChange,
        out IReadOnlyList<ProcessSupervisor> found,
        out SelectionError? error
    ) =>
        Selection.TrySelect(
            _all,
            process => process.Record,
            selectors,
            isChange,
            out found,
            out error
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _all)
        {
            await process.DisposeAsync();
        }

        await _stopping.CancelAsync();
        await _syncing;
        await SaveAsync();
        _saving.Dispose();
        _stopping.Dispose();
    }

    /// <summary>The list as it is now.</summary>
    public ProcessList Snapshot()
    {
        lock (_gate)
        {
            return new ProcessList
            {
                Keeper = Keeper,
                Home = Home.Length > 0 ? Home : null,
                NextId = _nextId,
                Processes = [.. _all.Select(process => process.Record)],
            };
        }
    }
}
