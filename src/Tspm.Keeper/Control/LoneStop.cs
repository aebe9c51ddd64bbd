using Tspm.CaptureLog.Control;
using Tspm.Keeper.Children;

namespace Tspm.Keeper.Control;

/// <summary>Stops all programs without a daemon: the newest first, each with its own signal and grace, then SIGKILL.</summary>
/// <remarks>Control thread only. Signal and grace came with each spawn.</remarks>
internal sealed class LoneStop(RunTable runs, DaemonKeeper daemon, ControlConnections connections)
{
    /// <summary>Each has its own grace.</summary>
    public const uint OwnGrace = uint.MaxValue;

    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const long Millisecond = 1_000_000;

    // What it does at its end is writing down what it knows; another one would find that out too.
    private const long DaemonGrace = 3000 * Millisecond;
    private readonly Dictionary<RunEntry, long> _killAt = [];
    private readonly List<ControlConnection> _watchers = [];
    private long _daemonKillAt = long.MaxValue;

    /// <summary>Monotonic time, ns, of the next SIGKILL.</summary>
    public long DueAt { get; private set; } = long.MaxValue;

    /// <summary>Asks everybody to end, the daemon last.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="graceMs">Instead of each one's own.</param>
    /// <param name="watcher">Hears of each end; null for nobody.</param>
    public StopList Begin(long now, uint graceMs, ControlConnection? watcher)
    {
        if (watcher is not null)
        {
            _watchers.Add(watcher);
        }

        daemon.IsEnding = true;
        var list = new List<StoppingRun>();
        var longest = 0L;
        foreach (var run in runs.Runs.Where(run => !run.HasExited).Reverse())
        {
            var grace = graceMs == OwnGrace ? run.Order.GraceMs : graceMs;
            _ = run.Signal((int)run.Order.StopSignal, toGroup: true);
            _killAt[run] = now + (grace * Millisecond);
            longest = Math.Max(longest, grace);
            list.Add(
                new StoppingRun(
                    run.Order.Process,
                    run.Order.Run,
                    (uint)run.Pid,
                    grace,
                    run.Order.Command is [var program, ..] ? program : ""
                )
            );
        }

        if (daemon.Pid != 0)
        {
            daemon.Signal(SigTerm);
            _daemonKillAt = now + (longest * Millisecond);
        }

        Plan();
        return new StopList(list);
    }

    /// <summary>No grace is left for anybody.</summary>
    public void Hurry(long now)
    {
        daemon.IsEnding = true;
        foreach (var run in runs.Runs.Where(run => !run.HasExited))
        {
            _killAt[run] = now;
        }

        _daemonKillAt = now;
        DueAt = now;
    }

    /// <summary>Tells of those who have ended, and kills those whose grace is over.</summary>
    public void Turn(long now)
    {
        if (_killAt.Count == 0 && _daemonKillAt == long.MaxValue)
        {
            DueAt = long.MaxValue;
            return;
        }

        foreach (var (run, killAt) in _killAt.ToArray())
        {
            if (run.HasExited)
            {
                _killAt.Remove(run);
                Tell(run);
            }
            else if (now >= killAt)
            {
                _ = run.Signal(SigKill, toGroup: true);
                _killAt[run] = long.MaxValue;
            }
        }

        if (_killAt.Count == 0 && _daemonKillAt != long.MaxValue)
        {
            // Its own stopping of programs is not waited for any more.
            _daemonKillAt = Math.Min(_daemonKillAt, now + DaemonGrace);
        }

        if (now >= _daemonKillAt)
        {
            _daemonKillAt = long.MaxValue;
            if (daemon.Pid != 0)
            {
                daemon.Signal(SigKill);
            }
        }

        Plan();
    }

    private void Tell(RunEntry run)
    {
        var frame = new ControlWriter()
            .U32(run.Order.Process)
            .U32(run.Order.Run)
            .U32((uint)run.Pid)
            .Finish(ControlKind.RunEnded, 0);
        _watchers.RemoveAll(watcher => !connections.Send(watcher, frame));
    }

    private void Plan() =>
        DueAt = _killAt.Values.Append(_daemonKillAt).DefaultIfEmpty(long.MaxValue).Min();
}
