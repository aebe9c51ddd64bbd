using System.Net.Sockets;
using System.Text.Json;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Client;

/// <summary>Connects to a server and checks on the way that it is ours, before anything is sent.</summary>
internal static class Dialer
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(10);

    /// <summary>Connects; the socket is non-blocking and nothing has been sent.</summary>
    /// <exception cref="IpcException">not-running, peer, busy or timeout.</exception>
    public static async Task<Socket> DialAsync(IpcClientOptions options, CancellationToken ct)
    {
        CheckOwners(options);
        using var deadline = new CancellationTokenSource(
            options.ConnectDeadline,
            options.TimeProvider
        );
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            return await ConnectAsync(options, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IpcException(
                IpcErrorCode.Timeout,
                $"'{options.SocketPath}' did not accept in time."
            );
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw Explain(e, options.SocketPath);
        }
    }

    private static async Task<Socket> ConnectAsync(IpcClientOptions options, CancellationToken ct)
    {
        while (true)
        {
            var socket = new Socket(
                AddressFamily.Unix,
                SocketType.Stream,
                ProtocolType.Unspecified
            );
            try
            {
                using var location = SocketLocation.Open(options.SocketPath);
                await socket.ConnectAsync(location.EndPoint, ct).ConfigureAwait(false);
                CheckServer(socket, options);
                socket.Blocking = false;
                return socket;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                // The server's backlog is full; it will accept in a moment.
                socket.Dispose();
                await Task.Delay(BusyPause, options.TimeProvider, ct).ConfigureAwait(false);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Checks that the socket and its directory are ours.</summary>
    public static void CheckOwners(IpcClientOptions options)
    {
        var path = Path.GetFullPath(options.SocketPath);
        var directory = Path.GetDirectoryName(path) ?? "/";
        if (!FileCheck.TryRead(path, out var socket))
        {
            throw new IpcException(IpcErrorCode.NotRunning, $"There is no socket '{path}'.");
        }

        if (!socket.IsSocket || socket.OwnerId != options.ExpectedUid)
        {
            throw new IpcException(IpcErrorCode.Peer, $"'{path}' is not a socket of yours.");
        }

        if (
            !FileCheck.TryRead(directory, out var parent)
            || !parent.IsDirectory
            || parent.OwnerId != options.ExpectedUid
        )
        {
            throw new IpcException(IpcErrorCode.Peer, $"The directory '{directory}' is not yours.");
        }
    }

    /// <summary>Checks by the kernel that the server runs as us.</summary>
    public static void CheckServer(Socket socket, IpcClientOptions options)
    {
        var server = PeerCredentials.Read(socket);
        if (server.Uid != options.ExpectedUid)
        {
            throw new IpcException(
                IpcErrorCode.Peer,
                $"The server at '{options.SocketPath}' runs as user {server.Uid}."
            );
        }
    }

    public static IpcException Explain(Exception error, string path) =>
        error switch
        {
            SocketException { SocketErrorCode: SocketError.AccessDenied } => new IpcException(
                IpcErrorCode.Peer,
                $"'{path}' may not be connected to.",
                error
            ),
            SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock } =>
                new IpcException(IpcErrorCode.Timeout, $"'{path}' did not answer in time.", error),
            _ => new IpcException(
                IpcErrorCode.NotRunning,
                $"Nobody listens at '{path}': {error.Message}",
                error
            ),
        };

    /// <summary>Reads the server's first frame: a welcome, or why not.</summary>
    public static ServerWelcome ReadAnswer(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        try
        {
            if (header.Kind == FrameKind.Welcome)
            {
                return ControlReader.Welcome(payload);
            }

            throw Farewell(header, payload);
        }
        catch (JsonException e)
        {
            throw new IpcException(IpcErrorCode.Protocol, "The server's answer cannot be read.", e);
        }
    }

    /// <summary>What a refusal or a bye says; a bye that blames nobody comes from a server that ends, whatever for.</summary>
    /// <exception cref="JsonException">It cannot be read.</exception>
    public static IpcException Farewell(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var (code, message, retryAfter) = ControlReader.Farewell(payload);
        var word = (header.Kind, code) switch
        {
            (_, "" or IpcErrorCode.Protocol) => IpcErrorCode.Protocol,
            (FrameKind.Bye, _) => IpcErrorCode.ShuttingDown,
            _ => code,
        };
        return new IpcException(word, message) { RetryAfter = retryAfter };
    }

    /// <summary>Waits until somebody listens at the path.</summary>
    public static async Task WaitForServerAsync(
        string socketPath,
        TimeSpan timeout,
        TimeProvider timeProvider,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        var options = new IpcClientOptions { SocketPath = socketPath, TimeProvider = timeProvider };
        var start = timeProvider.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(2);
        while (true)
        {
            try
            {
                using var socket = await DialAsync(options, ct).ConfigureAwait(false);
                return;
            }
            catch (IpcException e) when (e.Code == IpcErrorCode.NotRunning)
            {
                if (timeProvider.GetElapsedTime(start) >= timeout)
                {
                    throw new IpcException(
                        IpcErrorCode.Timeout,
                        $"Nobody came to listen at '{socketPath}'.",
                        e
                    );
                }
            }

            await Task.Delay(pause, timeProvider, ct).ConfigureAwait(false);
            pause = TimeSpan.FromMilliseconds(Math.Min(50, pause.TotalMilliseconds * 2));
        }
    }

    public static ClientHello MakeHello(IpcClientOptions options) =>
        new(
            options.ProtocolMin,
            options.ProtocolMax,
            options.ClientName,
            options.BuildId,
            options.Wants
        );
}
