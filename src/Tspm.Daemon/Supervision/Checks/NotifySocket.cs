using System.Net.Sockets;
using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>The socket of one run that a program tells its readiness to, as systemd's sd_notify does.</summary>
/// <remarks>It lies in the home, which only its user can enter; who reaches it is this user.</remarks>
internal sealed class NotifySocket : ICheck, IAsyncDisposable
{
    private const int MaxPath = 107;
    private const int MaxDatagram = 4096;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ready = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly Task _loop;

    // Not awaited: it only waits for a loop that owns its failures.
    private Task _ending = Task.CompletedTask;
    private int _signs;

    private NotifySocket(string path, Socket socket)
    {
        Path = path;
        _socket = socket;
        _loop = ReadAsync();
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Ends when the program has said READY=1.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Whether a process needs one.</summary>
    public static bool IsNeeded(ProcessSpec spec) =>
        spec.Ready is { Check: "notify" } || spec.Health is { Check: "notify" };

    /// <summary>Makes it.</summary>
    /// <returns>Null if it is there; else why not.</returns>
    public static string? TryOpen(string path, out NotifySocket? opened)
    {
        opened = null;
        if (Encoding.UTF8.GetByteCount(path) > MaxPath)
        {
            return $"the path of its notify socket has more than {MaxPath} bytes: {path}";
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            // What a daemon that died has left; the program goes on sending to this name.
            File.Delete(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            opened = new NotifySocket(path, socket);
            return null;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return $"its notify socket cannot be made: {error.Message}";
        }
        catch (IOException error)
        {
            socket.Dispose();
            return $"its notify socket cannot be made: {error.Message}";
        }
    }

    /// <summary>Well if the program gave a sign of life since the last look.</summary>
    public Task<string?> LookAsync(TimeSpan timeout, CancellationToken ct) =>
        Task.FromResult(Interlocked.Exchange(ref _signs, 0) > 0 ? null : "no WATCHDOG=1 came");

    /// <summary>Ends it without waiting.</summary>
    public void CloseSoon() => _ending = DisposeAsync().AsTask();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _loop;
        _stopping.Dispose();
        _ready.TrySetCanceled();
        File.Delete(Path);
    }

    private async Task ReadAsync()
    {
        var datagram = new byte[MaxDatagram];
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveAsync(
                    datagram,
                    SocketFlags.None,
                    _stopping.Token
                );
                Take(Encoding.UTF8.GetString(datagram, 0, length));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        catch (ObjectDisposedException)
        {
            // Disposed.
        }
        catch (SocketException) when (_stopping.IsCancellationRequested)
        {
            // Disposed while it waited.
        }
    }

    private void Take(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            switch (line.Trim())
            {
                case "READY=1":
                    Interlocked.Increment(ref _signs);
                    _ready.TrySetResult();
                    break;
                case "WATCHDOG=1":
                    Interlocked.Increment(ref _signs);
                    break;
                default:
                    // STATUS=, MAINPID= and what else there is: nothing that we act on.
                    break;
            }
        }
    }
}
