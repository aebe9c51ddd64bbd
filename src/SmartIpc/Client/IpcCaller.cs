using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>Asks on the caller's own thread: for a command that asks a thing or two and ends.</summary>
/// <remarks>
/// A blocking socket: no event loop, no thread and no timer is started, and the hello goes out in one write with the
/// first request. For one thread at a time; after an <see cref="IpcException"/> that is no
/// <see cref="IpcRequestException"/> it is of no more use.
/// </remarks>
public sealed class IpcCaller : IDisposable
{
    private readonly IpcClientOptions _options;
    private readonly Socket _socket;
    private readonly ClientFrameRule _rule;
    private readonly FrameAssembler _assembler;
    private uint _lastId;

    private IpcCaller(IpcClientOptions options, Socket socket)
    {
        _options = options;
        _socket = socket;
        _rule = new ClientFrameRule(options.MaxFrameBytes);
        _assembler = new FrameAssembler(_rule);
    }

    /// <summary>What the server said in its welcome; null before the first answer.</summary>
    public ServerWelcome? Welcome { get; private set; }

    /// <summary>Connects; nothing is sent before the first request.</summary>
    /// <param name="options">How; the time provider is not used.</param>
    /// <exception cref="IpcException">not-running, peer or timeout.</exception>
    public static IpcCaller Connect(IpcClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Dialer.CheckOwners(options);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Bounds the wait for a place in the backlog, too.
            socket.SendTimeout = (int)options.ConnectDeadline.TotalMilliseconds;
            using var location = SocketLocation.Open(options.SocketPath);
            socket.Connect(location.EndPoint);
            Dialer.CheckServer(socket, options);
            return new IpcCaller(options, socket);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            socket.Dispose();
            throw Dialer.Explain(e, options.SocketPath);
        }
        catch
        {
            socket.Dispose();
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
    /// <exception cref="IpcRequestException">The server said no.</exception>
    /// <exception cref="IpcException">peer, version, busy, shutting-down, timeout, closed or protocol.</exception>
    public TReply Request<TRequest, TReply>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        TimeSpan? timeout = null
    )
    {
        Ask(method, request, requestType, timeout);
        return RequestFrames.ReadReply(_assembler.Payload.Span, replyType);
    }

    /// <summary>Asks and waits for an answer whose bytes the caller reads itself and disposes.</summary>
    /// <typeparam name="TRequest">Type of the request.</typeparam>
    /// <param name="method">The number of the method.</param>
    /// <param name="request">The question.</param>
    /// <param name="requestType">How it is written.</param>
    /// <param name="timeout">How long; null for the option's.</param>
    /// <exception cref="IpcRequestException">The server said no.</exception>
    /// <exception cref="IpcException">peer, version, busy, shutting-down, timeout, closed or protocol.</exception>
    public FrameLease RequestBinary<TRequest>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        TimeSpan? timeout = null
    )
    {
        Ask(method, request, requestType, timeout);
        return _assembler.TakePayload();
    }

    /// <summary>Hangs up.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _assembler.Dispose();
    }

    private void Ask<TRequest>(
        ushort method,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        TimeSpan? timeout
    )
    {
        var deadline = _options.TimeProvider.GetTimestamp();
        var id = ++_lastId;
        try
        {
            using (
                var frame = RequestFrames.Write(FrameKind.Request, id, method, request, requestType)
            )
            {
                TrySend(frame);
            }

            if (Welcome is null)
            {
                Receive(deadline, _options.HandshakeDeadline);
                Welcome = Dialer.ReadAnswer(_assembler.Header, _assembler.Payload.Span);
                _rule.IsGreeted = true;
            }

            do
            {
                Receive(deadline, timeout ?? _options.RequestTimeout);
            } while (!IsAnswer(id));
        }
        catch (SocketException e)
        {
            var code = e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock
                ? IpcErrorCode.Timeout
                : IpcErrorCode.Closed;
            throw new IpcException(code, $"The server did not answer: {e.Message}", e);
        }
        catch (Exception e) when (e is ProtocolViolationException or JsonException)
        {
            throw new IpcException(IpcErrorCode.Protocol, e.Message, e);
        }
    }

    private bool IsAnswer(uint id)
    {
        var header = _assembler.Header;
        switch (header.Kind)
        {
            case FrameKind.Reply when header.Id == id:
                return true;
            case FrameKind.Error when header.Id == id:
                throw new IpcRequestException(ControlReader.Error(_assembler.Payload.Span));
            case FrameKind.Bye:
                throw Dialer.Farewell(header, _assembler.Payload.Span);
            case FrameKind.Ping:
                using (var pong = ControlWriter.Bytes(FrameKind.Pong, 0, _assembler.Payload.Span))
                {
                    SendAll(pong.Sealed.Span);
                }

                return false;
            default:
                return false;
        }
    }

    private void TrySend(FrameBuffer request)
    {
        try
        {
            Send(request);
        }
        catch (SocketException e)
            when (e.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
        {
            // The server hung up before it heard us; what it said first is still to be read.
        }
    }

    private void Send(FrameBuffer request)
    {
        if (Welcome is not null)
        {
            SendAll(request.Sealed.Span);
            return;
        }

        using var hello = ControlWriter.Hello(Dialer.MakeHello(_options));
        using var both = new FrameBuffer(hello.Sealed.Length + request.Sealed.Length);
        hello.Sealed.Span.CopyTo(both.GetSpan(hello.Sealed.Length));
        both.Advance(hello.Sealed.Length);
        request.Sealed.Span.CopyTo(both.GetSpan(request.Sealed.Length));
        both.Advance(request.Sealed.Length);
        SendAll(both.Written);
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes, SocketFlags.None)..];
        }
    }

    private void Receive(long since, TimeSpan timeout)
    {
        while (!_assembler.TryRead())
        {
            var left = timeout - _options.TimeProvider.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                throw new IpcException(
                    IpcErrorCode.Timeout,
                    $"The server did not answer within {timeout.TotalSeconds} s."
                );
            }

            _socket.ReceiveTimeout = Math.Max(
                1,
                (int)Math.Min(int.MaxValue, left.TotalMilliseconds)
            );
            var count = _socket.Receive(_assembler.ReceiveMemory.Span, SocketFlags.None);
            if (count == 0)
            {
                throw new IpcException(IpcErrorCode.Closed, "The server hung up.");
            }

            _assembler.Received(count);
        }
    }
}
