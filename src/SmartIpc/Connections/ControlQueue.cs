using System.Diagnostics.CodeAnalysis;
using SmartIpc.Framing;

namespace SmartIpc.Connections;

/// <summary>The control frames that wait for one connection's pump, and the first reason for which it ends.</summary>
/// <remarks>Bounded in frames and bytes; who pays when it is full is the peer, which the owner cuts off.</remarks>
internal sealed class ControlQueue
{
    private const int MaxFrames = 1024;
    private const int MaxBytes = 16 * 1024 * 1024;
    private const int RoomFrames = 256;
    private const int RoomBytes = 4 * 1024 * 1024;

    // Guards all fields below.
    private readonly Lock _gate = new();

    // Full means that the peer does not read its answers: it is disconnected.
    private readonly Queue<FrameBuffer> _frames = new();
    private TaskCompletionSource? _room;
    private CloseReason? _closing;
    private int _bytes;

    /// <summary>The first reason for which the connection ends, or null.</summary>
    public CloseReason? Closing => Volatile.Read(ref _closing);

    private bool HasRoom => _frames.Count < RoomFrames && _bytes < RoomBytes;

    /// <summary>Adds a frame; if it cannot, because of the end or the bound, the frame is disposed.</summary>
    public bool TryEnqueue(FrameBuffer frame)
    {
        lock (_gate)
        {
            if (_closing is null && _frames.Count < MaxFrames && _bytes <= MaxBytes)
            {
                _frames.Enqueue(frame);
                _bytes += frame.Length;
                return true;
            }
        }

        frame.Dispose();
        return false;
    }

    /// <summary>Takes the next frame, and says in the same moment whether the end was decided.</summary>
    public bool TryDequeue([NotNullWhen(true)] out FrameBuffer? frame, out bool isClosing)
    {
        lock (_gate)
        {
            isClosing = _closing is not null;
            if (!_frames.TryDequeue(out frame))
            {
                return false;
            }

            _bytes -= frame.Length;
            if (_room is not null && HasRoom)
            {
                _room.TrySetResult();
                _room = null;
            }

            return true;
        }
    }

    /// <summary>Decides the end, once; a farewell goes behind what is queued and nothing goes behind it.</summary>
    public bool TryClose(CloseReason reason, FrameBuffer? farewell)
    {
        lock (_gate)
        {
            if (_closing is null)
            {
                Volatile.Write(ref _closing, reason);
                if (farewell is not null)
                {
                    _frames.Enqueue(farewell);
                    _bytes += farewell.Length;
                }

                return true;
            }
        }

        farewell?.Dispose();
        return false;
    }

    /// <summary>Completes when the queue is short, or the connection ends.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_gate)
        {
            if (HasRoom || _closing is not null)
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Lets go of what will not be sent any more.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_frames.TryDequeue(out var frame))
            {
                frame.Dispose();
            }

            _room?.TrySetResult();
            _room = null;
        }
    }
}

/// <summary>Why a connection ends.</summary>
/// <param name="Code">A word.</param>
/// <param name="Message">More about it.</param>
/// <param name="RetryAfter">When the peer said to come back.</param>
internal sealed record CloseReason(string Code, string Message, TimeSpan RetryAfter = default);
