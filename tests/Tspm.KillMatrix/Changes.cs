using System.Diagnostics;

namespace Tspm.KillMatrix;

/// <summary>Waits for a fact that shows in files: looked at after each change of them, not in between.</summary>
internal sealed class Changes : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    // Taking a lock is no change of its file: what is written into it comes a moment later, or was overtaken by our look.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);
    private readonly FileSystemWatcher _watcher;
    private readonly SemaphoreSlim _changed = new(0);

    public Changes(string directory, string filter)
    {
        _watcher = new FileSystemWatcher(directory, filter)
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite,
        };
        _watcher.Created += (_, _) => _changed.Release();
        _watcher.Changed += (_, _) => _changed.Release();
        _watcher.Deleted += (_, _) => _changed.Release();
        _watcher.Renamed += (_, _) => _changed.Release();
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Waits.</summary>
    /// <exception cref="TimeoutException">It does not come to hold.</exception>
    public async Task UntilAsync(Func<bool> holds, string fact)
    {
        var watch = Stopwatch.StartNew();
        while (!holds())
        {
            if (watch.Elapsed > Deadline)
            {
                throw new TimeoutException($"not in time: {fact}");
            }

            await _changed.WaitAsync(Patience);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watcher.Dispose();
        _changed.Dispose();
    }
}
