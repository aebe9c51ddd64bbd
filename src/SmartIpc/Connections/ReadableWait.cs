using System.Threading.Tasks.Sources;

namespace SmartIpc.Connections;

/// <summary>Where the receive loop of one connection waits for input; remembers one call that came while nobody waited.</summary>
/// <remarks>The loop reads until the socket has no more before it waits: the watch tells of new input once.</remarks>
internal sealed class ReadableWait(ReadableWatch watch, ulong tag) : IValueTaskSource, IDisposable
{
    private const int Nothing = 0;
    private const int Told = 1;
    private const int Waiting = 2;
    private ManualResetValueTaskSourceCore<bool> _source = new()
    {
        RunContinuationsAsynchronously = true,
    };
    private int _state;

    /// <summary>Its number in the watch.</summary>
    public ulong Tag { get; } = tag;

    /// <summary>Completes when there may be input, or the connection has ended. One waiter at a time.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Nothing, Told) == Told)
        {
            return ValueTask.CompletedTask;
        }

        _source.Reset();
        var waiting = new ValueTask(this, _source.Version);
        if (Interlocked.CompareExchange(ref _state, Waiting, Nothing) == Told)
        {
            Volatile.Write(ref _state, Nothing);
            return ValueTask.CompletedTask;
        }

        return waiting;
    }

    /// <summary>Has the loop look; any thread, runs nothing here.</summary>
    public void Set()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == Told)
            {
                return;
            }

            var next = state == Waiting ? Nothing : Told;
            if (Interlocked.CompareExchange(ref _state, next, state) != state)
            {
                continue;
            }

            if (state == Waiting)
            {
                _source.SetResult(true);
            }

            return;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => watch.Forget(this);

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _source.OnCompleted(continuation, state, token, flags);
}
