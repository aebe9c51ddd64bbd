using System.Threading.Tasks.Sources;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>What a subscription holds for its one reader, who waits here without allocating.</summary>
internal sealed class MessageQueue(Func<int, bool>? runsInline) : IValueTaskSource<TopicMessage>
{
    private const int MaxQueued = 64 * 1024;

    // Guards all fields below.
    private readonly Lock _gate = new();

    // Full means that the server sends without credit: the connection is dropped.
    private readonly Queue<TopicMessage> _queue = new();
    private TopicMessage? _bookmark;
    private ManualResetValueTaskSourceCore<TopicMessage> _waiter;
    private CancellationTokenRegistration _cancellation;
    private bool _isWaiting;
    private string? _endReason;

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count == 0;
            }
        }
    }

    public bool IsEnded
    {
        get
        {
            lock (_gate)
            {
                return _endReason is not null;
            }
        }
    }

    /// <summary>Takes the next message, or Ended when there is none and none comes.</summary>
    public bool TryTake(out TopicMessage message)
    {
        lock (_gate)
        {
            return TryTakeLocked(out message);
        }
    }

    public ValueTask<TopicMessage> ReadAsync(CancellationToken ct)
    {
        ValueTask<TopicMessage> waiting;
        lock (_gate)
        {
            if (TryTakeLocked(out var message))
            {
                return ValueTask.FromResult(message);
            }

            if (_isWaiting)
            {
                throw new InvalidOperationException("A subscription has one reader at a time.");
            }

            _waiter.Reset();
            _isWaiting = true;
            waiting = new ValueTask<TopicMessage>(this, _waiter.Version);
        }

        if (ct.CanBeCanceled)
        {
            _cancellation = ct.UnsafeRegister(
                static (state, token) => ((MessageQueue)state!).CancelWait(token), // The state is this.
                this
            );
        }

        return waiting;
    }

    /// <summary>Gives a message to the reader; from the receive loop, which the reader may go on in.</summary>
    public void Push(in TopicMessage message)
    {
        lock (_gate)
        {
            if (_isWaiting)
            {
                _isWaiting = false;
            }
            else
            {
                Enqueue(message);
                return;
            }
        }

        // Outside of the lock: the reader may go on in here.
        _waiter.RunContinuationsAsynchronously =
            runsInline is null || !runsInline(message.Payload?.Length ?? 0);
        _waiter.SetResult(message);
    }

    /// <summary>Gives a message to a reader that waits; does nothing if none does.</summary>
    public void TryWake(in TopicMessage message)
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                return;
            }

            _isWaiting = false;
        }

        _waiter.RunContinuationsAsynchronously = true;
        _waiter.SetResult(message);
    }

    /// <summary>Puts a bookmark behind the rest; only the newest one counts, however long nobody reads.</summary>
    public void PushBookmark(in TopicMessage bookmark)
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                _bookmark?.Dispose();
                _bookmark = bookmark;
                return;
            }
        }

        Push(bookmark);
    }

    /// <summary>Puts the last message behind the rest and has reads say Ended after it; false if that was said before.</summary>
    /// <remarks>One step: a reader that takes the last message and comes back must find the end, or it waits for ever.</remarks>
    public bool TryEnd(string reason, in TopicMessage last)
    {
        lock (_gate)
        {
            if (_endReason is not null)
            {
                return false;
            }

            _endReason = reason;
            if (!_isWaiting)
            {
                Enqueue(last);
                return true;
            }

            _isWaiting = false;
        }

        _waiter.RunContinuationsAsynchronously = true;
        _waiter.SetResult(last);
        return true;
    }

    /// <summary>Forgets what was not read: it will be asked for again.</summary>
    public void Drop() => Drop(static _ => false);

    /// <summary>Forgets what was not read of the topic, but not what happened to the connection.</summary>
    public void DropContent() =>
        Drop(static kind =>
            kind
                is TopicMessageKind.Detached
                    or TopicMessageKind.Resumed
                    or TopicMessageKind.Refused
                    or TopicMessageKind.Ended
        );

    private void Drop(Func<TopicMessageKind, bool> isKept)
    {
        List<TopicMessage> dropped;
        lock (_gate)
        {
            dropped = [.. _queue.Where(message => !isKept(message.Kind))];
            var kept = _queue.Where(message => isKept(message.Kind)).ToList();
            _queue.Clear();
            foreach (var message in kept)
            {
                _queue.Enqueue(message);
            }

            if (_bookmark is { } bookmark)
            {
                dropped.Add(bookmark);
                _bookmark = null;
            }
        }

        foreach (var message in dropped)
        {
            message.Dispose();
        }
    }

    TopicMessage IValueTaskSource<TopicMessage>.GetResult(short token)
    {
        _cancellation.Dispose();
        return _waiter.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<TopicMessage>.GetStatus(short token) =>
        _waiter.GetStatus(token);

    void IValueTaskSource<TopicMessage>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _waiter.OnCompleted(continuation, state, token, flags);

    private void Enqueue(in TopicMessage message)
    {
        if (_queue.Count >= MaxQueued)
        {
            message.Dispose();
            throw new ProtocolViolationException("The server sends more than the credit allows.");
        }

        if (_bookmark is { } bookmark)
        {
            _queue.Enqueue(bookmark);
            _bookmark = null;
        }

        _queue.Enqueue(message);
    }

    private bool TryTakeLocked(out TopicMessage message)
    {
        if (_queue.TryDequeue(out message))
        {
            return true;
        }

        if (_bookmark is { } bookmark)
        {
            message = bookmark;
            _bookmark = null;
            return true;
        }

        message = new TopicMessage { Kind = TopicMessageKind.Ended, Reason = _endReason ?? "" };
        return _endReason is not null;
    }

    private void CancelWait(CancellationToken ct)
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                return;
            }

            _isWaiting = false;
        }

        _waiter.RunContinuationsAsynchronously = true;
        _waiter.SetException(new OperationCanceledException(ct));
    }
}
