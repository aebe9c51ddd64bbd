namespace SmartIpc.Connections;

/// <summary>What a server has done since it was made.</summary>
/// <remarks>Counted with interlocked adds; a snapshot is not one moment.</remarks>
public sealed class IpcCounters
{
    private long _framesIn;
    private long _framesOut;
    private long _bytesIn;
    private long _bytesOut;
    private long _accepted;
    private long _refused;
    private long _protocolErrors;
    private long _requests;
    private long _notifies;
    private long _requestErrors;
    private long _timeouts;

    /// <summary>Frames received.</summary>
    public long FramesIn => Volatile.Read(ref _framesIn);

    /// <summary>Frames sent.</summary>
    public long FramesOut => Volatile.Read(ref _framesOut);

    /// <summary>Bytes received, headers included.</summary>
    public long BytesIn => Volatile.Read(ref _bytesIn);

    /// <summary>Bytes sent, headers included.</summary>
    public long BytesOut => Volatile.Read(ref _bytesOut);

    /// <summary>Connections accepted from the socket, refused ones included.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections refused.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connections closed because the peer broke the protocol.</summary>
    public long ProtocolErrors => Volatile.Read(ref _protocolErrors);

    /// <summary>Requests taken.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Notifies taken.</summary>
    public long Notifies => Volatile.Read(ref _notifies);

    /// <summary>Requests answered with an error.</summary>
    public long RequestErrors => Volatile.Read(ref _requestErrors);

    /// <summary>Connections closed by a deadline: handshake, or no progress in sending.</summary>
    public long Timeouts => Volatile.Read(ref _timeouts);

    internal void CountIn(int payloadBytes)
    {
        Interlocked.Increment(ref _framesIn);
        Interlocked.Add(ref _bytesIn, payloadBytes + Framing.FrameHeader.Size);
    }

    internal void CountOut(int frameBytes)
    {
        Interlocked.Increment(ref _framesOut);
        Interlocked.Add(ref _bytesOut, frameBytes);
    }

    internal void CountAccepted() => Interlocked.Increment(ref _accepted);

    internal void CountRefused() => Interlocked.Increment(ref _refused);

    internal void CountProtocolError() => Interlocked.Increment(ref _protocolErrors);

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountNotify() => Interlocked.Increment(ref _notifies);

    internal void CountRequestError() => Interlocked.Increment(ref _requestErrors);

    internal void CountTimeout() => Interlocked.Increment(ref _timeouts);
}
