using System.Buffers.Binary;
using System.Text;

namespace Tspm.CaptureLog.Control;

/// <summary>Builds a frame field by field.</summary>
public sealed class ControlWriter
{
    private byte[] _bytes = new byte[256];
    private int _length = ControlFrame.HeaderBytes;

    /// <summary>Adds a number.</summary>
    public ControlWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(sizeof(uint)), value);
        return this;
    }

    /// <summary>Adds a number.</summary>
    public ControlWriter U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Room(sizeof(ulong)), value);
        return this;
    }

    /// <summary>Adds an identity, 16 bytes in RFC 9562 order.</summary>
    public ControlWriter Id(Guid value)
    {
        value.TryWriteBytes(Room(16), bigEndian: true, out _);
        return this;
    }

    /// <summary>Adds a text: its length in bytes, then UTF-8.</summary>
    public ControlWriter Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        U32((uint)length);
        Encoding.UTF8.GetBytes(value, Room(length));
        return this;
    }

    /// <summary>Adds texts: how many, then each.</summary>
    public ControlWriter Texts(IReadOnlyList<string> values)
    {
        U32((uint)values.Count);
        foreach (var value in values)
        {
            Text(value);
        }

        return this;
    }

    /// <summary>The whole frame.</summary>
    /// <exception cref="ArgumentException">It is larger than a frame may be.</exception>
    public ReadOnlyMemory<byte> Finish(ControlKind kind, uint id)
    {
        var length = _length - ControlFrame.HeaderBytes;
        if (length > ControlFrame.MaxBytes)
        {
            throw new ArgumentException(
                $"a control frame has at most {ControlFrame.MaxBytes} bytes",
                nameof(kind)
            );
        }

        new ControlFrame(kind, id, length).Write(_bytes);
        return _bytes.AsMemory(0, _length);
    }

    private Span<byte> Room(int bytes)
    {
        if (_length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        }

        var room = _bytes.AsSpan(_length, bytes);
        _length += bytes;
        return room;
    }
}
