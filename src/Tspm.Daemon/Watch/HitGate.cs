namespace Tspm.Daemon.Watch;

/// <summary>Makes one restart of many changes that come together, and stops a program that changes its own files from being restarted for ever.</summary>
/// <remarks>Any thread. A stream of changes that does not end is let through after ten times the pause.</remarks>
internal sealed class HitGate(TimeProvider time, TimeSpan pause, Action<WatchHits> through)
    : IDisposable
{
    /// <summary>So many restarts within <see cref="Window"/> are a loop.</summary>
    public const int MostRestarts = 10;

    private const int MostPauses = 10;
    private readonly Lock _gate = new();

    // All guarded by _gate.
    private readonly Queue<long> _restarts = new();
    private ITimer? _timer;
    private string? _first;
    private int _count;
    private long _begin;
    private long _number;
    private bool _isHeld;
    private bool _isOver;

    /// <summary>The time in which restarts are counted, and how long is waited in a loop.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Something has changed.</summary>
    public void Hit(string path)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var now = time.GetTimestamp();
            if (_first is null)
            {
                (_first, _count, _begin) = (path, 0, now);
            }

            _count++;
            if (_isHeld)
            {
                return;
            }

            var left = pause * MostPauses - time.GetElapsedTime(_begin, now);
            Arm(left < pause ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : pause);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _timer?.Dispose();
        }
    }

    /// <summary>Under the gate.</summary>
    private void Arm(TimeSpan after)
    {
        _timer?.Dispose();
        var number = ++_number;
        _timer = time.CreateTimer(_ => Open(number), null, after, Timeout.InfiniteTimeSpan);
    }

    private void Open(long number)
    {
        WatchHits hits;
        lock (_gate)
        {
            if (_isOver || number != _number || _first is not { } first)
            {
                return;
            }

            var now = time.GetTimestamp();
            while (_restarts.TryPeek(out var old) && time.GetElapsedTime(old, now) >= Window)
            {
                _restarts.Dequeue();
            }

            _isHeld = false;
            var isLoop = _restarts.Count >= MostRestarts;
            hits = new WatchHits(first, _count, isLoop);
            if (isLoop)
            {
                // The first of those is let through after the pause; what comes meanwhile belongs to it.
                _restarts.Clear();
                _isHeld = true;
                Arm(Window);
            }
            else
            {
                _restarts.Enqueue(now);
                _first = null;
            }
        }

        through(hits);
    }
}

/// <summary>Changes that came together.</summary>
/// <param name="First">The first path.</param>
/// <param name="Count">How many there were.</param>
/// <param name="IsLoop">Nothing is done about them for a while: there were too many before.</param>
internal readonly record struct WatchHits(string First, int Count, bool IsLoop);
