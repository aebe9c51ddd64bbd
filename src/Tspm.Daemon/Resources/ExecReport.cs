using System.Net.Sockets;
using System.Text;
using Tspm.CaptureLog;

namespace Tspm.Daemon.Resources;

/// <summary>Hears from <c>__exec</c> whether it became its program: its connection ends by exec, or brings the reason why not.</summary>
internal sealed class ExecReport : IAsyncDisposable
{
    private const int MaxPath = 107;
    private const int MaxBytes = 4096;

    /// <summary>So long it may take before it is believed to run; a stopped one would else never be.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task<ExecFailure?> _answer;

    private ExecReport(string path, Socket listener, TimeProvider time)
    {
        Path = path;
        _listener = listener;
        _answer = HearAsync(time);
    }

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>Null if it became its program, ended before it could say anything, or is too slow.</summary>
    public Task<ExecFailure?> Answer => _answer;

    /// <summary>Begins to listen.</summary>
    /// <returns>Null, or why that cannot be.</returns>
    public static string? TryOpen(string path, TimeProvider time, out ExecReport? opened)
    {
        opened = null;
        if (Encoding.UTF8.GetByteCount(path) > MaxPath)
        {
            return $"the path of its report socket has more than {MaxPath} bytes: {path}";
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            socket.Listen(1);
            opened = new ExecReport(path, socket, time);
            return null;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return $"its report socket cannot be made: {error.Message}";
        }
        catch (IOException error)
        {
            socket.Dispose();
            return $"its report socket cannot be made: {error.Message}";
        }
    }

    /// <summary>It has ended: what it said is here already, or it said nothing.</summary>
    public void EndSoon()
    {
        if (!_listener.Poll(0, SelectMode.SelectRead))
        {
            _stopping.Cancel();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _answer;
        _stopping.Dispose();
        _listener.Dispose();
        File.Delete(Path);
    }

    private async Task<ExecFailure?> HearAsync(TimeProvider time)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            patience.Token,
            _stopping.Token
        );
        var bytes = new byte[MaxBytes];
        var length = 0;
        try
        {
            using var peer = await _listener.AcceptAsync(either.Token);
            int got;
            do
            {
                got = await peer.ReceiveAsync(
                    bytes.AsMemory(length),
                    SocketFlags.None,
                    either.Token
                );
                length += got;
            } while (got > 0 && length < bytes.Length);
        }
        catch (OperationCanceledException)
        {
            // Nothing was said in time, or there is nobody any more who could.
        }
        catch (SocketException)
        {
            // It was killed in the middle of a word.
        }

        return ExecFailure.Decode(bytes.AsSpan(0, length));
    }
}
