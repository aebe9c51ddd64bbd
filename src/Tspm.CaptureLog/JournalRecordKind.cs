namespace Tspm.CaptureLog;

/// <summary>What a journal record tells (docs/capture-log.md section 3 has the fields).</summary>
public enum JournalRecordKind : byte
{
    /// <summary>Nothing: never written.</summary>
    None = 0,

    /// <summary>The first record of a file.</summary>
    Header = 1,

    /// <summary>Bytes were spliced to the end of a stream.</summary>
    Chunk = 2,

    /// <summary>A program is about to be spawned.</summary>
    SpawnIntent = 3,

    /// <summary>It lives.</summary>
    Spawned = 4,

    /// <summary>It could not be started.</summary>
    SpawnFailed = 5,

    /// <summary>Its leader ended.</summary>
    Exited = 6,

    /// <summary>A stream of a run ended, or went on as an orphan's.</summary>
    StreamEnd = 7,

    /// <summary>The bytes of a run begin here in its stream.</summary>
    StreamBegin = 8,

    /// <summary>The keeper deleted bytes that were not indexed yet.</summary>
    Dropped = 9,

    /// <summary>A stream goes on in a new data file.</summary>
    Rotated = 10,

    /// <summary>Everything before is on the device.</summary>
    Synced = 11,

    /// <summary>A keeper took the home.</summary>
    KeeperStarted = 12,

    /// <summary>A keeper is about to leave it.</summary>
    KeeperStopping = 13,

    /// <summary>The keeper started a daemon.</summary>
    DaemonStarted = 14,

    /// <summary>The daemon ended.</summary>
    DaemonExited = 15,
}
