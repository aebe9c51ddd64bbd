namespace Tspm.Protocol.Messages;

/// <summary>What a disk entry can tell, and how the disk of a log can be.</summary>
public static class DiskStates
{
    /// <summary>It takes what is printed.</summary>
    public const string Good = "ok";

    /// <summary>No space is left, or only the reserve: output goes on in memory.</summary>
    public const string Full = "full";

    /// <summary>The user's quota is used up: output goes on in memory.</summary>
    public const string Quota = "quota";

    /// <summary>It may not be written: output goes on in memory.</summary>
    public const string ReadOnly = "read-only";

    /// <summary>It failed: output goes on in memory.</summary>
    public const string Failed = "failed";

    /// <summary>It did not take what had been written: what is newer than the last sync may not be there after a power loss.</summary>
    public const string SyncFailed = "sync-failed";

    /// <summary>Somebody deleted or cut a file that is being written: what it held is gone; what comes next is in another.</summary>
    public const string Changed = "changed";

    /// <summary>The log is at its bound and nothing may be dropped: the program waits.</summary>
    public const string Blocked = "blocked";

    /// <summary>It takes output again.</summary>
    public const string Resumed = "resumed";
}
