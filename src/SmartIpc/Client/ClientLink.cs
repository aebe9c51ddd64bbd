using System.Net.Sockets;
using System.Text.Json;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>One connection of a client from its hello to its end; the client makes a new one after a loss.</summary>
internal sealed class ClientLink : FramePump
{
    private static readonly TimeSpan CancelLook = TimeSpan.FromMilliseconds(20);
    private readonly Socket _socket;
    private readonly IpcClientOptions _options;
    private readonly ClientFrameRule _rule;
    private readonly FrameAssembler _assembler;
    private long _heardAt;

    public ClientLink(Socket socket, IpcClientOptions options)
        : base(socket, options.TimeProvider)
    {
        _socket = socket;
        _options = options;
        _rule = new ClientFrameRule(options.MaxFrameBytes);
        _assembler = new FrameAssembler(_rule);
        Hear();
    }

    /// <summary>Which connection of its client it is, from 1.</summary>
    public long Number { get; init; }

    /// <summary>When the last frame came, as a time stamp.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    /// <summary>Says hello and waits for the answer.</summary>
    /// <exception cref="IpcException">The server refused, was silent or broke the protocol.</exception>
    public Task<ServerWelcome> GreetAsync(CancellationToken ct) =>
        OnReceiverAsync(() => GreetHereAsync(ct));

    /// <summary>Receives until the connection ends and says why; does not throw.</summary>
    public Task<CloseReason> ReceiveAllAsync(IpcClient client) =>
        OnReceiverAsync(() => ReceiveAllHereAsync(client));

    private async Task<ServerWelcome> GreetHereAsync(CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(
            _options.HandshakeDeadline,
            _options.TimeProvider
        );
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            Send(ControlWriter.Hello(Dialer.MakeHello(_options)));
            if (!await ReceiveFrameAsync(either.Token).ConfigureAwait(false))
            {
                throw new IpcException(
                    IpcErrorCode.Closed,
                    "The server hung up before it said welcome."
                );
            }

            var welcome = Dialer.ReadAnswer(_assembler.Header, _assembler.Payload.Span);
            _rule.IsGreeted = true;
            return welcome;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IpcException(
                IpcErrorCode.Timeout,
                "The server did not answer the hello in time."
            );
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IpcException(
                IpcErrorCode.Closed,
                "The connection broke before the welcome.",
                e
            );
        }
        catch (ProtocolViolationException e)
        {
            throw new IpcException(IpcErrorCode.Protocol, e.Message, e);
        }
    }

    private async Task<CloseReason> ReceiveAllHereAsync(IpcClient client)
    {
        CloseReason? farewell = null;
        try
        {
            while (await ReceiveFrameAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (_assembler.Header.Kind == FrameKind.Bye)
                {
                    var (code, message, retryAfter) = ControlReader.Farewell(
                        _assembler.Payload.Span
                    );
                    farewell = new CloseReason(code, message, retryAfter);
                    Close(farewell);
                    break;
                }

                Dispatch(client);
            }

            Close(new CloseReason(IpcErrorCode.Closed, "The server hung up."));
        }
        catch (Exception e) when (e is ProtocolViolationException or JsonException)
        {
            Close(new CloseReason(IpcErrorCode.Protocol, e.Message));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close(new CloseReason(IpcErrorCode.Closed, e.Message));
        }

        // Whatever is still to be sent has nobody to read it.
        var reason = farewell ?? Closing!; // Closed above, so there is a reason.
        await DropAsync().ConfigureAwait(false);
        return reason;
    }

    /// <summary>Ends the link when nobody receives on it.</summary>
    public async Task DropAsync()
    {
        Abort(new CloseReason(IpcErrorCode.Closed, "The connection is not wanted any more."));
        await Finished.ConfigureAwait(false);
        Dispose();
        _assembler.Dispose();
    }

    /// <summary>False: a server that hangs up may have said why, and that is still to be read when sending fails.</summary>
    protected override bool OwnsSocket => false;

    protected override bool TryFill(out FrameBuffer frame)
    {
        frame = null!; // Not looked at after false.
        return false;
    }

    protected override void OnFinished() { }

    private bool HasThread => _options.RunsReaderInline is not null;

    /// <summary>Starts it on a thread of its own if that is how this link receives: there it goes on without a hop until it ends.</summary>
    private Task<T> OnReceiverAsync<T>(Func<Task<T>> work) =>
        HasThread
            ? Task
                .Factory.StartNew(
                    work,
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default
                )
                .Unwrap()
            : work();

    /// <summary>Receives on the thread that calls, which sleeps in poll(2) on the socket: the runtime's socket engine is never asked.</summary>
    private int Receive(Span<byte> memory, CancellationToken ct)
    {
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            _socket.Poll(
                ct.CanBeCanceled ? CancelLook : Timeout.InfiniteTimeSpan,
                SelectMode.SelectRead
            );
            var count = _socket.Receive(memory, SocketFlags.None, out var error);
            if (error == SocketError.Success)
            {
                return count;
            }

            if (error is not (SocketError.WouldBlock or SocketError.Interrupted))
            {
                throw new SocketException((int)error);
            }
        }
    }

    private async ValueTask<bool> ReceiveFrameAsync(CancellationToken ct)
    {
        while (!_assembler.TryRead())
        {
            var count = HasThread
                ? Receive(_assembler.ReceiveMemory.Span, ct)
                : await _socket
                    .ReceiveAsync(_assembler.ReceiveMemory, SocketFlags.None, ct)
                    .ConfigureAwait(false);
            if (count == 0)
            {
                return false;
            }

            Hear();
            _assembler.Received(count);
        }

        return true;
    }

    private void Hear() => Volatile.Write(ref _heardAt, _options.TimeProvider.GetTimestamp());

    private void Dispatch(IpcClient client)
    {
        var header = _assembler.Header;
        switch (header.Kind)
        {
            case FrameKind.Ping:
                Send(ControlWriter.Bytes(FrameKind.Pong, 0, _assembler.Payload.Span));
                break;
            case FrameKind.Reply or FrameKind.Error:
                client.OnAnswer(header, _assembler);
                break;
            case FrameKind.Subscribed
            or FrameKind.Batch
            or FrameKind.Gap
            or FrameKind.CaughtUp
            or FrameKind.Unsubscribed
            or FrameKind.Ended:
                client.FindSubscription(header.Id)?.OnFrame(header, _assembler);
                break;
            default:
                // A pong, which was heard, or a kind from 128 on that a newer server knows.
                break;
        }
    }
}
