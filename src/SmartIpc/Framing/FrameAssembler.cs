using System.Buffers;

namespace SmartIpc.Framing;

/// <summary>Cuts a stream of bytes into frames, however the bytes are chopped.</summary>
/// <remarks>
/// No I/O: the owner receives into <see cref="ReceiveMemory"/>, says how much with <see cref="Received"/> and takes
/// frames with <see cref="TryRead"/> until it says no. A payload that fits is a slice of one small buffer; a longer
/// one gets rented memory of its own and is received straight into it. For one thread at a time.
/// </remarks>
internal sealed class FrameAssembler(FrameRule rule, int bufferBytes = 16 * 1024) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
    private int _start;
    private int _end;
    private bool _hasHeader;
    private byte[]? _large;
    private int _largeFilled;

    /// <summary>The header of the frame that <see cref="TryRead"/> gave.</summary>
    public FrameHeader Header { get; private set; }

    /// <summary>The payload of that frame; valid until the next call of <see cref="TryRead"/>.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>True between two frames: an end of the stream here is an orderly one.</summary>
    public bool IsAtBoundary => !_hasHeader && _start == _end;

    /// <summary>Where the next bytes go; never empty after <see cref="TryRead"/> said no.</summary>
    public Memory<byte> ReceiveMemory =>
        _large is not null
            ? _large.AsMemory(_largeFilled, Header.Length - _largeFilled)
            : _buffer.AsMemory(_end);

    /// <summary>Takes note of bytes that were put into <see cref="ReceiveMemory"/>.</summary>
    public void Received(int count)
    {
        if (_large is not null)
        {
            _largeFilled += count;
        }
        else
        {
            _end += count;
        }
    }

    /// <summary>Takes the next frame, if all of it is there.</summary>
    /// <exception cref="ProtocolViolationException">The rule does not let the frame through.</exception>
    public bool TryRead()
    {
        if (!_hasHeader && !TryReadHeader())
        {
            return false;
        }

        var length = Header.Length;
        if (_large is not null)
        {
            if (_largeFilled < length)
            {
                return false;
            }

            Payload = _large.AsMemory(0, length);
            _hasHeader = false;
            return true;
        }

        if (_end - _start >= length)
        {
            Payload = _buffer.AsMemory(_start, length);
            _start += length;
            _hasHeader = false;
            return true;
        }

        MakeRoomFor(length);
        return false;
    }

    /// <summary>The payload with memory of its own: handed over if it had some, else copied.</summary>
    public FrameLease TakePayload(ILeaseOwner? owner = null, uint gen = 0)
    {
        var length = Payload.Length;
        Payload = default;
        if (_large is not null)
        {
            var large = _large;
            _large = null;
            return new FrameLease(large, length, owner, gen);
        }

        var copy = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        _buffer.AsSpan(_start - length, length).CopyTo(copy);
        return new FrameLease(copy, length, owner, gen);
    }

    public void Dispose()
    {
        ReleaseLarge();
        var buffer = _buffer;
        _buffer = [];
        _start = _end = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryReadHeader()
    {
        ReleaseLarge();
        Payload = default;
        if (_end - _start < FrameHeader.Size)
        {
            Compact();
            return false;
        }

        var header = FrameHeader.Read(_buffer.AsSpan(_start));
        rule.Check(header);
        Header = header;
        _start += FrameHeader.Size;
        _hasHeader = true;
        return true;
    }

    private void MakeRoomFor(int length)
    {
        if (length <= _buffer.Length)
        {
            Compact();
            return;
        }

        _large = ArrayPool<byte>.Shared.Rent(length);
        _largeFilled = _end - _start;
        _buffer.AsSpan(_start, _largeFilled).CopyTo(_large);
        _start = _end = 0;
    }

    private void Compact()
    {
        if (_start == 0)
        {
            return;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
    }

    private void ReleaseLarge()
    {
        if (_large is not null)
        {
            ArrayPool<byte>.Shared.Return(_large);
            _large = null;
        }
    }
}
