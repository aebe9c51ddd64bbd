using Tspm.CaptureLog;

namespace Tspm.Logs.Retention;

/// <summary>Keeps the logs of a home within their bounds: the oldest files that are closed and numbered go first.</summary>
/// <remarks>
/// Bytes and age per process, bytes of the home, free space of the file system; data, index and journal count together.
/// One thread at a time. It deletes data files; what has to be told in an index is given back, for the ingest thread.
/// </remarks>
public sealed class LogRetention
{
    /// <summary>Bytes that all logs of a home may hold, unless told otherwise.</summary>
    public const long DefaultHomeBytes = 2L * 1024 * 1024 * 1024;

    private const long LeastReserve = 64 * 1024 * 1024;
    private readonly HomePaths _home;
    private readonly long _homeBytes;
    private readonly long? _reserveBytes;

    /// <summary>Makes a retention.</summary>
    /// <param name="home">The home.</param>
    /// <param name="homeBytes">Bytes of all its logs and the journal.</param>
    /// <param name="reserveBytes">Bytes of the file system that stay free; null: the larger of 64 MiB and 1 %.</param>
    public LogRetention(
        HomePaths home,
        long homeBytes = DefaultHomeBytes,
        long? reserveBytes = null
    )
    {
        _home = home;
        _homeBytes = homeBytes;
        _reserveBytes = reserveBytes;
    }

    /// <summary>Deletes what is too much or too old.</summary>
    /// <param name="logs">All logs of the home.</param>
    /// <param name="now">The wall clock.</param>
    /// <returns>What each index has to tell from now on; then <see cref="LogWriter.DeleteExpiredIndex"/> frees the rest.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public IReadOnlyList<LogExpiry> Enforce(IReadOnlyList<RetainedLog> logs, DateTimeOffset now)
    {
        foreach (var log in logs)
        {
            LogFlush.Resume(log.Writer);
        }

        var stores = logs.Select(log => new StoredLog(log)).ToList();
        foreach (var store in stores)
        {
            while (store.IsOver(now) && store.TryDeleteOldest())
            {
                // Until it is within its bounds, or has nothing left that may go.
            }
        }

        while (IsOver(stores) && TryDeleteFromLargest(stores))
        {
            // The process with the most bytes gives first.
        }

        return [.. stores.Where(store => store.HasDeleted).Select(store => store.Expire())];
    }

    private bool IsOver(List<StoredLog> stores) =>
        stores.Sum(store => store.Bytes) + JournalBytes() > _homeBytes || IsDiskLow();

    private static bool TryDeleteFromLargest(List<StoredLog> stores) =>
        stores.OrderByDescending(store => store.Bytes).Any(store => store.TryDeleteOldest());

    private long JournalBytes() =>
        Directory.Exists(_home.Journal)
            ? new DirectoryInfo(_home.Journal).EnumerateFiles().Sum(file => file.Length)
            : 0;

    private bool IsDiskLow()
    {
        var disk = new DriveInfo(_home.Machine);
        var reserve = _reserveBytes ?? Math.Max(LeastReserve, disk.TotalSize / 100);
        return disk.AvailableFreeSpace < reserve;
    }
}

/// <summary>A log with its bounds.</summary>
/// <param name="Writer">The log.</param>
/// <param name="MaxBytes">Bytes of data and index together.</param>
/// <param name="MaxAge">A file whose newest entry is older goes; zero: none goes by age.</param>
public readonly record struct RetainedLog(LogWriter Writer, long MaxBytes, TimeSpan MaxAge);

/// <summary>What a log has to tell after its files were deleted.</summary>
/// <param name="Writer">The log.</param>
/// <param name="ExpiredTo">Nothing up to this seq is left.</param>
public readonly record struct LogExpiry(LogWriter Writer, long ExpiredTo);
