using System.Buffers;

namespace SmartIpc.Framing;

/// <summary>One outgoing frame: room for the header, then a payload that grows up to a bound.</summary>
/// <remarks>
/// The memory is rented and has one owner, who disposes it. It is for one thread at a time. Going over the bound
/// throws <see cref="InvalidOperationException"/>.
/// </remarks>
public class FrameBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstRent = 1024;
    private const int BatchBytes = 256 * 1024;

    // Long frames are few at a time; the shared pool would keep some for each thread that ever sent one.
    private static readonly ArrayPool<byte> Batches = ArrayPool<byte>.Create(BatchBytes, 4);
    private readonly int _maxPayloadBytes;
    private byte[]? _array;
    private int _end = FrameHeader.Size;

    /// <summary>Creates an empty frame; memory is rented at the first write.</summary>
    /// <param name="maxPayloadBytes">The most payload it takes, in bytes.</param>
    public FrameBuffer(int maxPayloadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxPayloadBytes);
        _maxPayloadBytes = maxPayloadBytes;
    }

    /// <summary>Bytes of payload written.</summary>
    public int Length => _end - FrameHeader.Size;

    /// <summary>Bytes of payload that can still be written.</summary>
    public int Room => _maxPayloadBytes - Length;

    /// <summary>The payload written so far, to patch counts and lengths into.</summary>
    public Span<byte> Written => _array is null ? [] : _array.AsSpan(FrameHeader.Size, Length);

    /// <summary>Header and payload, once <see cref="Seal"/> has been called.</summary>
    internal ReadOnlyMemory<byte> Sealed => _array.AsMemory(0, _end);

    /// <summary>Bytes of memory that it holds.</summary>
    internal int Capacity => _array?.Length ?? 0;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (_array is null || count > _array.Length - _end || count > Room)
        {
            throw new InvalidOperationException(
                $"A frame takes {_maxPayloadBytes} bytes of payload and not more."
            );
        }

        _end += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var array = Reserve(sizeHint);
        return array.AsMemory(_end);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        var array = Reserve(sizeHint);
        return array.AsSpan(_end);
    }

    /// <summary>Forgets the payload and keeps the memory.</summary>
    public void Clear() => _end = FrameHeader.Size;

    /// <summary>Takes back what was written after the first <paramref name="length"/> bytes of payload.</summary>
    /// <param name="length">0 to <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _end = FrameHeader.Size + length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes the header in front of the payload.</summary>
    internal FrameBuffer Seal(
        FrameKind kind,
        uint id = 0,
        FrameFlags flags = FrameFlags.None,
        ushort method = 0
    )
    {
        var array = Reserve(0);
        new FrameHeader(Length, kind, flags, method, id).Write(array);
        return this;
    }

    /// <summary>Gives the memory back; the frame can be used again and rents anew.</summary>
    internal void Release()
    {
        _end = FrameHeader.Size;
        var array = _array;
        _array = null;
        if (array is not null)
        {
            PoolOf(array.Length).Return(array);
        }
    }

    /// <summary>Gives the memory back.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) => Release();

    private byte[] Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        var wanted = _end + Math.Max(sizeHint, 1);
        if (_array is not null && wanted <= _array.Length)
        {
            return _array;
        }

        // A writer may ask for more than it uses in the end, so what counts for the bound is Advance; a hint of
        // more than the bound and a page is refused here, before memory is rented for it.
        if (sizeHint > Room + 4096)
        {
            throw new InvalidOperationException(
                $"A frame takes {_maxPayloadBytes} bytes of payload and not more."
            );
        }

        var size = Math.Max(wanted, Math.Max(FirstRent, (_array?.Length ?? 0) * 2));
        var grown = PoolOf(size).Rent(size);
        if (_array is not null)
        {
            _array.AsSpan(0, _end).CopyTo(grown);
            PoolOf(_array.Length).Return(_array);
        }

        _array = grown;
        return grown;
    }

    /// <summary>The same for the size that is asked for as for that of the array, which is the next power of two.</summary>
    private static ArrayPool<byte> PoolOf(int size) =>
        size is > BatchBytes / 4 and <= BatchBytes ? Batches : ArrayPool<byte>.Shared;
}
