using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Interop;

namespace Tspm.Daemon.Keeper;

/// <summary>One connection to one keeper: asks, waits for the answer with this number, answers pings, takes descriptors.</summary>
/// <remarks>
/// Questions from any thread. One thread reads, and answers pings by itself: through the pool each ping would wake six threads
/// of an idle daemon. It sleeps until the keeper says something, and looks once more when there is garbage to give back.
/// </remarks>
internal sealed class KeeperConnection : IAsyncDisposable
{
    private const int FirstBuffer = 64 * 1024;
    private const int SolSocket = 1;
    private const int PeerCredentials = 17;
    private const int CredentialBytes = 12;
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly TimeSpan _deadline;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<byte[]>> _open = new();
    private readonly Queue<int> _descriptors = new();

    // Not disposed of: whoever waits here while the keeper dies is to find the socket closed, and nothing worse.
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource<string> _ended = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly TaskCompletionSource _left = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly HeapTrim _trim = HeapTrim.OfThisProgram();
    private volatile bool _isLeaving;
    private byte[] _buffer = new byte[FirstBuffer];
    private int _length;
    private uint _nextId;

    private KeeperConnection(Socket socket, TimeProvider time, TimeSpan deadline)
    {
        _socket = socket;
        _time = time;
        _deadline = deadline;
        Span<byte> credentials = stackalloc byte[CredentialBytes];
        socket.GetRawSocketOption(SolSocket, PeerCredentials, credentials);
        PeerPid = BinaryPrimitives.ReadInt32LittleEndian(credentials);
        PeerUser = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
    }

    /// <summary>The pid of the other side, by the kernel.</summary>
    public int PeerPid { get; }

    /// <summary>The user of the other side, by the kernel.</summary>
    public uint PeerUser { get; }

    /// <summary>Ends when the connection is over, with the reason.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>The keeper was asked to stop.</summary>
    public Action? TerminateAsked { get; init; }

    /// <summary>Takes over descriptors of a run.</summary>
    public Action<RunHold, int[]>? Held { get; init; }

    /// <summary>The keeper has given all that it had when it was greeted.</summary>
    public Action? HoldsEnded { get; init; }

    /// <summary>Connects to the keeper of a home.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="IOException">It is another user's.</exception>
    public static async Task<KeeperConnection> ConnectAsync(
        HomePaths home,
        TimeProvider time,
        TimeSpan deadline,
        KeeperEvents events,
        CancellationToken ct
    )
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var directory = LibC.OpenDirectory(home.Machine);
            var path =
                $"/proc/self/fd/{directory.DangerousGetHandle()}/{Path.GetFileName(home.KeeperSocket)}";
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            var connection = new KeeperConnection(socket, time, deadline)
            {
                TerminateAsked = events.TerminateAsked,
                Held = events.Held,
                HoldsEnded = events.HoldsEnded,
            };
            if (connection.PeerUser != LibC.UserId)
            {
                throw new IOException(
                    $"{home.KeeperSocket} is served by user {connection.PeerUser} (pid {connection.PeerPid}), not by our keeper"
                );
            }

            new Thread(connection.Run) { IsBackground = true, Name = "keeper" }.Start();
            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Asks and waits for the answer.</summary>
    /// <exception cref="KeeperGoneException">The connection ended first.</exception>
    /// <exception cref="IOException">No answer came in time.</exception>
    public async Task<byte[]> AskAsync(
        Func<uint, ReadOnlyMemory<byte>> encode,
        CancellationToken ct
    )
    {
        var id = Interlocked.Increment(ref _nextId);
        var answer = new TaskCompletionSource<byte[]>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        _open[id] = answer;
        try
        {
            if (_ended.Task.IsCompleted)
            {
                throw new KeeperGoneException("there is no keeper");
            }

            await SendAsync(encode(id), ct);
            return await answer.Task.WaitAsync(_deadline, _time, ct);
        }
        catch (TimeoutException late)
        {
            throw new IOException(
                $"the keeper did not answer within {_deadline.TotalSeconds} s",
                late
            );
        }
        finally
        {
            _open.TryRemove(id, out _);
        }
    }

