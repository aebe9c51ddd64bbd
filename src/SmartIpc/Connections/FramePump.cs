using System.Net.Sockets;
using System.Runtime.InteropServices;
using SmartIpc.Framing;

namespace SmartIpc.Connections;

/// <summary>The only sender of one connection: control frames first, then whatever <see cref="TryFill"/> gives.</summary>
/// <remarks>
/// It runs on one thread at a time: <c>_state</c> says whether somebody runs it. A signal sets its fact first and calls
/// <see cref="Signal"/> after, which starts the pump or makes the running one go round once more before it parks.
/// The control queue is bounded; a peer that lets it fill is cut off. Nothing else queues: while the socket takes no
/// more, the pump waits for the socket and asks nobody for frames.
/// </remarks>
internal abstract class FramePump : IThreadPoolWorkItem, IDisposable
{
    private const int BlockedSliceBytes = 64 * 1024;
    private const int HeldFillBytes = 64 * 1024;
    private const int Parked = 0;
    private const int Running = 1;
    private const int RunningAgain = 2;

    private readonly ControlQueue _control = new();
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _finished = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private SocketAsyncEventArgs? _waitingSend;
    private int _state;
    private FrameBuffer? _current;
    private bool _isCurrentOwned;
    private int _sent;
    private long _blockedSince = long.MaxValue;
    private bool _isAborted;

    protected FramePump(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
    }

    /// <summary>The first reason for which the connection ends, or null.</summary>
    public CloseReason? Closing => _control.Closing;

    /// <summary>Completes when the pump has let go of everything and the socket is closed.</summary>
    public Task Finished => _finished.Task;

    /// <summary>True while nobody runs it; a test waits for that.</summary>
    internal bool IsParked => Volatile.Read(ref _state) == Parked;

    /// <summary>True while the socket has taken nothing since before <paramref name="timestamp"/>.</summary>
    public bool IsStuckSince(long timestamp) => Volatile.Read(ref _blockedSince) < timestamp;

    /// <summary>Queues a sealed control frame and has it sent, on this thread if nobody else is sending.</summary>
    public bool Send(FrameBuffer frame)
    {
        if (!_control.TryEnqueue(frame))
        {
            if (Closing is null)
            {
                Abort(new CloseReason("slow", "The peer does not read its answers."));
            }

            return false;
        }

        if (Interlocked.CompareExchange(ref _state, Running, Parked) == Parked)
        {
            Run(PumpPlace.Sender);
        }
        else
        {
            Signal();
        }

        return true;
    }

    /// <summary>Completes when the control queue is short, or the connection ends: for senders that can wait.</summary>
    public Task WaitForRoomAsync() => _control.WaitForRoomAsync();

    /// <summary>Has the pump look again; from any thread, never blocks, runs nothing here (see <see cref="HeldPumps"/>).</summary>
    public void Signal()
    {
        while (true)
        {
            switch (Interlocked.CompareExchange(ref _state, Running, Parked))
            {
                case Parked:
                    if (!HeldPumps.TryHold(this))
                    {
                        GoOnInPool();
                    }

                    return;
                case Running:
                    if (Interlocked.CompareExchange(ref _state, RunningAgain, Running) == Running)
                    {
                        return;
                    }

                    break;
                default:
                    return;
            }
        }
    }

    /// <summary>Ends the connection for the first reason given; frames queued before and the farewell still go out.</summary>
    /// <returns>True if this was the first reason.</returns>
    public bool Close(CloseReason reason, FrameBuffer? farewell = null)
    {
        if (!_control.TryClose(reason, farewell))
        {
            return false;
        }

        Signal();
        return true;
    }

    /// <summary>Ends the connection without waiting for anything to be sent.</summary>
    public void Abort(CloseReason reason)
    {
        Close(reason);
        Volatile.Write(ref _isAborted, true);
        // Makes a send or a receive that waits for the peer come back.
        ShutDown();
        Signal();
    }

