using Microsoft.Extensions.Logging;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Watch;

/// <summary>Watches the files of every process that wants that, as long as somebody wants it to run.</summary>
internal sealed class FileWatches : IAsyncDisposable
{
    private readonly ProcessRegistry _registry;
    private readonly string _home;
    private readonly TimeProvider _time;
    private readonly WatchThread _thread;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<ProcessSupervisor, WatchedProcess> _watched = [];
    private readonly List<Task> _ending = [];
    private bool _isOver;

    /// <summary>Begins with the processes that are known.</summary>
    /// <param name="registry">All processes.</param>
    /// <param name="home">The home's directory: what is written into it never counts.</param>
    /// <param name="time">Time.</param>
    /// <param name="log">The daemon's log.</param>
    public FileWatches(ProcessRegistry registry, string home, TimeProvider time, ILogger log)
    {
        _registry = registry;
        _home = home;
        _time = time;
        _thread = new WatchThread { Failed = error => DaemonLog.WatchFailed(log, error) };
        registry.ProcessChanged += Look;
        registry.Changed += LookAtList;
        LookAtList();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _registry.ProcessChanged -= Look;
        _registry.Changed -= LookAtList;
        Task[] ending;
        lock (_gate)
        {
            _isOver = true;
            EndAll(_watched.Keys.ToList());
            ending = [.. _ending];
        }

        await Task.WhenAll(ending);
        _thread.Dispose();
    }

    private void LookAtList()
    {
        var all = _registry.All;
        foreach (var process in all)
        {
            Look(process);
        }

        lock (_gate)
        {
            EndAll(_watched.Keys.Except(all).ToList());
        }
    }

    private void Look(ProcessSupervisor process)
    {
        var record = process.Record;
        var wanted = record.IsWanted ? record.Spec.Watch : null;
        lock (_gate)
        {
            var now = _watched.GetValueOrDefault(process);
            if (_isOver || ReferenceEquals(now?.Spec, wanted))
            {
                return;
            }

            EndAll([process]);
            if (wanted is not null)
            {
                var watched = new WatchedProcess(process, wanted, _home, _thread, _time);
                _watched.Add(process, watched);
                watched.Begin();
            }
        }
    }

    /// <summary>Under the gate.</summary>
    private void EndAll(List<ProcessSupervisor> processes)
    {
        _ending.RemoveAll(task => task.IsCompleted);
        foreach (var process in processes)
        {
            if (_watched.Remove(process, out var watched))
            {
                _ending.Add(watched.DisposeAsync().AsTask());
            }
        }
    }
}
