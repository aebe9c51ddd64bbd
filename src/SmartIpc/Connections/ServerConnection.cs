using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SmartIpc.Framing;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Connections;

/// <summary>One client as the server has it: a receive loop, and the pump that it is.</summary>
internal sealed class ServerConnection : FramePump
{
    private static readonly TimeSpan FarewellDeadline = TimeSpan.FromSeconds(1);
    private readonly Socket _socket;
    private readonly ServerShared _shared;
    private readonly ReadableWait _readable;
    private readonly ServerFrameRule _rule;
    private readonly FrameAssembler _assembler;
    private readonly SubscriptionTable _subscriptions;
    private readonly OpenRequests _requests;
    private readonly CancellationTokenSource _closed = new();
    private readonly long _acceptedAt;
    private IpcPeer _peer;

    public ServerConnection(Socket socket, PeerCredentials credentials, ServerShared shared)
        : base(socket, shared.Options.TimeProvider)
    {
        _socket = socket;
        _shared = shared;
        _readable = shared.Watch.Add(socket);
        var options = shared.Options;
        _rule = new ServerFrameRule(options.MaxFrameBytes, options.MethodFrameLimits);
        _assembler = new FrameAssembler(_rule, 4096);
        _subscriptions = new SubscriptionTable(Signal, options, shared.Limits);
        _requests = new OpenRequests(
            shared.Requests,
            options,
            shared.Counters,
            shared.Observer,
            this,
            _closed.Token
        );
        _acceptedAt = options.TimeProvider.GetTimestamp();
        _peer = new IpcPeer(
            credentials.Pid,
            credentials.Uid,
            "",
            "",
            options.TimeProvider.GetUtcNow()
        );
    }

    public bool IsGreeted => _rule.IsGreeted;

    public PeerFacts GetFacts() => new(_peer, _requests.Count, _subscriptions.GetFacts());

    /// <summary>Serves the client until either side ends; does not throw.</summary>
    public async Task RunAsync()
    {
        await ReceiveAllAsync().ConfigureAwait(false);
        try
        {
            await Finished
                .WaitAsync(FarewellDeadline, _shared.Options.TimeProvider)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Abort(new CloseReason("stuck", "The peer does not take the last frames."));
            await Finished.ConfigureAwait(false);
        }

        _subscriptions.Dispose();
        _assembler.Dispose();
        _readable.Dispose();
        _closed.Dispose();
        if (IsGreeted)
        {
            // Finished, so there is a reason.
            _shared.Observer.OnDisconnected(_peer, Closing!.Code, Closing.Message);
        }
    }

    /// <summary>Looks at the deadlines; called every now and then.</summary>
    public void Tick(long now)
    {
        var options = _shared.Options;
        var time = options.TimeProvider;
        if (!IsGreeted)
        {
            if (
                Closing is null
                && time.GetElapsedTime(_acceptedAt, now) >= options.HandshakeDeadline
            )
            {
                _shared.Counters.CountTimeout();
                Abort(new CloseReason("timeout", "No hello within the deadline."));
            }

            return;
        }

        if (
            IsStuckSince(
                now - (long)(options.StuckDeadline.TotalSeconds * time.TimestampFrequency) + 1
            )
        )
        {
            _shared.Counters.CountTimeout();
            Abort(
                new CloseReason(
                    "stuck",
                    $"The peer took nothing for {options.StuckDeadline.TotalSeconds} s."
                )
            );
            return;
        }

        _subscriptions.RemindSince(
            now - (long)(_shared.RemindAfter.TotalSeconds * time.TimestampFrequency)
        );
    }

    /// <summary>Says bye and ends the connection.</summary>
    public void SayBye(string reason, string message, TimeSpan retryAfter) =>
        Close(new CloseReason(reason, message), ControlWriter.Bye(reason, message, retryAfter));

    protected override bool TryFill(out FrameBuffer frame) =>
        _subscriptions.TryFill(
            _shared.Options.TimeProvider.GetTimestamp(),
            _shared.Observer,
            out frame
        );

    protected override void OnIdle() => _subscriptions.ReleaseMemory();

    protected override void OnSent(int frameBytes) => _shared.Counters.CountOut(frameBytes);

    protected override void OnFinished()
    {
        // The socket is closed, which the watch is not told of.
        _readable.Set();
        try
        {
            _closed.Cancel();
        }
        catch (AggregateException e)
        {
            _shared.Observer.OnRequestFailed("cancellation", e);
        }
    }

