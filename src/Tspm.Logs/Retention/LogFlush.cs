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
        CrashPoint.Pass(CrashPoint.InFlush);
        long freed = 0;
        foreach (var file in writer.Files.ListData())
        {
            var keepFrom = writer.Log.FindOffsetAfter(file.Stream, upTo);
            if (file.MayGo && file.End <= keepFrom)
            {
                File.Delete(file.Path);
                writer.Files.Forget(file.Stream, file.End);
                freed += file.Bytes;
            }
            else if (file.First < keepFrom)
            {
                freed += Punch(file, (long)(Math.Min(keepFrom, file.End) - file.First));
            }
        }

        writer.UnfreedTo = 0;

        CrashPoint.Pass(CrashPoint.AfterFlush);
        return freed;
    }

    /// <summary>Goes on with a flush in whose middle a daemon died: the index tells of it, the bytes may be there.</summary>
    /// <returns>Bytes that went.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public static long Resume(LogWriter writer) =>
        writer.UnfreedTo is > 0 and var upTo ? Free(writer, upTo) : 0;

    private static long Punch(StoredFile file, long length)
    {
        try
        {
            using var handle = File.OpenHandle(
                file.Path,
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
            return LibC.TryPunchHole(handle, 0, length) ? length : 0;
        }
        catch (FileNotFoundException)
        {
            // Retention took it since it was listed: that is as good.
            return 0;
        }
    }
}
