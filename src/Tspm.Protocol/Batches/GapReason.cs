namespace Tspm.Protocol.Batches;

/// <summary>Why entries are missing; the closed list of docs/protocol.md section 6.</summary>
public enum GapReason : uint
{
    /// <summary>Not known; a peer that is newer than this code.</summary>
    Unknown = 0,

    /// <summary>Left the ring before it could be sent.</summary>
    Slow = 1,

    /// <summary>Deleted by the keeper before it was indexed.</summary>
    Dropped = 2,

    /// <summary>Retention took it.</summary>
    Expired = 3,

    /// <summary>Somebody flushed the log.</summary>
    Flushed = 4,

    /// <summary>The disk refused it.</summary>
    NotStored = 5,

    /// <summary>The bytes on disk are damaged.</summary>
    Corrupt = 6,

    /// <summary>Lost with data that was not on the device yet.</summary>
    Truncated = 7,

    /// <summary>The reader chose not to have it.</summary>
    Skipped = 8,

    /// <summary>Not for this reader.</summary>
    Unauthorised = 9,
}

/// <summary>The names of gap reasons on the wire and in JSON.</summary>
public static class GapReasons
{
    private static readonly string[] Names =
    [
        "unknown",
        "slow",
        "dropped",
        "expired",
        "flushed",
        "not-stored",
        "corrupt",
        "truncated",
        "skipped",
        "unauthorised",
    ];

    /// <summary>The name of a reason.</summary>
    public static string Name(GapReason reason) =>
        (uint)reason < (uint)Names.Length ? Names[(uint)reason] : Names[0];

    /// <summary>The reason with this name; <see cref="GapReason.Unknown"/> for a name that is not known.</summary>
    public static GapReason Parse(string? name)
    {
        var index = Array.IndexOf(Names, name);
        return index < 0 ? GapReason.Unknown : (GapReason)index;
    }
}
