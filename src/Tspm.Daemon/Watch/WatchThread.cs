using System.Collections.Concurrent;

namespace Tspm.Daemon.Watch;

/// <summary>The one thread that owns the inotify instance and all trees that are watched.</summary>
/// <remarks>It begins with the first order. Orders and changes are handled one after the other.</remarks>
internal sealed class WatchThread : IDisposable
{
    // One order for a process that begins or ends to be watched, and per look for a root that is not there.
    private readonly ConcurrentQueue<Action<WatchThread>> _orders = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Thread? _thread;
    private volatile Inotify? _inotify;
    private volatile bool _isStopping;

    // The thread's. Two trees may watch one directory, which has one number.
    private readonly Dictionary<int, List<WatchTree>> _trees = [];

    /// <summary>Told when the thread fails; nothing is watched from then on.</summary>
    public Action<Exception> Failed { get; init; } = _ => { };

    /// <summary>Directories that are watched now; the thread's.</summary>
    public int Count => _trees.Count;

    /// <summary>Has something done on the thread; any thread.</summary>
    /// <exception cref="IOException">There is no inotify instance to be had.</exception>
    public void Post(Action<WatchThread> order)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _orders.Enqueue(order);
            if (_thread is null)
            {
                _inotify ??= new Inotify();
                _thread = new Thread(Run) { IsBackground = true, Name = "watch" };
                _thread.Start();
            }
        }

        _inotify?.Wake();
    }

    /// <summary>Watches a directory for a tree; the thread's.</summary>
    /// <returns>The number, or minus the errno.</returns>
    public int Add(string directory, WatchTree tree)
    {
        var number = _inotify!.Add(directory); // the thread runs with one only
        if (number >= 0)
        {
            if (!_trees.TryGetValue(number, out var trees))
            {
                _trees.Add(number, trees = []);
            }

            if (!trees.Contains(tree))
            {
                trees.Add(tree);
            }
        }

        return number;
    }

    /// <summary>A tree needs a directory no longer; the thread's.</summary>
    public void Remove(int number, WatchTree tree)
    {
        if (_trees.TryGetValue(number, out var trees) && trees.Remove(tree) && trees.Count == 0)
        {
            _trees.Remove(number);
            _inotify!.Remove(number); // the thread runs with one only
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
        {
            _isStopping = true;
            thread = _thread;
        }

        _inotify?.Wake();
        thread?.Join();
        _inotify?.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_isStopping)
            {
                while (_orders.TryDequeue(out var order))
                {
                    order(this);
                }

                if (!_inotify!.Read(Handle)) // set before the thread begins
                {
                    _inotify.Wait();
                }
            }
        }
        catch (Exception error)
        {
            Failed(error);
        }
    }

    private void Handle(FileChange change)
    {
        if (change.Events.HasFlag(FileEvents.Overflow))
        {
            foreach (var tree in _trees.Values.SelectMany(trees => trees).Distinct().ToList())
            {
                tree.Overflow(this);
            }

            return;
        }

        if (!_trees.TryGetValue(change.Number, out var interested))
        {
            return;
        }

        if (change.Events.HasFlag(FileEvents.Ignored))
        {
            _trees.Remove(change.Number);
        }

        foreach (var tree in interested.ToArray())
        {
            tree.Handle(this, change);
        }
    }
}
