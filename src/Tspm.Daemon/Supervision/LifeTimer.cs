using Tspm.Daemon.Supervision.Life;

namespace Tspm.Daemon.Supervision;

/// <summary>The one timer of a process; what it says after it was set anew or stopped is let go.</summary>
internal sealed class LifeTimer(TimeProvider time, Action<TimerMessage> post)
{
    private ITimer? _timer;
    private long _number;

    /// <summary>When the next try is due, monotonic; 0 if none.</summary>
    public long RetryAt { get; private set; }

    /// <summary>Whether a message is of the timer that is set now.</summary>
    public bool IsWanted(TimerMessage message) => message.Number == _number;

    /// <summary>Sets it.</summary>
    public void Set(SetTimer wanted)
    {
        Stop();
        var number = _number;
        if (wanted.Kind == TimerKind.Retry)
        {
            RetryAt =
                time.GetTimestamp() + (long)(wanted.After.TotalSeconds * time.TimestampFrequency);
        }

        _timer = time.CreateTimer(
            _ => post(new TimerMessage(number, wanted.Kind)),
            null,
            wanted.After,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>Stops it.</summary>
    public void Stop()
    {
        _number++;
        _timer?.Dispose();
        _timer = null;
        RetryAt = 0;
    }
}
