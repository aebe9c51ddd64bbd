using System.Buffers.Binary;
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
public sealed class IpcSubscription : IAsyncDisposable, ILeaseOwner
{
    // Guards the fields from _link on.
    private readonly Lock _gate = new();
    private readonly IpcClient _client;
    private readonly Func<uint, ReadOnlyMemory<byte>> _optionsForGen;
    private readonly long _window;
    private readonly TaskCompletionSource _left = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly MessageQueue _messages;
    private ClientLink? _link;
    private bool _isSubscribed;
    private bool _hasBeenUp;
    private uint _gen;
    private ulong _dseq;
    private long _toReturn;

    internal IpcSubscription(
        IpcClient client,
        uint id,
        string topic,
        Func<uint, ReadOnlyMemory<byte>> optionsForGen,
        long window,
        Func<int, bool>? runsInline
    )
    {
        _client = client;
        Id = id;
        Topic = topic;
        _optionsForGen = optionsForGen;
        _window = window;
        _messages = new MessageQueue(runsInline);
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

        if (_messages.TryTake(out var message))
        {
            return ValueTask.FromResult(message);
        }

        SubscribeIfNeeded();
        return _messages.ReadAsync(ct);
    }

    /// <summary>Tells the server, waits for its last frame, and ends the subscription.</summary>
    /// <param name="deadline">How long to wait for the answer; it ends in any case.</param>
    public async ValueTask UnsubscribeAsync(TimeSpan deadline)
    {
        ClientLink? link;
        lock (_gate)
        {
            link = _isSubscribed ? _link : null;
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
        _messages.Drop();
    }

    /// <summary>Drops what the server sends for this subscription and subscribes anew with the next generation.</summary>
    /// <remarks>For the reader, between two reads. It asks for the options at once if there is a connection.</remarks>
    public void Restart()
    {
        lock (_gate)
        {
            _isSubscribed = false;
        }

        // A connection that was lost meanwhile is still told.
        _messages.DropContent();
        SubscribeIfNeeded();
    }

    /// <summary>Gives a reader that waits a Reminder, so that it can look at the time; any thread.</summary>
    public void Remind() =>
        _messages.TryWake(new TopicMessage { Kind = TopicMessageKind.Reminder, Gen = Gen });

    /// <summary>Unsubscribes; waits at most 200 ms for the answer.</summary>
    public ValueTask DisposeAsync() => UnsubscribeAsync(TimeSpan.FromMilliseconds(200));

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
            if (_link is null || _isSubscribed || _messages.IsEnded || !_messages.IsEmpty)
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
            _messages.Push(
                new TopicMessage
                {
                    Kind = TopicMessageKind.Resumed,
                    At = link.Number,
                    HasDaemonChanged = hasDaemonChanged,
                }
            );
        }
        else
        {
            SubscribeIfNeeded();
        }
    }

    /// <summary>Takes its part of what the connection's machine decided.</summary>
    internal void OnConnection(
        ConnectionActions actions,
        in ConnectionFacts facts,
        ClientLink? link
    )
    {
        if (actions.HasFlag(ConnectionActions.DetachSubscriptions))
        {
            OnDown(facts.Reason);
        }
        else if (actions.HasFlag(ConnectionActions.ResumeSubscriptions) && link is not null)
        {
            OnUp(link, facts.HasDaemonChanged);
        }
        else if (actions.HasFlag(ConnectionActions.EndSubscriptions))
        {
            _client.Forget(this);
            End(facts.Reason);
        }
    }

    private void OnDown(string reason)
    {
        long number;
        lock (_gate)
        {
            number = _link?.Number ?? 0;
            _link = null;
            _isSubscribed = false;
        }

        _messages.Drop();
        _messages.Push(
            new TopicMessage
            {
                Kind = TopicMessageKind.Detached,
                At = number,
                Reason = reason,
            }
        );
    }

    internal void OnRefused(IpcError error)
    {
        _client.Forget(this);
        End(
            error.Code,
            new TopicMessage
            {
                Kind = TopicMessageKind.Refused,
                Gen = Gen,
                Error = error,
            }
        );
    }

    internal void End(string reason) =>
        End(reason, new TopicMessage { Kind = TopicMessageKind.Ended, Reason = reason });

    private void End(string reason, in TopicMessage last)
    {
        // Before the reader hears of it: it may ask at once.
        lock (_gate)
        {
            _isSubscribed = false;
        }

        _left.TrySetResult();
        _messages.TryEnd(reason, last);
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
            _messages.PushBookmark(
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
            _messages.Push(
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
                _messages.Push(
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
                _messages.Push(
                    new()
                    {
                        Kind = TopicMessageKind.Subscribed,
                        Gen = text.Gen,
                        At = ConnectionNumber,
                        Payload = lease,
                    }
                );
                break;
            case FrameKind.CaughtUp when IsCurrent(text.Gen):
                _messages.Push(
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

    private long ConnectionNumber
    {
        get
        {
            lock (_gate)
            {
                return _link?.Number ?? 0;
            }
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
        long number;
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
            number = _link?.Number ?? 0;
        }

        _messages.Drop();
        _messages.Push(
            new TopicMessage
            {
                Kind = TopicMessageKind.Detached,
                At = number,
                Reason = "dseq",
            }
        );
        _messages.Push(new TopicMessage { Kind = TopicMessageKind.Resumed, At = number });
        return false;
    }
}
