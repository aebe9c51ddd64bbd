using System.Buffers;

namespace SmartIpc.Framing;

/// <summary>A received payload in rented memory; whoever has it disposes it, once or more often.</summary>
/// <remarks><see cref="Memory"/> must not be touched after <see cref="Dispose"/>.</remarks>
public sealed class FrameLease : IDisposable
{
    private readonly ILeaseOwner? _owner;
    private readonly uint _gen;
    private byte[]? _array;

    internal FrameLease(byte[] array, int length, ILeaseOwner? owner = null, uint gen = 0)
    {
        _array = array;
        Length = length;
        _owner = owner;
        _gen = gen;
    }

    /// <summary>Bytes of payload.</summary>
    public int Length { get; }

    /// <summary>The payload.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            var array = _array;
            ObjectDisposedException.ThrowIf(array is null, this);
            return array.AsMemory(0, Length);
        }
    }

    /// <summary>The payload.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public ReadOnlySpan<byte> Span => Memory.Span;

    /// <inheritdoc/>
    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is not null)
        {
            ArrayPool<byte>.Shared.Return(array);
            _owner?.OnReturned(_gen, Length);
        }
    }
}

/// <summary>Hears once when a lease is given back.</summary>
internal interface ILeaseOwner
{
    void OnReturned(uint gen, int bytes);
}
