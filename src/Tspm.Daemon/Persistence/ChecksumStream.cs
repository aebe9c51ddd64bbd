using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;

namespace Tspm.Daemon.Persistence;

/// <summary>Writes to a file from an offset on and computes the checksum of what went through; nothing is kept.</summary>
internal sealed class ChecksumStream(SafeFileHandle file, long offset) : Stream
{
    private uint _state = Crc32C.Seed;
    private long _at = offset;

    /// <summary>The checksum of all bytes so far.</summary>
    public uint Checksum => ~_state;

    /// <summary>The offset after the last byte.</summary>
    public long End => _at;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        RandomAccess.Write(file, buffer, _at);
        _state = Crc32C.Append(_state, buffer);
        _at += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // Every write has reached the file.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
