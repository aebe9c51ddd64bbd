namespace Tspm.Keeper.Control;

/// <summary>When the daemon is asked whether it is there, and its end if it has not answered for too long.</summary>
internal sealed class DaemonPulse(DaemonKeeper daemon, TimeSpan timeout, KeeperLog log)
{
    private const int SigKill = 9;
    private const long LongestPause = 10_000_000_000;
    private readonly long _timeout = timeout.Ticks * TimeSpan.NanosecondsPerTick;
    private long _askedAt;

    /// <summary>Time between two questions, ns.</summary>
    public long Every => Math.Min(LongestPause, _timeout / 4);

    /// <summary>True if it must be asked now; one that has been silent for too long is killed instead.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="heardAt">When it was last heard of, or began.</param>
    public bool IsDue(long now, long heardAt)
    {
        if (daemon.Pid == 0 || now - _askedAt < Every)
        {
            return false;
        }

        _askedAt = now;
        if (now - heardAt <= _timeout)
        {
            return true;
        }

        log.Write(
            1003,
            $"the daemon (pid {daemon.Pid}) has not answered for {timeout.TotalSeconds} s and is replaced"
        );
        daemon.Signal(SigKill);
        return false;
    }
}
