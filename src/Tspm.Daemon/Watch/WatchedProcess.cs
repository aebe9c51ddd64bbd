using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Watch;

/// <summary>One process whose files are watched: its tree, its gate, and the restart that follows.</summary>
/// <remarks>Hits come on the watch thread, restarts run on the pool, one at a time.</remarks>
internal sealed class WatchedProcess : WatchListener, IAsyncDisposable
{
    /// <summary>Who wants a restart that a change has caused.</summary>
    public const string By = "watch";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly ProcessSupervisor _process;
    private readonly WatchThread _thread;
    private readonly TimeProvider _time;
    private readonly WatchTree _tree;
    private readonly HitGate _gate;
    private readonly Lock _lock = new();

    // Guarded by _lock. What was told and done so far, in order; awaited by DisposeAsync.
    private Task _doing = Task.CompletedTask;
    private ITimer? _look;
    private bool _isOver;

    /// <summary>Makes one; <see cref="Begin"/> begins it.</summary>
    public WatchedProcess(
        ProcessSupervisor process,
        WatchSpec spec,
        string home,
        WatchThread thread,
        TimeProvider time
    )
    {
        _process = process;
        Spec = spec;
        _thread = thread;
        _time = time;
        _tree = new WatchTree(spec, home, this);
        _gate = new HitGate(time, TimeSpan.FromMilliseconds(spec.DebounceMs), Restart);
    }

    /// <summary>What is watched.</summary>
    public WatchSpec Spec { get; }

    /// <summary>Begins to watch.</summary>
    public void Begin()
    {
        try
        {
            _thread.Post(_tree.Open);
        }
        catch (IOException error)
        {
            Failed(error.Message);
        }
    }

    /// <inheritdoc/>
    public override void Began(int directories) =>
        Tell(LogEvents.Watching, directories == 1 ? "1 directory" : $"{directories} directories");

    /// <inheritdoc/>
    public override void Hit(string path) => _gate.Hit(path);

    /// <inheritdoc/>
    public override void Told(string text) => Tell(LogEvents.WatchNote, text);

    /// <inheritdoc/>
    public override void Failed(string reason) => Tell(LogEvents.WatchFailed, reason);

    /// <inheritdoc/>
    public override void Missing()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _look?.Dispose();
            _look = _time.CreateTimer(
                _ => _thread.Post(_tree.LookAgain),
                null,
                LookEvery,
                Timeout.InfiniteTimeSpan
            );
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task doing;
        lock (_lock)
        {
            _isOver = true;
            _look?.Dispose();
            doing = _doing;
        }

        _gate.Dispose();
        _thread.Post(_tree.Close);
        await doing;
    }

    private void Restart(WatchHits hits)
    {
        var more = hits.Count > 1 ? $" and {hits.Count - 1} more changes" : "";
        var text = Shown(hits.First) + more;
        if (hits.IsLoop)
        {
            Tell(
                LogEvents.WatchNote,
                $"{HitGate.MostRestarts} restarts within a minute, the last for {text}: it waits a minute. "
                    + "If the program writes this file itself, leave it out with --watch-ignore"
            );
            return;
        }

        Then(async () =>
        {
            if (!_process.Record.IsWanted)
            {
                return;
            }

            await TellNowAsync(LogEvents.WatchHit, text);
            await _process.DoAsync(CommandVerb.Restart, by: By, onlyIfWanted: true);
        });
    }

    private string Shown(string path)
    {
        var cwd = _process.Record.Spec.Cwd;
        var isBelow = path.StartsWith(
            cwd.EndsWith('/') ? cwd : cwd + "/",
            StringComparison.Ordinal
        );
        return isBelow ? Path.GetRelativePath(cwd, path) : path;
    }

    private void Tell(string what, string text) => Then(() => TellNowAsync(what, text));

    private Task TellNowAsync(string what, string text) =>
        _process.TellAsync(
            new LogEvent
            {
                What = what,
                Run = _process.Record.Run,
                Message = text,
            }
        );

    private void Then(Func<Task> next)
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _doing = AfterAsync(_doing, next);
            }
        }
    }

    private static async Task AfterAsync(Task before, Func<Task> next)
    {
        await Task.WhenAny(before);
        await Task.Yield();
        try
        {
            await next();
        }
        catch (InvalidOperationException)
        {
            // The ingest thread has ended: so does the daemon, and the next one watches.
        }
        catch (IOException)
        {
            // The log could not be written; the log itself tells that.
        }
    }
}