    /// <summary>Closes the socket; when the pump has finished.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _waitingSend?.Dispose();
        Dispose(true);
    }

    void IThreadPoolWorkItem.Execute() => Run(PumpPlace.Pool);

    /// <summary>Runs the pump on the thread that held it, for a frame or a few; never blocks, and ends nothing here.</summary>
    internal void RunHeld() => Run(PumpPlace.Holder);

    /// <summary>Runs the pump elsewhere; for who owns its state.</summary>
    internal void GoOnInPool() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Whether the pump closes the socket when it finishes; else the receive loop does, after its last frame.</summary>
    protected virtual bool OwnsSocket => true;

    /// <summary>Gives the next frame that is no control frame; called only when there is no control frame.</summary>
    protected abstract bool TryFill(out FrameBuffer frame);

    /// <summary>Called before the pump parks, to let go of memory. Must not look for work.</summary>
    protected virtual void OnIdle() { }

    /// <summary>Called once, by the pump, when the connection has ended.</summary>
    protected abstract void OnFinished();

    /// <summary>Called when the socket has been closed.</summary>
    protected virtual void Dispose(bool disposing) { }

    /// <summary>Called for each frame that has gone out.</summary>
    protected virtual void OnSent(int frameBytes) { }

    private void ShutDown()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer or the other loop was quicker.
        }
    }

    private void SetCurrent(FrameBuffer frame, bool isOwned)
    {
        _current = frame;
        _isCurrentOwned = isOwned;
        _sent = 0;
    }

    private void Run(PumpPlace place)
    {
        if (!HasEnded(place))
        {
            return;
        }

        if (place == PumpPlace.Holder)
        {
            // What an end sets off is not for a thread that has other work.
            GoOnInPool();
        }
        else
        {
            Finish();
        }
    }

    /// <summary>Sends what there is; false if somebody else goes on with it, or a signal will start it again.</summary>
    private bool HasEnded(PumpPlace place)
    {
        var filled = 0;
        try
        {
            while (!Volatile.Read(ref _isAborted))
            {
                if (_current is not null)
                {
                    if (!TrySendCurrent())
                    {
                        // Not ours any more: the continuation may be running already.
                        return false;
                    }
                }
                else if (_control.TryDequeue(out var next, out var isClosing))
                {
                    SetCurrent(next, isOwned: true);
                }
                else if (isClosing)
                {
                    break;
                }
                else if (IsEnough(place, filled))
                {
                    GoOnInPool();
                    return false;
                }
                else if (place != PumpPlace.Sender && TryFill(out var frame))
                {
                    filled += frame.Sealed.Length;
                    SetCurrent(frame, isOwned: false);
                }
                else if (TryPark())
                {
                    return false;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Abandon(new CloseReason("lost", e.Message));
        }
        catch (Exception e)
        {
            Abandon(new CloseReason("failed", e.Message));
        }

        return true;
    }

    /// <summary>Whether the thread has its own work to go on with: what is left of the pump's is done elsewhere.</summary>
    private bool IsEnough(PumpPlace place, int filled) =>
        place switch
        {
            PumpPlace.Sender => Volatile.Read(ref _state) == RunningAgain,
            PumpPlace.Holder => filled >= HeldFillBytes,
            _ => false,
        };

    private void Abandon(CloseReason reason)
    {
        Close(reason);
        Volatile.Write(ref _isAborted, true);
    }

    private bool TryPark()
    {
        OnIdle();
        if (Interlocked.CompareExchange(ref _state, Parked, Running) == Running)
        {
            return true;
        }

        // Somebody signalled while we looked: look again. Only we leave RunningAgain, so a write will do.
        Volatile.Write(ref _state, Running);
        return false;
    }

    private bool TrySendCurrent()
    {
        var frame = _current!; // The caller has checked it.
        var bytes = frame.Sealed;
        while (_sent < bytes.Length)
        {
            var count = _socket.Send(bytes.Span[_sent..], SocketFlags.None, out var error);
            if (error == SocketError.Success)
            {
                _sent += count;
                continue;
            }

            if (error != SocketError.WouldBlock)
            {
                throw new SocketException((int)error);
            }

            // In slices, so that progress shows while a slow peer takes a long frame.
            Volatile.Write(ref _blockedSince, _time.GetTimestamp());
            if (
                StartWaitingSend(
                    bytes.Slice(_sent, Math.Min(BlockedSliceBytes, bytes.Length - _sent))
                )
            )
            {
                return false;
            }

            TakeWaitingSend();
        }

        OnSent(bytes.Length);
        ReleaseCurrent();
        return true;
    }

    private bool StartWaitingSend(ReadOnlyMemory<byte> slice)
    {
        if (_waitingSend is null)
        {
            _waitingSend = new SocketAsyncEventArgs(true);
            _waitingSend.Completed += (_, _) => OnWritable();
        }

        _waitingSend.SetBuffer(MemoryMarshal.AsMemory(slice));
        return _socket.SendAsync(_waitingSend);
    }

    private void TakeWaitingSend()
    {
        Volatile.Write(ref _blockedSince, long.MaxValue);
        var waiting = _waitingSend!; // Made before it was started.
        if (waiting.SocketError != SocketError.Success)
        {
            throw new SocketException((int)waiting.SocketError);
        }

        _sent += waiting.BytesTransferred;
    }

    private void OnWritable()
    {
        try
        {
            TakeWaitingSend();
        }
        catch (SocketException e)
        {
            Abandon(new CloseReason("lost", e.Message));
        }

        Run(PumpPlace.Pool);
    }

    private void ReleaseCurrent()
    {
        if (_isCurrentOwned)
        {
            _current?.Dispose();
        }

        _current = null;
    }

    private void Finish()
    {
        // The state stays Running: no signal starts the pump again.
        ReleaseCurrent();
        _control.Clear();
        if (OwnsSocket)
        {
            ShutDown();
            Dispose();
        }

        OnFinished();
        _finished.TrySetResult();
    }
}

/// <summary>Whose thread runs a pump.</summary>
internal enum PumpPlace
{
    /// <summary>One of the pool: it does all there is.</summary>
    Pool,

    /// <summary>Of who queued a control frame: that goes out, and no more.</summary>
    Sender,

    /// <summary>Of <see cref="HeldPumps"/>: a little at a time.</summary>
    Holder,
}
