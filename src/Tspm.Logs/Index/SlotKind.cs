namespace Tspm.Logs.Index;

/// <summary>What a 64-byte slot of the index holds (docs/capture-log.md section 5).</summary>
internal enum SlotKind : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The first slot of a file.</summary>
    Header = 1,

    /// <summary>A span.</summary>
    Span = 2,

    /// <summary>A life-cycle entry; payload slots follow.</summary>
    Event = 3,

    /// <summary>Up to 62 bytes of an event's body.</summary>
    Payload = 4,

    /// <summary>Where an orphan's stream was read to.</summary>
    Checkpoint = 5,

    /// <summary>The end of a batch.</summary>
    Commit = 6,

    /// <summary>Entries that have numbers and no bytes; aux tells why.</summary>
    Hole = 7,

    /// <summary>Everything up to a seq is gone; aux tells why.</summary>
    Floor = 8,

    /// <summary>A stretch of bytes that was dropped, or of which nobody knows whether the device has it.</summary>
    Range = 9,
}