    /// <summary>Sends a frame.</summary>
    /// <exception cref="KeeperGoneException">The connection is over.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken ct)
    {
        await _sending.WaitAsync(ct);
        try
        {
            while (!frame.IsEmpty)
            {
                frame = frame[await _socket.SendAsync(frame, SocketFlags.None, ct)..];
            }
        }
        catch (SocketException error)
        {
            throw new KeeperGoneException($"the keeper does not take orders: {error.Message}");
        }
        catch (ObjectDisposedException)
        {
            throw new KeeperGoneException("the connection to the keeper was closed");
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends a frame with descriptors, which stay the caller's.</summary>
    /// <exception cref="KeeperGoneException">The connection is over.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> frame, int[] descriptors, CancellationToken ct)
    {
        await _sending.WaitAsync(ct);
        try
        {
            if (!DescriptorPassing.TrySend((int)_socket.Handle, frame.Span, descriptors))
            {
                throw new KeeperGoneException("the keeper takes no descriptors");
            }
        }
        catch (ObjectDisposedException)
        {
            throw new KeeperGoneException("the connection to the keeper was closed");
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _isLeaving = true;
        try
        {
            // Wakes the thread.
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The keeper hung up first; that wakes it as well.
        }

        await _left.Task;
        _socket.Dispose();
    }

    private void Run()
    {
        var reason = "it closed the connection";
        try
        {
            do
            {
                AwaitWord();
            } while (Take());
        }
        catch (Exception error)
        {
            reason = error.Message;
        }

        while (_descriptors.TryDequeue(out var unclaimed))
        {
            LibC.Close(unclaimed);
        }

        _ended.TrySetResult(_isLeaving ? "" : reason);
        foreach (var waiting in _open.Values)
        {
            waiting.TrySetException(new KeeperGoneException("the keeper is gone"));
        }

        _left.SetResult();
    }

    /// <summary>Sleeps until there is something to read; while a burst's garbage is about, looks at that too.</summary>
    private void AwaitWord()
    {
        bool isThere;
        do
        {
            var now = Stopwatch.GetTimestamp();
            var lookAt = _trim.Turn(now);
            var milliseconds =
                lookAt == long.MaxValue
                    ? -1
                    : (int)Math.Max(0, (lookAt - now + 999_999) / 1_000_000);
            isThere = LibC.WaitReadable(_socket.SafeHandle, milliseconds);
        } while (!isThere);
    }

    private bool Take()
    {
        if (_length == _buffer.Length)
        {
            Array.Resize(
                ref _buffer,
                Math.Min(_buffer.Length * 2, ControlFrame.HeaderBytes + ControlFrame.MaxBytes)
            );
        }

        var read = DescriptorPassing.Receive(
            (int)_socket.Handle,
            _buffer.AsSpan(_length),
            _descriptors
        );
        if (read < 0)
        {
            return false;
        }

        _length += read;
        var at = 0;
        while (_length - at >= ControlFrame.HeaderBytes)
        {
            if (!ControlFrame.TryRead(_buffer.AsSpan(at), out var frame))
            {
                throw new IOException("the keeper sent something that is no frame");
            }

            var body = at + ControlFrame.HeaderBytes;
            if (_length - body < frame.Length)
            {
                break;
            }

            Handle(frame, _buffer.AsSpan(body, frame.Length));
            at = body + frame.Length;
        }

        _buffer.AsSpan(at, _length - at).CopyTo(_buffer);
        _length -= at;
        return true;
    }

    private void Handle(ControlFrame frame, ReadOnlySpan<byte> body)
    {
        switch (frame.Kind)
        {
            case ControlKind.Ping:
                AnswerPing(new ControlWriter().Finish(ControlKind.Pong, frame.Id));
                break;
            case ControlKind.Terminate:
                TerminateAsked?.Invoke();
                break;
            case ControlKind.Hold:
                TakeHold(body);
                break;
            case ControlKind.HoldEnd:
                HoldsEnded?.Invoke();
                break;
            default:
                if (_open.TryGetValue(frame.Id, out var waiting))
                {
                    waiting.TrySetResult(body.ToArray());
                }

                break;
        }
    }

    /// <summary>Says that the daemon lives: at once if nobody waits for the pool, else behind those who do.</summary>
    private void AnswerPing(ReadOnlyMemory<byte> pong)
    {
        // A daemon whose pool is stuck with work before it is to be replaced: it must not answer.
        if (ThreadPool.PendingWorkItemCount > 0 || !_sending.Wait(0))
        {
            _ = AnswerLaterAsync(pong);
            return;
        }

        try
        {
            // A keeper that takes nothing is seen as the end of the connection.
            DescriptorPassing.TrySend((int)_socket.SafeHandle.DangerousGetHandle(), pong.Span);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task AnswerLaterAsync(ReadOnlyMemory<byte> pong)
    {
        await Task.Yield();
        try
        {
            await SendAsync(pong, CancellationToken.None);
        }
        catch (KeeperGoneException)
        {
            // The thread sees its end too.
        }
    }

    private void TakeHold(ReadOnlySpan<byte> body)
    {
        if (RunHold.Decode(body) is not { } hold || hold.Count > _descriptors.Count)
        {
            throw new IOException("the keeper's descriptors do not fit its words");
        }

        var descriptors = new int[hold.Count];
        for (var i = 0; i < descriptors.Length; i++)
        {
            descriptors[i] = _descriptors.Dequeue();
        }

        Held?.Invoke(hold, descriptors);
    }
}

/// <summary>What a connection tells without being asked.</summary>
/// <param name="TerminateAsked">The keeper was asked to stop.</param>
/// <param name="Held">Descriptors of a run came.</param>
/// <param name="HoldsEnded">All have come that there were at the greeting.</param>
internal sealed record KeeperEvents(
    Action TerminateAsked,
    Action<RunHold, int[]> Held,
    Action HoldsEnded
);

/// <summary>The keeper went away in the middle of something; there will be another.</summary>
internal sealed class KeeperGoneException(string message) : IOException(message);