    private async Task ReceiveAllAsync()
    {
        try
        {
            while (await ReceiveFrameAsync().ConfigureAwait(false))
            {
                _shared.Counters.CountIn(_assembler.Payload.Length);
                if (_assembler.Header.Kind == FrameKind.Subscribe)
                {
                    await SubscribeAsync().ConfigureAwait(false);
                }
                else
                {
                    Dispatch();
                }
            }

            Close(
                new CloseReason(
                    "left",
                    _assembler.IsAtBoundary ? "The peer hung up." : "The peer broke off."
                )
            );
        }
        catch (Exception e) when (e is ProtocolViolationException or JsonException)
        {
            if (Closing is null)
            {
                _shared.Counters.CountProtocolError();
            }

            SayBye("protocol", e.Message, TimeSpan.Zero);
        }
        catch (Exception e)
            when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Close(new CloseReason("lost", e.Message));
        }
        catch (Exception e)
        {
            _shared.Observer.OnRequestFailed("receive", e);
            SayBye("protocol", "The frame could not be handled.", TimeSpan.Zero);
        }
    }

    // Pooled: a follower's credit comes in once a batch.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReceiveFrameAsync()
    {
        while (Closing is null)
        {
            if (_assembler.TryRead())
            {
                return true;
            }

            var memory = _assembler.ReceiveMemory.Span;
            var count = _socket.Receive(memory, SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock or SocketError.Interrupted)
            {
                await _readable.WaitAsync().ConfigureAwait(false);
                continue;
            }

            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }

            if (count == 0)
            {
                return false;
            }

            _assembler.Received(count);
        }

        return false;
    }

    private void Dispatch()
    {
        var header = _assembler.Header;
        var payload = _assembler.Payload.Span;
        switch (header.Kind)
        {
            case FrameKind.Hello:
                Greet(ControlReader.Hello(payload));
                break;
            case FrameKind.Ping:
                Send(ControlWriter.Bytes(FrameKind.Pong, 0, payload));
                break;
            case FrameKind.Request or FrameKind.Notify:
                _requests.Start(_peer, header, payload);
                break;
            case FrameKind.Cancel:
                _requests.Cancel(header.Id);
                break;
            case FrameKind.Credit:
                AddCredit(header.Id, ControlReader.Stream(payload));
                break;
            case FrameKind.Unsubscribe:
                Unsubscribe(header.Id);
                break;
            default:
                // A pong, or a kind from 128 on that a newer client knows.
                break;
        }
    }

    private void Greet(ClientHello hello)
    {
        var options = _shared.Options;
        _peer = _peer with { ClientName = hello.ClientName, BuildId = hello.BuildId };
        var protocol = Math.Min(hello.ProtocolMax, options.ProtocolMax);
        if (protocol < hello.ProtocolMin || protocol < options.ProtocolMin)
        {
            var message =
                $"The client ({hello.ClientName}) speaks protocol {hello.ProtocolMin} to {hello.ProtocolMax}, "
                + $"this server (version {options.Version}) {options.ProtocolMin} to {options.ProtocolMax}.";
            _shared.Refuse(this, _peer, "version", message);
            return;
        }

        _rule.IsGreeted = true;
        var welcome = new ServerWelcome(
            protocol,
            options.DaemonId,
            options.BuildId,
            options.Version,
            options.Features,
            options.HeartbeatInterval,
            options.MaxFrameBytes
        );
        Send(ControlWriter.Welcome(welcome));
        _shared.Observer.OnConnected(_peer);
    }

    private async ValueTask SubscribeAsync()
    {
        var id = _assembler.Header.Id;
        var text = ControlReader.Subscribe(_assembler.Payload.Span);
        var subscription = _subscriptions.Add(id, text);
        if (subscription is null)
        {
            Send(
                ControlWriter.Error(
                    id,
                    new IpcError(IpcErrorCodes.Busy, "There are too many subscriptions.")
                )
            );
            return;
        }

        TopicCursor? cursor = null;
        IpcError? error;
        FrameBuffer? answer = null;
        try
        {
            var request = new SubscribeRequest(text.Topic, text.Gen, text.Options, _peer);
            var result = await _shared
                .Topics.OpenAsync(request, subscription, _closed.Token)
                .ConfigureAwait(false);
            if (result.TryGet(out cursor, out error))
            {
                answer = ControlWriter.Subscribed(id, text.Gen, cursor);
            }
        }
        catch (Exception e) when (!_closed.IsCancellationRequested)
        {
            _shared.Observer.OnTopicFailed(text.Topic, e);
            error = new IpcError(
                IpcErrorCodes.Internal,
                $"The topic '{text.Topic}' failed: {e.Message}"
            );
        }

        if (cursor is null || answer is null)
        {
            cursor?.Dispose();
            _subscriptions.Withdraw(subscription);
            // Without a cursor there is an error.
            Send(ControlWriter.Error(id, error!));
            return;
        }

        // The answer first: the pump gives this subscription no turn before it is opened.
        Send(answer);
        subscription.Open(cursor, _shared.Options.TimeProvider.GetTimestamp());
    }

    private void AddCredit(uint id, in StreamText credit)
    {
        if (credit.Amount is < 0 or > int.MaxValue)
        {
            throw new ProtocolViolationException(
                $"A credit of {credit.Amount} bytes is out of range."
            );
        }

        // One that is gone, or an older generation's: late, and harmless.
        if (_subscriptions.Find(id) is { } subscription && subscription.Gen == credit.Gen)
        {
            subscription.AddCredit(credit.Amount);
        }
    }

    private void Unsubscribe(uint id)
    {
        if (_subscriptions.Find(id) is { } subscription)
        {
            subscription.Leave(answer: true);
        }
        else
        {
            // It ended by itself meanwhile; the client waits for the last frame all the same.
            Send(ControlWriter.Bytes(FrameKind.Unsubscribed, id, []));
        }
    }
}
