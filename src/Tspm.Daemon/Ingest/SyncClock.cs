using Tspm.CaptureLog;
using Tspm.Logs;

namespace Tspm.Daemon.Ingest;

/// <summary>What of the logs is on the device: the keeper's newest word about it.</summary>
/// <remarks>Written by the ingest thread; any thread reads.</remarks>
internal sealed class SyncClock
{
    private long _ord;
    private long _wall;

    /// <summary>The keeper says that everything before a record is on the device.</summary>
    public void Note(in JournalRecord synced)
    {
        Volatile.Write(ref _wall, synced.Wall);
        Volatile.Write(ref _ord, (long)synced.Ord);
    }

    /// <summary>How long the oldest entry of a log that is not there yet has waited, at most, in seconds.</summary>
    public double LagOf(ProcessLog log, TimeProvider time)
    {
        var newest = new LogSpan[1];
        var head = log.Facts.Head;
        if (head == 0)
        {
            return 0;
        }

        var read = log.Read(head - 1, head, LogFilter.All, newest, new LogRoom(long.MaxValue));
        if (read.Count == 0 || newest[0].Ord < (ulong)Volatile.Read(ref _ord))
        {
            return 0;
        }

        var since = Math.Max(Volatile.Read(ref _wall), 0);
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        var from = since == 0 ? newest[0].Wall : since;
        return Math.Round(Math.Max(0, now - from) / (double)TimeSpan.TicksPerSecond, 3);
    }
}
