using System.Buffers;
using System.Runtime.InteropServices;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.Terminal;

/// <summary>A file descriptor for output, with a buffer, written with write(2) alone.</summary>
/// <remarks>
/// One thread at a time. The runtime's own console streams swallow EPIPE, so they are not used. A full pipe makes
/// the writer wait: that is the follower's back-pressure. The buffer is bounded by its capacity, or by the largest
/// single size asked for. After an exception what was in the buffer is gone.
/// </remarks>
internal sealed class OutputFile : IBufferWriter<byte>
{
    /// <summary>The usual capacity, bytes.</summary>
    public const int DefaultCapacity = 128 * 1024;

    /// <summary>A block at least this long is written without a copy.</summary>
    public const int WriteThroughBytes = 32 * 1024;

    private const int BrokenPipeSignal = 13;
    private const nint IgnoreSignal = 1;

    private readonly int _descriptor;
    private byte[] _buffer;
    private int _used;

    /// <summary>Takes a descriptor; it is not closed here.</summary>
    /// <param name="descriptor">1, 2, or any other one that can be written.</param>
    /// <param name="capacity">Bytes of the buffer, 4 KiB to 1 MiB.</param>
    public OutputFile(int descriptor, int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 1024 * 1024);
        _descriptor = descriptor;
        _buffer = GC.AllocateUninitializedArray<byte>(capacity);

        // A native image need not have done it: SIGPIPE would end us before write(2) could return EPIPE.
        _ = TerminalCalls.SetSignal(BrokenPipeSignal, IgnoreSignal);
    }

    /// <summary>The descriptor.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Bytes that the kernel has taken so far.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Bytes that wait in the buffer.</summary>
    public int BufferedBytes => _used;

    /// <inheritdoc/>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">Any other failure to write.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_used);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_used);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _used);
        _used += count;
    }

    /// <summary>Adds bytes; a long block goes to the kernel directly, after what is in the buffer.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">Any other failure to write.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= WriteThroughBytes)
        {
            Flush();
            WriteAll(bytes);
            return;
        }

        MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Hands the buffer to the kernel; returns when all of it is taken.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">Any other failure to write.</exception>
    public void Flush()
    {
        var count = _used;
        _used = 0;
        WriteAll(_buffer.AsSpan(0, count));
    }

    /// <summary>Whether a write of a page or less returns at once.</summary>
    public bool HasRoom()
    {
        var request = new PollRequest { Descriptor = _descriptor, Events = TerminalCalls.PollOut };
        return TerminalCalls.Poll(ref request, 1, 0) > 0;
    }

    /// <summary>Waits until nobody reads any more; false if that is not so when the time is over.</summary>
    /// <param name="timeoutMs">0 only looks; −1 waits for ever.</param>
    /// <remarks>May be called by another thread than the writer's: an idle follower learns here that it can go.</remarks>
    public bool WaitForClosedReader(int timeoutMs)
    {
        var request = new PollRequest { Descriptor = _descriptor, Events = 0 };
        return TerminalCalls.Poll(ref request, 1, timeoutMs) > 0
            && (request.Returned & TerminalCalls.PollError) != 0;
    }

    private void MakeRoom(int count)
    {
        if (count <= _buffer.Length - _used)
        {
            return;
        }

        Flush();
        if (count > _buffer.Length)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(count);
        }
    }

    private unsafe void WriteAll(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                var written = TerminalCalls.Write(
                    _descriptor,
                    start + done,
                    (nuint)(bytes.Length - done)
                );
                if (written >= 0)
                {
                    done += written;
                    WrittenBytes += written;
                    continue;
                }

                RecoverOrThrow(Marshal.GetLastPInvokeError());
            }
        }
    }

    private void RecoverOrThrow(int errno)
    {
        switch (errno)
        {
            case TerminalCalls.Interrupted:
                return;
            case TerminalCalls.TryAgain:
                // Somebody who shares the descriptor made it non-blocking; wait until there is room.
                var request = new PollRequest
                {
                    Descriptor = _descriptor,
                    Events = TerminalCalls.PollOut,
                };
                _ = TerminalCalls.Poll(ref request, 1, -1);
                return;
            case TerminalCalls.BrokenPipe:
                throw new OutputClosedException();
            default:
                throw new OutputFailedException(_descriptor, errno);
        }
    }
}
