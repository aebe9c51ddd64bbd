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

    /// <summary>Bytes are gone: deleted by the keeper, or by somebody behind its back.</summary>
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

    /// <summary>The disk refused a stream; it goes on in the spill directory.</summary>
    SpillBegan = 16,

    /// <summary>The stream goes on in the home again.</summary>
    SpillEnded = 17,

    /// <summary>A sync of this range failed; it may not be on the device.</summary>
    Suspect = 18,

    /// <summary>Nothing more is taken from the pipe until there is room (onPressure: block), or there is again.</summary>
    Blocked = 19,

    /// <summary>Output may be gone: the program ended while nobody was there to read it.</summary>
    Uncaptured = 32,

    /// <summary>A new keeper goes on with this run.</summary>
    Adopted = 33,

    /// <summary>The wall clock was set while this run was living.</summary>
    ClockStepped = 34,
}

/// <summary>Why a stream goes on in a new data file, the b of a rotated record.</summary>
public enum RotationReason
{
    /// <summary>The file has reached its size.</summary>
    Size = 0,

    /// <summary>The file was deleted, replaced or cut by somebody else.</summary>
    Changed = 1,

    /// <summary>A sync of the file failed.</summary>
    FailedSync = 2,
}
