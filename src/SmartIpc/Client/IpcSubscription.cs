using System.Buffers.Binary;
using System.Threading.Tasks.Sources;
using SmartIpc.Framing;
using SmartIpc.Requests;

namespace SmartIpc.Client;

/// <summary>A topic that is followed, over all connections of its client.</summary>
/// <remarks>
/// One reader at a time. After a lost connection the reader gets Detached and Resumed, and its next
/// <see cref="ReadAsync"/> subscribes again with the next generation: the options are asked for before the
/// first message and inside a read, never while the reader handles a message, so the position that
/// they name is exact. The queue is bounded by the credit given and a number of control messages; a server that sends
/// more is cut off.
/// </remarks>
public sealed class IpcSubscription : IAsyncDisposable, ILeaseOwner, IValueTaskSource<TopicMessage>
{
    private const int MaxQueued = 64 * 1024;

    // Guards all fields below.
    private readonly Lock _gate = new();
    private readonly IpcClient _client;
    private readonly Func<uint, ReadOnlyMemory<byte>> _optionsForGen;
    private readonly long _window;
    private readonly TaskCompletionSource _left = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );

    // Full means that the server sends without credit: the connection is dropped.
    private readonly Queue<TopicMessage> _queue = new();
    private TopicMessage? _bookmark;
    private ManualResetValueTaskSourceCore<TopicMessage> _waiter;
    private CancellationTokenRegistration _cancellation;
    private bool _isWaiting;
    private ClientLink? _link;
    private bool _isSubscribed;
    private bool _hasBeenUp;
    private uint _gen;
    private ulong _dseq;
    private long _toReturn;
    private string? _endReason;

    internal IpcSubscription(
        IpcClient client,
        uint id,
        string topic,
        Func<uint, ReadOnlyMemory<byte>> optionsForGen,
        long window,
        bool runInline
    )
    {
        _client = client;
        Id = id;
        Topic = topic;
        _optionsForGen = optionsForGen;
        _window = window;
        _waiter.RunContinuationsAsynchronously = !runInline;
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The generation last asked for; 0 before the first.</summary>
    public uint Gen
    {
        get
        {
            lock (_gate)
            {
                return _gen;
            }
        }
    }

    internal uint Id { get; }

    /// <summary>The next message; waits for one. After Refused or Ended it is Ended again and again.</summary>
    /// <param name="ct">Stops the waiting; nothing is lost by it.</param>
    /// <exception cref="InvalidOperationException">Another read is waiting.</exception>
    public ValueTask<TopicMessage> ReadAsync(CancellationToken ct = default)
    {
        if (ct.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TopicMessage>(ct);
        }

        if (TryTake(out var message))
        {
            return ValueTask.FromResult(message);
        }

        SubscribeIfNeeded();
        ValueTask<TopicMessage> waiting;
        lock (_gate)
        {
            if (TryTakeLocked(out message))
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
                static (state, token) => ((IpcSubscription)state!).CancelWait(token), // The state is this.
                this
            );
        }

        return waiting;
    }

    /// <summary>Tells the server, waits for its last frame, and ends the subscription.</summary>
    /// <param name="deadline">How long to wait for the answer; it ends in any case.</param>
    public async ValueTask UnsubscribeAsync(TimeSpan deadline)
    {
        ClientLink? link;
        lock (_gate)
        {
            link = _isSubscribed && _endReason is null ? _link : null;
        }

        if (link is not null && link.Send(ControlWriter.Bytes(FrameKind.Unsubscribe, Id, [])))
        {
            try
            {
                await _left.Task.WaitAsync(deadline, _client.Time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Late frames find no subscription and are skipped.
            }
        }

        _client.Forget(this);
        End("unsubscribed");
        Drop();
    }

    /// <summary>Unsubscribes; waits at most 200 ms for the answer.</summary>
    public ValueTask DisposeAsync() => UnsubscribeAsync(TimeSpan.FromMilliseconds(200));

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

    void ILeaseOwner.OnReturned(uint gen, int bytes)
    {
        ClientLink? link;
        long amount;
        lock (_gate)
        {
            if (gen != _gen || !_isSubscribed)
            {
                return;
            }

            _toReturn += bytes;
            if (_toReturn < Math.Max(1, _window / 4))
            {
                return;
            }

            amount = _toReturn;
            _toReturn = 0;
            link = _link;
        }

        link?.Send(ControlWriter.Credit(Id, gen, amount));
    }

    /// <summary>Subscribes if there is a connection and no subscription on it.</summary>
    internal void SubscribeIfNeeded()
    {
        ClientLink? link;
        uint gen;
        lock (_gate)
        {
            if (_link is null || _isSubscribed || _endReason is not null || _queue.Count > 0)
            {
                return;
            }

            link = _link;
            gen = ++_gen;
            _dseq = 0;
            _toReturn = 0;
            _isSubscribed = true;
        }

        var options = _optionsForGen(gen);
        link.Send(ControlWriter.Subscribe(Id, Topic, gen, _window, options.Span));
    }

    internal void OnUp(ClientLink link, bool hasDaemonChanged)
    {
        bool isAgain;
        lock (_gate)
        {
            _link = link;
            _isSubscribed = false;
            isAgain = _hasBeenUp;
            _hasBeenUp = true;
        }

        if (isAgain || Gen > 0)
        {
            Push(
                new TopicMessage
                {
                    Kind = TopicMessageKind.Resumed,
                    HasDaemonChanged = hasDaemonChanged,
                }
            );
        }
        else
        {
            SubscribeIfNeeded();
        }
    }

    internal void OnDown(string reason)
    {
        lock (_gate)
        {
            _link = null;
            _isSubscribed = false;
        }

        Drop();
        Push(new TopicMessage { Kind = TopicMessageKind.Detached, Reason = reason });
    }

    internal void OnRefused(IpcError error)
    {
        _client.Forget(this);
        Push(
            new TopicMessage
            {
                Kind = TopicMessageKind.Refused,
                Gen = Gen,
                Error = error,
            }
        );
        End(error.Code, tell: false);
    }

    internal void End(string reason, bool tell = true)
    {
        lock (_gate)
        {
            if (_endReason is not null)
            {
                return;
            }

            _endReason = reason;
            _isSubscribed = false;
        }

        _left.TrySetResult();
        if (tell)
        {
            Push(new TopicMessage { Kind = TopicMessageKind.Ended, Reason = reason });
        }
    }

    /// <summary>Takes a frame of the receive loop; older generations are skipped.</summary>
    internal void OnFrame(in FrameHeader header, FrameAssembler assembler)
    {
        if (header.Kind == FrameKind.Unsubscribed)
        {
            _left.TrySetResult();
        }
        else if (header.Kind == FrameKind.Batch)
        {
            OnBatch(header, assembler);
        }
        else
        {
            OnControl(header.Kind, ControlReader.Stream(assembler.Payload.Span));
        }
    }

    private void OnBatch(in FrameHeader header, FrameAssembler assembler)
    {
        var payload = assembler.Payload.Span;
        if (payload.Length < Topics.TopicFrame.BatchPrefixBytes)
        {
            throw new ProtocolViolationException(
                "A batch is shorter than its generation and number."
            );
        }

        var gen = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        if (!IsNext(gen, BinaryPrimitives.ReadUInt64LittleEndian(payload[8..])))
        {
            return;
        }

        if (header.Flags.HasFlag(FrameFlags.Free))
        {
            PutBookmark(
                new()
                {
                    Kind = TopicMessageKind.Bookmark,
                    Gen = gen,
                    Payload = assembler.TakePayload(),
                }
            );
        }
        else
        {
            Push(
                new()
                {
                    Kind = TopicMessageKind.Batch,
                    Gen = gen,
                    Payload = assembler.TakePayload(this, gen),
                }
            );
        }
    }

    private void OnControl(FrameKind kind, in StreamText text)
    {
        switch (kind)
        {
            case FrameKind.Gap when IsNext(text.Gen, text.Dseq):
                Push(
                    new()
                    {
                        Kind = TopicMessageKind.Gap,
                        Gen = text.Gen,
                        Gap = text.Gap,
                    }
                );
                break;
            case FrameKind.Subscribed when IsCurrent(text.Gen):
                var info = text.InfoUtf8;
                var copy = System.Buffers.ArrayPool<byte>.Shared.Rent(Math.Max(1, info.Length));
                info.CopyTo(copy);
                var lease = new FrameLease(copy, info.Length);
                Push(
                    new()
                    {
                        Kind = TopicMessageKind.Subscribed,
                        Gen = text.Gen,
                        Payload = lease,
                    }
                );
                break;
            case FrameKind.CaughtUp when IsCurrent(text.Gen):
                Push(
                    new()
                    {
                        Kind = TopicMessageKind.CaughtUp,
                        Gen = text.Gen,
                        At = text.Amount,
                    }
                );
                break;
            case FrameKind.Ended when IsCurrent(text.Gen):
                _client.Forget(this);
                End(text.Gap.Reason);
                break;
            default:
                // Of an older generation.
                break;
        }
    }

    private bool IsCurrent(uint gen)
    {
        lock (_gate)
        {
            return _isSubscribed && gen == _gen;
        }
    }

    /// <summary>True for the next of the current generation. After a jump the stream is broken and asked for anew.</summary>
    private bool IsNext(uint gen, ulong dseq)
    {
        lock (_gate)
        {
            if (!_isSubscribed || gen != _gen)
            {
                return false;
            }

            if (dseq == _dseq + 1)
            {
                _dseq = dseq;
                return true;
            }

            _isSubscribed = false;
        }

        Drop();
        Push(new TopicMessage { Kind = TopicMessageKind.Detached, Reason = "dseq" });
        Push(new TopicMessage { Kind = TopicMessageKind.Resumed });
        return false;
    }

    private void PutBookmark(in TopicMessage bookmark)
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                // Only the newest one counts, however long nobody reads.
                _bookmark?.Dispose();
                _bookmark = bookmark;
                return;
            }
        }

        Push(bookmark);
    }

    private void Push(in TopicMessage message)
    {
        lock (_gate)
        {
            if (_isWaiting)
            {
                _isWaiting = false;
            }
            else
            {
                if (_queue.Count >= MaxQueued)
                {
                    message.Dispose();
                    throw new ProtocolViolationException(
                        "The server sends more than the credit allows."
                    );
                }

                if (_bookmark is { } bookmark)
                {
                    _queue.Enqueue(bookmark);
                    _bookmark = null;
                }

                _queue.Enqueue(message);
                return;
            }
        }

        // Outside of the lock: the reader may go on in here.
        _waiter.SetResult(message);
    }

    private bool TryTake(out TopicMessage message)
    {
        lock (_gate)
        {
            return TryTakeLocked(out message);
        }
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

        _waiter.SetException(new OperationCanceledException(ct));
    }

    /// <summary>Forgets what was not read: it will be asked for again.</summary>
    private void Drop()
    {
        List<TopicMessage> dropped;
        lock (_gate)
        {
            dropped = [.. _queue];
            _queue.Clear();
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
}
