using System.Net.Sockets;
using SmartIpc.Framing;
using SmartIpc.Interop;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Connections;

/// <summary>Listens on a Unix socket and serves requests and topics.</summary>
/// <remarks>
/// The caller has checked the directory and holds the lock that makes it the only server of this path. One object is
/// one life: start once, stop once.
/// </remarks>
public sealed class IpcServer : IAsyncDisposable
{
    private const int Backlog = 512;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(2);
    private readonly ServerShared _shared;
    private readonly CancellationTokenSource _stopping = new();

    // Guards _connections, _isStopping and the tick's schedule.
    private readonly Lock _gate = new();
    private readonly Dictionary<ServerConnection, Task> _connections = [];
    private readonly ITimer _tick;
    private ListenSocket? _listener;
    private Task _accepting = Task.CompletedTask;
    private FileStream? _spareDescriptor;
    private bool _isStopping;

    /// <summary>Makes a server that does not listen yet.</summary>
    /// <param name="options">How it listens and what it allows.</param>
    /// <param name="requests">The methods.</param>
    /// <param name="topics">The topics.</param>
    /// <param name="observer">Hears what happens.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public IpcServer(
        IpcServerOptions options,
        RequestTable requests,
        ITopicSource topics,
        IIpcObserver? observer = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(topics);
        options.Validate();
        _shared = new ServerShared(options, requests, topics, observer ?? SilentObserver.Instance);
        _tick = options.TimeProvider.CreateTimer(
            static state => ((IpcServer)state!).Tick(), // The state is this server.
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>What the server has done.</summary>
    public IpcCounters Counters => _shared.Counters;

    /// <summary>Subscriptions of all connections.</summary>
    public int SubscriptionCount => _shared.Limits.Count;

    /// <summary>Makes the socket, 0600 from its first moment and under its name only once it listens, and accepts.</summary>
    /// <exception cref="IOException">The socket cannot be put in its place.</exception>
    /// <exception cref="SocketException">The socket cannot be made.</exception>
    public void Start()
    {
        if (_listener is not null)
        {
            throw new InvalidOperationException("The server has been started already.");
        }

        _spareDescriptor = OpenSpare();
        _listener = ListenSocket.Create(_shared.Options.SocketPath, Backlog);
        _accepting = AcceptAllAsync(_listener.Socket, _stopping.Token);
    }

    /// <summary>The clients and what they follow, as of now.</summary>
    public IReadOnlyCollection<PeerFacts> GetPeers()
    {
        ServerConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections.Keys];
        }

        var facts = new List<PeerFacts>(connections.Length);
        foreach (var connection in connections)
        {
            if (connection.IsGreeted)
            {
                facts.Add(connection.GetFacts());
            }
        }

