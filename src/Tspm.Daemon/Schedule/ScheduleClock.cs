namespace Tspm.Daemon.Schedule;

/// <summary>Says when a schedule is due, also over jumps of the clock; pure.</summary>
/// <remarks>
/// A jump forward over one or more times (suspend, a daemon that was not there) is one missed time. A jump back of at most
/// three hours, as after a correction, does not bring times again; after a longer one the times are those of the new clock.
/// </remarks>
/// <param name="Next">The next time; null if there is none any more.</param>
/// <param name="Seen">When somebody looked last.</param>
internal sealed record ScheduleClock(DateTimeOffset? Next, DateTimeOffset Seen)
{
    /// <summary>Later than this is missed.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan SmallJump = TimeSpan.FromHours(3);

    /// <summary>A schedule that begins now.</summary>
    public static ScheduleClock Begin(CronTimes times, DateTimeOffset now) =>
        new(times.After(now), now);

    /// <summary>A look at the clock.</summary>
    /// <returns>How it goes on, and the time that has come or was missed; null if none was.</returns>
    public (ScheduleClock Clock, DueTime? Due) Look(CronTimes times, DateTimeOffset now)
    {
        if (now < Seen - SmallJump)
        {
            return (Begin(times, now), null);
        }

        if (Next is not { } next || now < next)
        {
            // A small step back is not looked at, so that a time that was is not again.
            return (this with { Seen = now > Seen ? now : Seen }, null);
        }

        return (new ScheduleClock(times.After(now), now), new DueTime(next, now - next > Late));
    }
}

/// <summary>A time of a schedule.</summary>
/// <param name="At">When it was.</param>
/// <param name="IsMissed">It is over for longer than a look may take.</param>
internal readonly record struct DueTime(DateTimeOffset At, bool IsMissed);
