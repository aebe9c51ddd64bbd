using System.Net.Sockets;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Control;

/// <summary>One connection to the keeper, which is a daemon's: frames in, frames out.</summary>
/// <remarks>Control thread only. Reads when epoll says so; a peer that does not take its answers within 2 s is dropped.</remarks>
internal sealed class ControlConnection : IDisposable
{
    private const int FirstBuffer = 64 * 1024;
    private readonly Socket _socket;
    private readonly Queue<int> _descriptors = new();
    private byte[] _buffer;
    private int _length;

    /// <summary>Takes over an accepted socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="peerPid">The pid of the other side.</param>
    /// <param name="unread">What came already and was not understood as a whole frame.</param>
    public ControlConnection(Socket socket, int peerPid, ReadOnlySpan<byte> unread = default)
    {
        _socket = socket;
        _buffer = new byte[Math.Max(FirstBuffer, unread.Length)];
        unread.CopyTo(_buffer);
        _length = unread.Length;
        PeerPid = peerPid;
    }

    /// <summary>The pid of the other side, by the kernel.</summary>
    public int PeerPid { get; }

    /// <summary>Tells it from the others.</summary>
    public ulong Tag { get; set; }

    /// <summary>The beginning of a frame whose end has not come yet.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(0, _length);

    /// <summary>The descriptor.</summary>
    public int Descriptor => (int)_socket.Handle;

    /// <summary>Monotonic time, ns, of the last frame that came.</summary>
    public long LastHeard { get; private set; }

    /// <summary>Reads once and gives each whole frame to a handler; false if the connection is over.</summary>
    public bool Receive(long now, Action<ControlFrame, byte[], int> handle)
    {
        if (_length == _buffer.Length)
        {
            Array.Resize(
                ref _buffer,
                Math.Min(_buffer.Length * 2, ControlFrame.HeaderBytes + ControlFrame.MaxBytes)
            );
        }

        var read = DescriptorPassing.Receive(Descriptor, _buffer.AsSpan(_length), _descriptors);
        if (read <= 0)
        {
            return read == 0;
        }

        _length += read;
        LastHeard = now;
        return TakeFrames(handle);
    }

    /// <summary>Takes descriptors that came with a frame; false if there are fewer.</summary>
    public bool TryTakeDescriptors(Span<int> destination)
    {
        if (_descriptors.Count < destination.Length)
        {
            return false;
        }

        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = _descriptors.Dequeue();
        }

        return true;
    }

    /// <summary>Sends a frame, and descriptors with it; false if the connection is over.</summary>
    public bool Send(ReadOnlyMemory<byte> frame, ReadOnlySpan<int> descriptors = default) =>
        DescriptorPassing.TrySend(Descriptor, frame.Span, descriptors);

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        while (_descriptors.TryDequeue(out var unclaimed))
        {
            LibC.close(unclaimed);
        }
    }

    private bool TakeFrames(Action<ControlFrame, byte[], int> handle)
    {
        var at = 0;
        while (_length - at >= ControlFrame.HeaderBytes)
        {
            if (!ControlFrame.TryRead(_buffer.AsSpan(at), out var frame))
            {
                return false;
            }

            var whole = ControlFrame.HeaderBytes + frame.Length;
            if (_length - at < whole)
            {
                break;
            }

            handle(frame, _buffer, at + ControlFrame.HeaderBytes);
            at += whole;
        }

        _buffer.AsSpan(at, _length - at).CopyTo(_buffer);
        _length -= at;
        return true;
    }
}
