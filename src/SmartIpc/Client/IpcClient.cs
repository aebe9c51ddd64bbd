using System.Text.Json.Serialization.Metadata;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>A connection to a server that comes back by itself, with its subscriptions.</summary>
/// <remarks>
/// Connect once; a client whose first try fails is closed. All calls may be made from any thread. Requests that are
/// open when the connection goes fail as closed; subscriptions are restored.
/// </remarks>
public sealed class IpcClient : IAsyncDisposable
{
    private readonly IpcClientOptions _options;
    private readonly PendingRequests _pending;
    private readonly CancellationTokenSource _stopping = new();

    // Guards _facts, _link and _subscriptions.
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, IpcSubscription> _subscriptions = [];
    private readonly SilenceWatch _silence;
    private ConnectionFacts _facts = ConnectionFacts.Initial;
    private ClientLink? _link;
    private ServerWelcome? _welcome;
    private Task _loop = Task.CompletedTask;
    private uint _lastId;

    // Only the loop dials.
    private long _connections;

    /// <summary>Makes a client that is not connected.</summary>
    /// <param name="options">How it connects.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public IpcClient(IpcClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _pending = new PendingRequests(options);
        _silence = new SilenceWatch(
            options,
            () => Volatile.Read(ref _link),
            kind => Step(new ConnectionEvent(kind, Now, "silent"))
        );
    }

    /// <summary>Where the connection is.</summary>
    public ConnectionState State
    {
        get
        {
            lock (_gate)
            {
                return _facts.State;
            }
        }
    }

    /// <summary>What the server said last in its welcome, or null.</summary>
    public ServerWelcome? Welcome => Volatile.Read(ref _welcome);

    /// <summary>Which connection there is now, from 1; 0 if there is none.</summary>
    public long ConnectionNumber => Volatile.Read(ref _link)?.Number ?? 0;

    internal TimeProvider Time => _options.TimeProvider;

    private TimeSpan Now => Time.GetElapsedTime(0);

    /// <summary>Waits until somebody listens at the path.</summary>
    /// <param name="socketPath">The server's socket.</param>
    /// <param name="timeout">How long.</param>
    /// <param name="timeProvider">Time for the waiting.</param>
    /// <param name="ct">Stops the waiting.</param>
    /// <exception cref="IpcException">timeout, or peer if the socket is somebody else's.</exception>
    public static Task WaitForServerAsync(
        string socketPath,
        TimeSpan timeout,
        TimeProvider timeProvider,
        CancellationToken ct
    ) => Dialer.WaitForServerAsync(socketPath, timeout, timeProvider, ct);

    /// <summary>Connects and says hello.</summary>
    /// <param name="ct">Stops it; the client is closed then.</param>
    /// <exception cref="IpcException">not-running, peer, version, busy, shutting-down, timeout, closed or protocol.</exception>
    /// <exception cref="InvalidOperationException">It was connected before.</exception>
    public async Task ConnectAsync(CancellationToken ct)
    {
        if (Step(new ConnectionEvent(ConnectionEventKind.Start, Now)) == ConnectionActions.None)
        {
            throw new InvalidOperationException("A client is connected once.");
        }

        try
        {
            var link = await OpenLinkAsync(ct).ConfigureAwait(false);
            _loop = RunAsync(link);
        }
        catch (Exception e)
        {
            var code = (e as IpcException)?.Code ?? IpcErrorCode.Closed;
            Step(new ConnectionEvent(ConnectionEventKind.Failed, Now, code), ReconnectPolicy.None);
            throw;
        }
    }

    /// <summary>Asks and waits for the answer.</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <typeparam name="TReply">Type of the reply.</typeparam>
    /// <param name="method">The number of the method.</param>
    /// <param name="request">The question.</param>
    /// <param name="requestType">How it is written.</param>
    /// <param name="replyType">How the answer is read.</param>
    /// <param name="timeout">How long; null for the option's.</param>
    /// <param name="ct">Cancels it, here and at the server.</param>
    /// <exception cref="IpcRequestException">The server said no.</exception>
    /// <exception cref="IpcException">timeout, closed or protocol.</exception>
    public async Task<TReply> RequestAsync<TRequest, TReply>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        TimeSpan? timeout = null,
        CancellationToken ct = default
    )
    {
        using var reply = await RequestBinaryAsync(method, request, requestType, timeout, 0, ct)
            .ConfigureAwait(false);
        return RequestFrames.ReadReply(reply.Span, replyType);
    }

    /// <summary>Asks and waits for an answer whose bytes the caller reads itself and disposes.</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <param name="method">The number of the method.</param>
    /// <param name="request">The question.</param>
    /// <param name="requestType">How it is written.</param>
    /// <param name="timeout">How long; null for the option's.</param>
    /// <param name="connection">The connection that it makes sense on, from 1; closed if there is another one now. 0 for any.</param>
    /// <param name="ct">Cancels it, here and at the server.</param>
    /// <exception cref="IpcRequestException">The server said no.</exception>
    /// <exception cref="IpcException">timeout, closed or protocol.</exception>
    public Task<FrameLease> RequestBinaryAsync<TRequest>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        TimeSpan? timeout = null,
        long connection = 0,
        CancellationToken ct = default
    )
    {
        var id = Interlocked.Increment(ref _lastId);
        var frame = RequestFrames.Write(FrameKind.Request, id, method, request, requestType);
        return _pending.AskAsync(
            id,
            frame,
            () => GetLink(connection),
            timeout ?? _options.RequestTimeout,
            ct
        );
    }

    /// <summary>Tells something that is not answered; waits while too much is queued to be sent.</summary>
    /// <typeparam name="TRequest">Type of what is told.</typeparam>
    /// <param name="method">The number of the method.</param>
    /// <param name="request">What is told.</param>
    /// <param name="requestType">How it is written.</param>
    /// <param name="ct">Stops the waiting.</param>
    /// <exception cref="IpcException">closed.</exception>
    public async ValueTask NotifyAsync<TRequest>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        CancellationToken ct = default
    )
    {
        var link = GetLink();
        await link.WaitForRoomAsync().WaitAsync(ct).ConfigureAwait(false);
        if (!link.Send(RequestFrames.Write(FrameKind.Notify, 0, method, request, requestType)))
        {
            throw NotUp();
        }
    }

    /// <summary>Follows a topic; if the connection is not up, as soon as it is.</summary>
    /// <param name="topic">The name of the topic.</param>
    /// <param name="optionsForGen">Gives the options (JSON) for a generation: called once when there is a connection, and again inside a read after
    /// each loss, so that they name the reader's newest position.</param>
    /// <param name="creditBytes">How much the server may send beyond what was read, in bytes; at least 1.</param>
    /// <exception cref="IpcException">The client is closed.</exception>
    public IpcSubscription Subscribe(
        string topic,
        Func<uint, ReadOnlyMemory<byte>> optionsForGen,
        long creditBytes = 1024 * 1024
    )
    {
        ArgumentNullException.ThrowIfNull(optionsForGen);
        ArgumentOutOfRangeException.ThrowIfLessThan(creditBytes, 1);
        var id = Interlocked.Increment(ref _lastId);
        var added = new IpcSubscription(
            this,
            id,
            topic,
            optionsForGen,
            creditBytes,
            _options.RunsReaderInline
        );
        ClientLink? link;
        lock (_gate)
        {
            if (_facts.State == ConnectionState.Closed)
            {
                throw NotUp();
            }

            _subscriptions.Add(id, added);
            link = _link;
        }

        if (link is not null)
        {
            added.OnUp(link, hasDaemonChanged: false);
        }

        return added;
    }

    /// <summary>Ends the connection and all subscriptions; requests that are open fail as closed.</summary>
    public async ValueTask DisposeAsync()
    {
        Step(new ConnectionEvent(ConnectionEventKind.Stop, Now));
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        await _loop.ConfigureAwait(false);
        await _silence.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    internal void OnAnswer(in FrameHeader header, FrameAssembler assembler)
    {
        if (!_pending.TryAnswer(header, assembler) && header.Kind == FrameKind.Error)
        {
            FindSubscription(header.Id)?.OnRefused(ControlReader.Error(assembler.Payload.Span));
        }
    }

    internal IpcSubscription? FindSubscription(uint id)
    {
        lock (_gate)
        {
            return _subscriptions.GetValueOrDefault(id);
        }
    }

    internal void Forget(IpcSubscription subscription)
    {
        lock (_gate)
        {
            _subscriptions.Remove(subscription.Id);
        }
    }

    private static IpcException NotUp() => new(IpcErrorCode.Closed, "There is no connection.");

    private ClientLink GetLink(long connection = 0) =>
        Volatile.Read(ref _link) is { } link && (connection == 0 || link.Number == connection)
            ? link
            : throw NotUp();

    private async Task<ClientLink> OpenLinkAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping.Token);
        var socket = await Dialer.DialAsync(_options, either.Token).ConfigureAwait(false);
        var link = new ClientLink(socket, _options) { Number = ++_connections };
        try
        {
            Step(new ConnectionEvent(ConnectionEventKind.Connected, Now));
            var welcome = await link.GreetAsync(either.Token).ConfigureAwait(false);
            Volatile.Write(ref _welcome, welcome);
            lock (_gate)
            {
                _link = link;
            }

            Step(
                new ConnectionEvent(ConnectionEventKind.Welcomed, Now, DaemonId: welcome.DaemonId)
            );
            return link;
        }
        catch
        {
            await link.DropAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task RunAsync(ClientLink first)
    {
        var link = first;
        while (link is not null)
        {
            if (State == ConnectionState.Closed)
            {
                link.Abort(new CloseReason(IpcErrorCode.Closed, "The client was closed."));
            }

            var reason = await link.ReceiveAllAsync(this).ConfigureAwait(false);
            lock (_gate)
            {
                _link = null;
            }

            _pending.FailAll(reason);
            Miss(ConnectionEventKind.Lost, reason.Code, reason.RetryAfter);
            link = await ComeBackAsync().ConfigureAwait(false);
        }
    }

    private async Task<ClientLink?> ComeBackAsync()
    {
        while (true)
        {
            ConnectionFacts facts;
            lock (_gate)
            {
                facts = _facts;
            }

            if (facts.State == ConnectionState.Closed)
            {
                return null;
            }

            try
            {
                await Task.Delay(facts.RetryIn, Time, _stopping.Token).ConfigureAwait(false);
                Step(new ConnectionEvent(ConnectionEventKind.RetryDue, Now));
                return await OpenLinkAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
            catch (IpcException e)
            {
                Miss(ConnectionEventKind.Failed, e.Code, e.RetryAfter);
            }
        }
    }

    private void Miss(ConnectionEventKind kind, string code, TimeSpan retryAfter) =>
        Step(new ConnectionEvent(kind, Now, code, RetryAfter: retryAfter, Roll: _options.Roll()));

    private ConnectionActions Step(in ConnectionEvent happened, ReconnectPolicy? policy = null)
    {
        ConnectionFacts facts;
        ConnectionActions actions;
        ClientLink? link;
        IpcSubscription[] subscriptions;
        lock (_gate)
        {
            (_facts, actions) = ConnectionMachine.Step(
                _facts,
                happened,
                policy ?? _options.Reconnect
            );
            facts = _facts;
            link = _link;
            subscriptions = [.. _subscriptions.Values];
        }

        Act(actions, facts, link, subscriptions);
        if (actions.HasFlag(ConnectionActions.Tell))
        {
            _options.OnConnectionChange?.Invoke(facts.ToChange());
        }

        return actions;
    }

    private void Act(
        ConnectionActions actions,
        in ConnectionFacts facts,
        ClientLink? link,
        IpcSubscription[] subscriptions
    )
    {
        if (actions.HasFlag(ConnectionActions.Drop))
        {
            link?.Abort(
                new CloseReason(
                    facts.State == ConnectionState.Closed ? facts.Reason : "silent",
                    "Dropped."
                )
            );
        }

        if (actions.HasFlag(ConnectionActions.SendPing))
        {
            link?.Send(ControlWriter.Bytes(FrameKind.Ping, 0, "silence"u8));
        }

        if (actions.HasFlag(ConnectionActions.ResumeSubscriptions))
        {
            _silence.Start();
        }

        foreach (var subscription in subscriptions)
        {
            subscription.OnConnection(actions, facts, link);
        }
    }
}