        return facts;
    }

    /// <summary>True while no connection is being served; a test waits for that.</summary>
    internal bool AreParked
    {
        get
        {
            lock (_gate)
            {
                return _connections.Keys.All(connection => connection.IsParked);
            }
        }
    }

    /// <summary>Stops accepting, says bye to all clients and closes them; at most about two seconds.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="message">More about it, for people.</param>
    /// <param name="retryAfter">When clients should come back.</param>
    public async ValueTask StopAsync(ByeReason reason, string message, TimeSpan retryAfter)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);
        KeyValuePair<ServerConnection, Task>[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        foreach (var (connection, _) in connections)
        {
            connection.SayBye(Word(reason), message, retryAfter);
        }

        await EndAsync(connections).ConfigureAwait(false);
        await _tick.DisposeAsync().ConfigureAwait(false);
        _spareDescriptor?.Dispose();
        _stopping.Dispose();
        _shared.Watch.Dispose();
    }

    /// <summary>Stops as <see cref="StopAsync"/> does, with reason stop.</summary>
    public ValueTask DisposeAsync() =>
        StopAsync(ByeReason.Stop, "The server stops.", TimeSpan.Zero);

    private static async Task EndAsync(KeyValuePair<ServerConnection, Task>[] connections)
    {
        var all = Task.WhenAll(connections.Select(pair => pair.Value));
        try
        {
            // The system's time: a stop ends in real time whatever a test does with its clock.
            await all.WaitAsync(StopDeadline, TimeProvider.System).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            foreach (var (connection, _) in connections)
            {
                connection.Abort(new CloseReason("stop", "The server stops."));
            }

            await all.ConfigureAwait(false);
        }
    }

    private static string Word(ByeReason reason) =>
        reason switch
        {
            ByeReason.Handover => "handover",
            ByeReason.Idle => "idle",
            _ => "stop",
        };

    private static FileStream OpenSpare() =>
        new("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);

    private async Task AcceptAllAsync(Socket listener, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(ct).ConfigureAwait(false);
                Admit(socket);
            }
            catch (Exception e)
                when (ct.IsCancellationRequested
                    && e is SocketException or OperationCanceledException or ObjectDisposedException
                )
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                _shared.Observer.OnAcceptFailed(e);
                await RefuseOneAsync(listener, ct).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _shared.Observer.OnAcceptFailed(e);
                await PauseAsync(ct).ConfigureAwait(false);
            }
        }
    }

    private void Admit(Socket socket)
    {
        var options = _shared.Options;
        socket.Blocking = false;
        var credentials = options.ReadPeer(socket);
        var connection = Connect(socket, credentials);
        var refusal = Judge(credentials);
        lock (_gate)
        {
            refusal ??=
                _isStopping ? ("shutting-down", "The server stops.")
                : _connections.Count >= options.MaxConnections
                    ? ("busy", $"{options.MaxConnections} connections are open.")
                : null;
            _connections.Add(connection, Task.CompletedTask);
            if (_connections.Count == 1)
            {
                _tick.Change(_shared.TickInterval, _shared.TickInterval);
            }
        }

        _shared.Counters.CountAccepted();
        if (refusal is var (code, message))
        {
            _shared.Refuse(connection, connection.GetFacts().Peer, code, message);
        }
        else
        {
            SetSendBuffer(socket, options.SendBufferBytes);
        }

        var serving = ServeAsync(connection);
        lock (_gate)
        {
            if (_connections.ContainsKey(connection))
            {
                _connections[connection] = serving;
            }
        }
    }

    private ServerConnection Connect(Socket socket, in PeerCredentials credentials)
    {
        try
        {
            return new ServerConnection(socket, credentials, _shared);
        }
        catch (IOException)
        {
            socket.Dispose();
            throw;
        }
    }

    private (string Code, string Message)? Judge(in PeerCredentials peer)
    {
        var isOurs = peer.Uid == NativeMethods.GetEffectiveUserId();
        return isOurs || (_shared.Options.AllowRootPeer && peer.Uid == 0)
            ? null
            : ("peer", "This socket belongs to another user.");
    }

    private static void SetSendBuffer(Socket socket, int bytes)
    {
        try
        {
            socket.SendBufferSize = bytes;
        }
        catch (SocketException)
        {
            // The default is slower and does as well.
        }
    }

    private async Task ServeAsync(ServerConnection connection)
    {
        await connection.RunAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _connections.Remove(connection);
            if (_connections.Count == 0 && !_isStopping)
            {
                _tick.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task RefuseOneAsync(Socket listener, CancellationToken ct)
    {
        // Out of descriptors: the spare one lets one client in to be told, instead of leaving it hanging.
        _spareDescriptor?.Dispose();
        try
        {
            using var socket = await listener.AcceptAsync(ct).ConfigureAwait(false);
            _shared.Counters.CountAccepted();
            _shared.Counters.CountRefused();
            var options = _shared.Options;
            using var refusal = ControlWriter.Refuse(
                "busy",
                "The server has no descriptors left.",
                options.ProtocolMin,
                options.ProtocolMax
            );
            await socket.SendAsync(refusal.Sealed, SocketFlags.None, ct).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            await PauseAsync(ct).ConfigureAwait(false);
        }

        try
        {
            _spareDescriptor = OpenSpare();
        }
        catch (IOException)
        {
            // Somebody took the descriptor; the next client waits in the backlog.
            _spareDescriptor = null;
            await PauseAsync(ct).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(CancellationToken ct)
    {
        try
        {
            await Task.Delay(AcceptPause, _shared.Options.TimeProvider, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopping; the loop sees it.
        }
    }

    private void Tick()
    {
        ServerConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections.Keys];
        }

        var now = _shared.Options.TimeProvider.GetTimestamp();
        foreach (var connection in connections)
        {
            connection.Tick(now);
        }
    }
}

/// <summary>Why a server says bye.</summary>
public enum ByeReason
{
    /// <summary>It ends.</summary>
    Stop,

    /// <summary>Another one takes over at once.</summary>
    Handover,

    /// <summary>Nobody needs it.</summary>
    Idle,
}
