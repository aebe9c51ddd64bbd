using Tspm.CaptureLog;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Keeper;

/// <summary>The life-cycle entries that tell of a keeper's death; pure.</summary>
internal static class AdoptionEvents
{
    /// <summary>What a record tells the readers of a log; null if nothing.</summary>
    public static LogEvent? Of(in JournalRecord record) =>
        record.Kind switch
        {
            JournalRecordKind.Adopted => new LogEvent
            {
                What = LogEvents.KeeperReplaced,
                Run = record.Run,
                Pid = (int)record.C,
            },
            JournalRecordKind.Uncaptured => new LogEvent
            {
                What = LogEvents.Uncaptured,
                Run = record.Run,
                From = (long)record.A,
                To = (long)record.B,
                MaxBytes = (long)record.C,
            },
            _ => null,
        };
}
