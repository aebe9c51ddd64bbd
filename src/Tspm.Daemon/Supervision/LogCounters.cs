using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>The counters of a process's log, as they are shown.</summary>
internal static class LogCounters
{
    /// <summary>Counts.</summary>
    public static LogCountersView Of(ProcessSupervisor process, TimeProvider time)
    {
        var log = process.Log.Log;
        var counts = process.Tally.Count(log);
        var facts = log.Facts;
        var lost = new List<LostEntries>();
        var missing = process.Tally.CountLost(log);
        for (var reason = 0; reason < missing.Length; reason++)
        {
            Add(lost, (GapReason)reason, missing[reason]);
        }

        return new LogCountersView
        {
            Entries = facts.Head,
            Out = counts.Out,
            Err = counts.Err,
            Events = counts.Events,
            Bytes = counts.OutBytes + counts.ErrBytes + counts.OrphanBytes,
            Parts = counts.Parts,
            Collapsed = counts.Collapsed,
            Lost = lost,
            SyncLagSeconds = process.Sync.LagOf(log, time),
            DiskBytes = CountBytes(process.LogDirectory),
            DiskState = process.DiskState,
        };
    }

    private static void Add(List<LostEntries> lost, GapReason reason, long count)
    {
        if (count > 0)
        {
            lost.Add(new LostEntries(GapReasons.Name(reason), count));
        }
    }

    private static long CountBytes(string directory)
    {
        try
        {
            return new DirectoryInfo(directory)
                .EnumerateFiles("*", SearchOption.AllDirectories)
                .Sum(file => file.Length);
        }
        catch (IOException)
        {
            // A file went between two looks: the next look tells.
            return 0;
        }
    }
}
