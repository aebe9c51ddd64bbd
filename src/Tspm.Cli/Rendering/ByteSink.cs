using System.Buffers;
using System.Runtime.CompilerServices;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Rendering;

/// <summary>Small writes into an <see cref="IBufferWriter{T}"/> without a call through the interface for each.</summary>
/// <remarks>Nothing is in the writer before <see cref="Commit"/>. Lives within one method; pass it by reference.</remarks>
internal ref struct ByteSink(IBufferWriter<byte> output)
{
    private const int UsualRoom = 4096;

    private readonly IBufferWriter<byte> _output = output;
    private Span<byte> _room;
    private int _used;

    /// <summary>Adds bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _room.Length - _used)
        {
            WriteMore(bytes);
            return;
        }

        bytes.CopyTo(_room[_used..]);
        _used += bytes.Length;
    }

    /// <summary>Adds one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(byte value)
    {
        if (_used == _room.Length)
        {
            MakeRoom(UsualRoom);
        }

        _room[_used++] = value;
    }

    /// <summary>Room for at least so many bytes; say with <see cref="Advance"/> how many were filled in.</summary>
    /// <param name="count">At most a few KiB.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Reserve(int count)
    {
        if (count > _room.Length - _used)
        {
            MakeRoom(Math.Max(count, UsualRoom));
        }

        return _room[_used..];
    }

    /// <summary>Takes so many bytes of what <see cref="Reserve"/> gave.</summary>
    public void Advance(int count) => _used += count;

    /// <summary>Adds a number in decimal digits.</summary>
    public void WriteNumber(long value)
    {
        var room = Reserve(20);
        _ = value.TryFormat(room, out var written);
        _used += written;
    }

    /// <summary>Adds a number in decimal digits.</summary>
    public void WriteNumber(ulong value)
    {
        var room = Reserve(20);
        _ = value.TryFormat(room, out var written);
        _used += written;
    }

    /// <summary>Gives what was added to the writer.</summary>
    public void Commit()
    {
        if (_used > 0)
        {
            _output.Advance(_used);
        }

        _used = 0;
        _room = default;
    }

    private void WriteMore(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < UsualRoom)
        {
            MakeRoom(UsualRoom);
            bytes.CopyTo(_room);
            _used = bytes.Length;
            return;
        }

        Commit();
        if (_output is OutputFile file)
        {
            file.Write(bytes);
        }
        else
        {
            _output.Write(bytes);
        }
    }

    private void MakeRoom(int count)
    {
        Commit();
        _room = _output.GetSpan(count);
    }
}
