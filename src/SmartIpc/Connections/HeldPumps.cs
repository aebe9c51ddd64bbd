namespace SmartIpc.Connections;

/// <summary>The connections that one thread woke and serves itself at the end of its turn, when it would only sleep.</summary>
/// <remarks>
/// Waking a thread of the pool takes tens of microseconds, filling and sending a small frame about ten: a line that comes alone
/// is with its readers sooner so. A thread calls <see cref="Hold"/> before its last step, and <see cref="Run"/> after it; what
/// it wakes at other times, and all beyond <see cref="Most"/>, goes to the pool at once. Each thread has its own.
/// </remarks>
public sealed class HeldPumps
{
    /// <summary>Connections that a thread serves itself at the most.</summary>
    public const int Most = 4;

    [ThreadStatic]
    private static HeldPumps? _holding;

    private readonly FramePump[] _pumps = new FramePump[Most];
    private int _count;

    /// <summary>From now on this thread holds what it wakes, until <see cref="Run"/> or <see cref="HandOver"/>.</summary>
    public void Hold() => _holding = this;

    /// <summary>Serves what was held, on this thread: at most about 64 KiB each and never waiting for a reader; the pool does the rest.</summary>
    public void Run()
    {
        _holding = null;
        for (var i = 0; i < _count; i++)
        {
            _pumps[i].RunHeld();
        }

        Forget();
    }

    /// <summary>Gives what was held to the pool: this thread has work of its own.</summary>
    public void HandOver()
    {
        _holding = null;
        for (var i = 0; i < _count; i++)
        {
            _pumps[i].GoOnInPool();
        }

        Forget();
    }

    internal static bool TryHold(FramePump pump) => _holding is { } held && held.TryAdd(pump);

    private bool TryAdd(FramePump pump)
    {
        if (_count == Most)
        {
            return false;
        }

        _pumps[_count++] = pump;
        return true;
    }

    private void Forget()
    {
        Array.Clear(_pumps, 0, _count);
        _count = 0;
    }
}
