using Microsoft.Extensions.Time.Testing;

namespace Tspm.Daemon.Tests.Runs;

/// <summary>A clock that moves when the test says so; its wall clock can jump alone, as it does while a machine sleeps.</summary>
internal sealed class RigTime(Action news)
    : FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
{
    private readonly Lock _gate = new();
    private readonly List<TimeSpan> _due = [];
    private TimeSpan _slept;

    /// <summary>The machine sleeps: CLOCK_MONOTONIC and every timer stand still, the wall clock goes on.</summary>
    public void Sleep(TimeSpan time) => _slept += time;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _slept;

    /// <inheritdoc/>
    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(
        TimerCallback callback,
        object? state,
        TimeSpan dueTime,
        TimeSpan period
    )
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        lock (_gate)
        {
            _due.Add(dueTime);
        }

        news();
        return timer;
    }

    /// <summary>How many timers of a length were set until now.</summary>
    public int CountTimers(TimeSpan due)
    {
        lock (_gate)
        {
            return _due.Count(one => one == due);
        }
    }
}
