using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Interop;
using Tspm.Daemon.Logging;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Keeper;

/// <summary>The daemon's connection to its keeper: asks, waits for the answer with this number, answers pings.</summary>
/// <remarks>Questions from any thread; one loop reads.</remarks>
internal sealed class KeeperLink : IKeeper, IAsyncDisposable
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);
    private readonly Socket _socket;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<byte[]>> _open = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource _ended = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly CancellationTokenSource _stopping = new();
    private uint _nextId;
    private Task _loop = Task.CompletedTask;

    private KeeperLink(Socket socket, ILogger log, TimeProvider time)
    {
        _socket = socket;
        _log = log;
        _time = time;
    }

    /// <inheritdoc/>
    public int Pid { get; private set; }

    /// <summary>The runs that the keeper had when we connected.</summary>
    public IReadOnlyList<KeptRun> Runs { get; private set; } = [];

    /// <summary>Ends when the connection is over.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The keeper was asked to stop.</summary>
    public event Action? TerminateAsked;

    /// <summary>Connects to the keeper of a home.</summary>
    /// <exception cref="SocketException">There is none.</exception>
    /// <exception cref="IOException">It does not speak our language.</exception>
    public static async Task<KeeperLink> ConnectAsync(
        HomePaths home,
        ILogger log,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (var directory = LibC.OpenDirectory(home.Machine))
        {
            var path =
                $"/proc/self/fd/{directory.DangerousGetHandle()}/{Path.GetFileName(home.KeeperSocket)}";
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
        }

        var link = new KeeperLink(socket, log, time);
        link._loop = link.ReadAsync();
        var body = await link.AskAsync(id => new ControlWriter().Finish(ControlKind.Hello, id), ct);
        var hello =
            KeeperHello.Decode(body) ?? throw new IOException("the keeper's hello cannot be read");
        link.Pid = (int)hello.Pid;
        link.Runs = hello.Runs;
        return link;
    }

    /// <summary>Up to where the bytes of a process's out and err are numbered; a run's bytes never begin before that.</summary>
    public Func<uint, (ulong Out, ulong Err)> NumberedTo { get; set; } = _ => default;

    /// <summary>Tells the keeper that clients are served.</summary>
    public Task ServingAsync(CancellationToken ct) =>
        SendAsync(new ControlWriter().Finish(ControlKind.Serving, 0), ct);

    /// <summary>Tells the keeper to end when all programs have ended, and not to start another daemon.</summary>
    public Task ShutdownAsync(CancellationToken ct) =>
        SendAsync(new ControlWriter().Finish(ControlKind.Shutdown, 0), ct);

    /// <inheritdoc/>
    public async Task<SpawnOutcome> SpawnAsync(
        uint process,
        uint run,
        Guid runId,
        ProcessSpec spec,
        CancellationToken ct
    )
    {
        var numbered = NumberedTo(process);
        var order = new SpawnOrder
        {
            OutFrom = numbered.Out,
            ErrFrom = numbered.Err,
            Process = process,
            Run = run,
            RunId = runId,
            Flags =
                (spec.Pty ? SpawnFlags.Pty : SpawnFlags.None)
                | (spec.MergeStreams ? SpawnFlags.Merge : SpawnFlags.None),
            Cwd = spec.Cwd,
            Command = spec.Command,
            Env = spec.Env,
            Umask = spec.Umask,
            OpenFiles = spec.OpenFiles,
            StopSignal = (uint)spec.Stop.Signal,
            GraceMs = (uint)spec.Stop.TimeoutMs,
            Files = new LogFileRules(
                (ulong)spec.Disk.FileBytes,
                (ulong)spec.Disk.MaxBytes,
                spec.Disk.OnPressure == PressurePolicies.Block
            ),
        };
        var body = await AskAsync(order.Encode, ct);
        var answer =
            SpawnAnswer.Decode(body) ?? throw new IOException("the keeper's answer cannot be read");
        return new SpawnOutcome(
            (int)answer.Errno,
            (int)answer.Stage,
            (int)answer.Pid,
            answer.StartTime
        );
    }

    /// <inheritdoc/>
    public async Task<int> SignalAsync(
        uint process,
        uint run,
        int signal,
        bool toGroup,
        CancellationToken ct
    )
    {
        var order = new SignalOrder(process, run, (uint)signal, toGroup);
        return (int)new ControlReader(await AskAsync(order.Encode, ct)).U32();
    }

    /// <inheritdoc/>
    public async Task<long> GetAllocatedBytesAsync(CancellationToken ct)
    {
        var body = await AskAsync(id => new ControlWriter().Finish(ControlKind.Stats, id), ct);
        return (long)new ControlReader(body).U64();
    }

    /// <inheritdoc/>
    public Task CutDrainAsync(uint process, uint run, CancellationToken ct) =>
        AskAsync(
            id => new ControlWriter().U32(process).U32(run).Finish(ControlKind.CutDrain, id),
            ct
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _loop;
        _sending.Dispose();
        _stopping.Dispose();
    }

    private async Task<byte[]> AskAsync(
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
                throw new IOException("there is no keeper");
            }

            await SendAsync(encode(id), ct);
            return await answer.Task.WaitAsync(AnswerDeadline, _time, ct);
        }
        catch (TimeoutException late)
        {
            throw new IOException(
                $"the keeper did not answer within {AnswerDeadline.TotalSeconds} s",
                late
            );
        }
        finally
        {
            _open.TryRemove(id, out _);
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken ct)
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
            throw new IOException($"the keeper does not take orders: {error.Message}", error);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAsync()
    {
        var reason = "it closed the connection";
        try
        {
            while (await ReadFrameAsync())
            {
                // All is in ReadFrameAsync.
            }
        }
        catch (SocketException error)
        {
            reason = error.Message;
        }
        catch (IOException error)
        {
            reason = error.Message;
        }
        catch (OperationCanceledException)
        {
            reason = "";
        }
        catch (ObjectDisposedException)
        {
            reason = "";
        }

        if (reason.Length > 0 && !_stopping.IsCancellationRequested)
        {
            DaemonLog.KeeperLost(_log, reason);
        }

        Pid = 0;
        _ended.TrySetResult();
        foreach (var waiting in _open.Values)
        {
            waiting.TrySetException(new IOException("the keeper is gone"));
        }
    }

    private async Task<bool> ReadFrameAsync()
    {
        var header = new byte[ControlFrame.HeaderBytes];
        if (!await ReadWholeAsync(header))
        {
            return false;
        }

        if (!ControlFrame.TryRead(header, out var frame))
        {
            throw new IOException("the keeper sent something that is no frame");
        }

        var body = new byte[frame.Length];
        if (!await ReadWholeAsync(body))
        {
            return false;
        }

        switch (frame.Kind)
        {
            case ControlKind.Ping:
                await SendAsync(
                    new ControlWriter().Finish(ControlKind.Pong, frame.Id),
                    _stopping.Token
                );
                break;
            case ControlKind.Terminate:
                TerminateAsked?.Invoke();
                break;
            default:
                if (_open.TryGetValue(frame.Id, out var waiting))
                {
                    waiting.TrySetResult(body);
                }

                break;
        }

        return true;
    }

    private async Task<bool> ReadWholeAsync(Memory<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = await _socket.ReceiveAsync(destination, SocketFlags.None, _stopping.Token);
            if (read == 0)
            {
                return false;
            }

            destination = destination[read..];
        }

        return true;
    }
}
