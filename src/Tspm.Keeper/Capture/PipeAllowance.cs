using System.Globalization;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>How many pipes may be grown: at most half of what the kernel lets a user have.</summary>
internal sealed class PipeAllowance
{
    /// <summary>Bytes of a grown pipe.</summary>
    public const int GrownBytes = 1024 * 1024;

    /// <summary>Bytes of a pipe as it is made.</summary>
    public const int PlainBytes = 64 * 1024;

    private const int DefaultSoftPages = 16_384;
    private readonly int _most;
    private int _grown;

    /// <summary>Reads the limit.</summary>
    public PipeAllowance()
    {
        var path = "/proc/sys/fs/pipe-user-pages-soft";
        var pages =
            File.Exists(path)
            && int.TryParse(
                File.ReadAllText(path),
                NumberStyles.Integer,
                CultureInfo.InvariantCulture,
                out var told
            )
                ? told
                : DefaultSoftPages;
        var bytes = (long)pages * Environment.SystemPageSize;
        _most = pages == 0 ? int.MaxValue : (int)(bytes / 2 / GrownBytes);
    }

    /// <summary>Makes a pipe larger, if there is still room.</summary>
    public void TryGrow(CapturedStream stream)
    {
        if (stream.IsGrown || stream.IsCopied)
        {
            return;
        }

        if (Interlocked.Increment(ref _grown) > _most)
        {
            Interlocked.Decrement(ref _grown);
            return;
        }

        var size = LibC.SetPipeSize(stream.Descriptor, GrownBytes);
        if (size < GrownBytes)
        {
            Interlocked.Decrement(ref _grown);
            return;
        }

        stream.IsGrown = true;
        stream.PipeSize = size;
    }

    /// <summary>A pipe of an older keeper may have been made larger.</summary>
    public void Adopt(CapturedStream stream)
    {
        var size = stream.IsCopied ? 0 : LibC.GetPipeSize(stream.Descriptor);
        stream.PipeSize = size > 0 ? size : stream.PipeSize;
        if (size >= GrownBytes)
        {
            stream.IsGrown = true;
            Interlocked.Increment(ref _grown);
        }
    }

    /// <summary>Gives the room back: the stream is quiet, or has ended.</summary>
    public void Release(CapturedStream stream)
    {
        if (!stream.IsGrown)
        {
            return;
        }

        // Refused with EBUSY if it holds more than that; then it stays as it is until it is asked again.
        if (!stream.HasEnded && LibC.SetPipeSize(stream.Descriptor, PlainBytes) < 0)
        {
            return;
        }

        stream.IsGrown = false;
        stream.PipeSize = PlainBytes;
        Interlocked.Decrement(ref _grown);
    }
}
