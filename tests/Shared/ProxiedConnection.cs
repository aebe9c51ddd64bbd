using System.Net.Sockets;

namespace Tspm.TestTools;

/// <summary>One connection through a proxy: both directions, until one ends or is cut.</summary>
internal sealed class ProxiedConnection(Socket client, Fault fault) : IDisposable
{
    private readonly Socket _daemon = FaultProxy.Unix();

    // Held while bytes go to the client, and all through a stall.
    private readonly SemaphoreSlim _down = new(1, 1);
    private readonly TaskCompletionSource<bool> _cutNow = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private int _isStalled;

    /// <summary>Forwards until the connection ends; true if it was cut.</summary>
    public async Task<bool> RunAsync(string target, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await _daemon.ConnectAsync(new UnixDomainSocketEndPoint(target), ct);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }

        var down = PumpAsync(_daemon, client, fault.CutDownAfter, _down, ending.Token);
        var up = PumpAsync(client, _daemon, fault.CutUpAfter, null, ending.Token);
        var wasCut = await await Task.WhenAny(down, up, _cutNow.Task);
        await ending.CancelAsync();
        await Task.WhenAll(down, up);
        return wasCut;
    }

    public void CutNow() => _cutNow.TrySetResult(true);

    public async Task StallAsync()
    {
        await _down.WaitAsync();
        Volatile.Write(ref _isStalled, 1);
    }

    public void Release()
    {
        if (Interlocked.Exchange(ref _isStalled, 0) == 1)
        {
            _down.Release();
        }
    }

    // The semaphore has no handle to give back, and a stall may come while the connection ends.
    public void Dispose()
    {
        client.Dispose();
        _daemon.Dispose();
    }

    private async Task<bool> PumpAsync(
        Socket from,
        Socket to,
        long cutAfter,
        SemaphoreSlim? turn,
        CancellationToken ct
    )
    {
        var buffer = new byte[16 * 1024];
        var chop = fault.ChopSeed is { } seed ? new Random(seed) : null;
        try
        {
            for (var left = cutAfter; left > 0; )
            {
                var room = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
                var count = await from.ReceiveAsync(room, ct);
                if (count == 0)
                {
                    return false;
                }

                left -= count;
                await SendAsync(to, buffer.AsMemory(0, count), turn, chop, ct);
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One side is gone: so is the connection.
            return false;
        }
    }

    private static async Task SendAsync(
        Socket to,
        ReadOnlyMemory<byte> bytes,
        SemaphoreSlim? turn,
        Random? chop,
        CancellationToken ct
    )
    {
        for (var left = bytes; !left.IsEmpty; )
        {
            var piece = left[..Math.Min(left.Length, chop?.Next(1, 8) ?? left.Length)];
            left = left[piece.Length..];
            if (turn is not null)
            {
                await turn.WaitAsync(ct);
            }

            try
            {
                while (!piece.IsEmpty)
                {
                    piece = piece[await to.SendAsync(piece, SocketFlags.None, ct)..];
                }
            }
            finally
            {
                turn?.Release();
            }
        }
    }
}
