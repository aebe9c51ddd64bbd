namespace Tspm.Keeper.Control;

/// <summary>When the daemon is asked whether it is there, and its end if it has not answered for too long.</summary>
internal sealed class DaemonPulse(
    DaemonKeeper daemon,
    TimeSpan timeout,
    long watchdog,
    KeeperLog log
)
{
    private const int SigKill = 9;
    private const long FirstWord = 20_000_000_000;
    private const long LongestPause = 15_000_000_000;
    private long _askedAt;

    /// <summary>Silence, ns, after which it is replaced; before systemd, if it watches us, would end us for it.</summary>
    public long Timeout { get; } =
        Math.Min(
            timeout.Ticks * TimeSpan.NanosecondsPerTick,
            watchdog > 0 ? watchdog / 2 : long.MaxValue
        );

    /// <summary>Time between two questions, ns.</summary>
    public long Every => Math.Min(LongestPause, Timeout / 4);

    /// <summary>True if it must be asked now; one that has been silent for too long is killed instead.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="heardAt">When it was last heard of, or began.</param>
    /// <param name="hasSpoken">False while it begins: on a busy machine that takes its time, and nothing is lost by waiting.</param>
    public bool IsDue(long now, long heardAt, bool hasSpoken)
    {
        if (daemon.Pid == 0 || now - _askedAt < Every)
        {
            return false;
        }

        _askedAt = now;
        if (now - heardAt <= (hasSpoken ? Timeout : Math.Max(Timeout, FirstWord)))
        {
            return true;
        }

        log.Write(
            1003,
            $"the daemon (pid {daemon.Pid}) has not answered for {(now - heardAt) / 1_000_000_000} s and is replaced"
        );
        daemon.Signal(SigKill);
        return false;
    }
}
