using System.Runtime.InteropServices;

namespace Tspm.Logs.Index;

/// <summary>The last slot of a batch: what is before it exists only if the checksum holds.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = LogSpan.Size)]
internal struct CommitSlot
{
    /// <summary>Where the checksum stands in the slot.</summary>
    public const int ChecksumAt = 4;

    /// <summary>Flag: the log was closed cleanly.</summary>
    public const byte CleanClose = 1;

    /// <summary>Flag: the first batch of an epoch.</summary>
    public const byte FirstOfEpoch = 2;

    /// <summary>Flag: the wall clock went backwards somewhere in this file up to here.</summary>
    public const byte ClockDisturbed = 4;

    public SlotKind Kind;
    public byte Flags;
    public ushort Slots;
    public uint Checksum;
    public ulong JournalPosition;
    public ulong OutConsumed;
    public ulong ErrConsumed;
    public long LastSeq;
    public uint BytesChecksum;
    public uint Epoch;
    public uint Run;
    public ushort OutPart;
    public ushort ErrPart;
    public uint OutPartSpan;
    public uint ErrPartSpan;
}
