using Tspm.CaptureLog;
using Tspm.Logs.Interop;

namespace Tspm.Logs.Retention;

/// <summary>Takes the bytes of flushed entries from the disk.</summary>
/// <remarks>
/// Closed files are deleted. The file that the keeper writes keeps its name and length, so that offsets go on, and gives
/// its blocks back; where the file system cannot do that, the bytes stay until the file is closed, and no reader gets them.
/// </remarks>
public static class LogFlush
{
    /// <summary>Frees what lies before the first entry after a seq; call it after the floor is in the index.</summary>
    /// <param name="writer">The log.</param>
    /// <param name="upTo">The last seq that was flushed.</param>
    /// <returns>Bytes that went.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public static long Free(LogWriter writer, long upTo)
    {
        long freed = 0;
        foreach (var file in writer.ListDataFiles())
        {
            CrashPoint.Pass(CrashPoint.InFlush);
            var keepFrom = writer.Log.FindOffsetAfter(file.Stream, upTo);
            if (file.MayGo && file.End <= keepFrom)
            {
                File.Delete(file.Path);
                writer.ForgetData(file.Stream, file.End);
                freed += file.Bytes;
            }
            else if (file.First < keepFrom)
            {
                freed += Punch(file, (long)(Math.Min(keepFrom, file.End) - file.First));
            }
        }

        return freed;
    }

    private static long Punch(StoredFile file, long length)
    {
        using var handle = File.OpenHandle(
            file.Path,
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        return LibC.TryPunchHole(handle, 0, length) ? length : 0;
    }
}
