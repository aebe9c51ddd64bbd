using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Tspm.TestTools;

/// <summary>Stands between a client and the daemon on a socket of its own, and does to each connection what a plan says.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly string _target;
    private readonly Func<int, Fault> _faultOf;
    private readonly Socket _listener = Unix();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    // Guards _open.
    private readonly Lock _gate = new();
    private readonly HashSet<ProxiedConnection> _open = [];
    private int _accepted;
    private int _refused;
    private int _cut;

    /// <param name="path">Where it listens.</param>
    /// <param name="target">The daemon's socket; it may come and go.</param>
    /// <param name="faultOf">What becomes of the connection with this number, from 0; asked in that order.</param>
    public FaultProxy(string path, string target, Func<int, Fault> faultOf)
    {
        SocketPath = path;
        _target = target;
        _faultOf = faultOf;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        // Before it listens, so that nobody else was ever let in.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public string SocketPath { get; }

    /// <summary>Connections that were accepted, with those refused.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Connections that were closed at their byte.</summary>
    public int Cut => Volatile.Read(ref _cut);

    /// <summary>From here on the connections that are open give the client nothing; later ones are not touched.</summary>
    public async Task StallAsync()
    {
        foreach (var connection in Open())
        {
            await connection.StallAsync();
        }
    }

    /// <summary>Cuts the connections that are open; later ones are not touched.</summary>
    public void CutAll()
    {
        foreach (var connection in Open())
        {
            connection.CutNow();
        }
    }

    /// <summary>The connections that were stalled go on.</summary>
    public void Release()
    {
        foreach (var connection in Open())
        {
            connection.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
        File.Delete(SocketPath);
    }

    internal static Socket Unix() =>
        new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private ProxiedConnection[] Open()
    {
        lock (_gate)
        {
            return [.. _open];
        }
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stopping.Token);
                var fault = _faultOf(Interlocked.Increment(ref _accepted) - 1);
                if (fault.IsRefused)
                {
                    Interlocked.Increment(ref _refused);
                    client.Dispose();
                    continue;
                }

                running.Add(
                    fault.RefuseCode is { } code
                        ? RefuseAsync(client, code)
                        : ServeAsync(client, fault)
                );
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(running);
        }
        catch (SocketException) when (_stopping.IsCancellationRequested)
        {
            await Task.WhenAll(running);
        }
    }

    /// <summary>Says no as a daemon does (docs/protocol.md, kind 3).</summary>
    private async Task RefuseAsync(Socket client, string code)
    {
        using (client)
        {
            var text = Encoding.UTF8.GetBytes(
                $$"""{"code":"{{code}}","message":"by the proxy","protoMin":9,"protoMax":9}"""
            );
            var frame = new byte[12 + text.Length];
            BinaryPrimitives.WriteInt32LittleEndian(frame, text.Length);
            frame[4] = 3;
            text.CopyTo(frame, 12);
            Interlocked.Increment(ref _refused);
            try
            {
                var hello = new byte[4096];
                await client.ReceiveAsync(hello, _stopping.Token);
                await client.SendAsync(frame, _stopping.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The client has gone, or the test is over.
            }
        }
    }

    private async Task ServeAsync(Socket client, Fault fault)
    {
        using var connection = new ProxiedConnection(client, fault);
        lock (_gate)
        {
            _open.Add(connection);
        }

        if (await connection.RunAsync(_target, _stopping.Token))
        {
            Interlocked.Increment(ref _cut);
        }

        lock (_gate)
        {
            _open.Remove(connection);
        }
    }
}
