using System.Net.Sockets;

namespace SmartIpc.Tests;

/// <summary>Stands between client and server and cuts each connection after a number of bytes from the server.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(
        AddressFamily.Unix,
        SocketType.Stream,
        ProtocolType.Unspecified
    );
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _target;
    private readonly Func<int, int> _bytesOfConnection;
    private readonly Task _loop;

    public CuttingProxy(string path, string target, Func<int, int> bytesOfConnection)
    {
        _target = target;
        _bytesOfConnection = bytesOfConnection;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(16);
        _loop = RunAsync();
    }

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
    }

    private static async Task CopyAsync(Socket from, Socket to, int left, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (left > 0)
            {
                var count = await from.ReceiveAsync(
                    buffer.AsMemory(0, Math.Min(left, buffer.Length)),
                    ct
                );
                if (count == 0)
                {
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, count), ct);
                left -= count;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One of the two hung up.
        }
    }
}
