using System.Net.Sockets;

namespace Tspm.TestTools;

/// <summary>Stands between client and server: cuts each connection after some bytes, and may pass them on a few at a time.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(
        AddressFamily.Unix,
        SocketType.Stream,
        ProtocolType.Unspecified
    );
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _target;
    private readonly Func<int, int> _bytesOfConnection;
    private readonly Random? _chops;
    private readonly Task _loop;

    /// <param name="path">Where it listens.</param>
    /// <param name="target">The daemon's socket.</param>
    /// <param name="bytesOfConnection">After how many bytes from the daemon the connection with this number is cut.</param>
    /// <param name="chops">Chooses the sizes of writes; null passes bytes on as they come.</param>
    public FaultProxy(
        string path,
        string target,
        Func<int, int> bytesOfConnection,
        Random? chops = null
    )
    {
        Path = path;
        _target = target;
        _bytesOfConnection = bytesOfConnection;
        _chops = chops;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(16);
        _loop = RunAsync();
    }

    public string Path { get; }

    public int Connections { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync(_stopping.Token);
                using var server = new Socket(
                    AddressFamily.Unix,
                    SocketType.Stream,
                    ProtocolType.Unspecified
                );
                await server.ConnectAsync(new UnixDomainSocketEndPoint(_target), _stopping.Token);
                using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                var up = CopyAsync(client, server, int.MaxValue, cut.Token);
                await CopyAsync(server, client, _bytesOfConnection(Connections++), cut.Token);
                await cut.CancelAsync();
                await up;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (SocketException) when (_stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task CopyAsync(Socket from, Socket to, long most, CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (most > 0)
            {
                var room = (int)Math.Min(buffer.Length, most);
                var count = await from.ReceiveAsync(buffer.AsMemory(0, room), ct);
                if (count == 0)
                {
                    return;
                }

                for (var at = 0; at < count; )
                {
                    // Chopped for its first bytes only: a cut in between is what it is about.
                    var piece = _chops is null || at > 512 ? count - at : _chops.Next(1, 8);
                    piece = Math.Min(piece, count - at);
                    await to.SendAsync(buffer.AsMemory(at, piece), ct);
                    at += piece;
                }

                most -= count;
            }
        }
        catch (OperationCanceledException)
        {
            // Cut.
        }
        catch (SocketException)
        {
            // The other end has gone.
        }
    }
}
