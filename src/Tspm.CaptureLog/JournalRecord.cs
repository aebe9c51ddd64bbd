using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>One 64-byte record of the journal; the layout is docs/capture-log.md section 3.</summary>
/// <remarks>Little endian on disk; tspm runs on little-endian machines only, so the struct is the layout.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Length)]
public struct JournalRecord
{
    /// <summary>Bytes of a record.</summary>
    public const int Length = 64;

    /// <summary>Records in a file after its header.</summary>
    public const int MaxPerFile = 65_536;

    /// <summary>"TSPMJRN1", the <see cref="A"/> of a header.</summary>
    public const ulong Magic = 0x314E_524A_4D50_5354;

    /// <summary>The newlines of a dropped range that nobody could count.</summary>
    public const ulong UnknownNewlines = ulong.MaxValue;

    /// <summary>The format this code writes.</summary>
    public const uint FormatVersion = 1;

    /// <summary>Bit of <see cref="B"/> of an exit: nobody knows how it ended.</summary>
    public const int UnknownBit = 33;

    /// <summary>Bit of <see cref="B"/> of an exit: the machine was started again.</summary>
    public const int OtherBootBit = 34;

    /// <summary>Bit of <see cref="B"/> of an exit: the peak memory in <see cref="C"/> is the keeper's, or below it.</summary>
    public const int PeakBoundBit = 35;

    /// <summary>CRC32C of the 60 bytes after it.</summary>
    public uint Checksum;

    /// <summary>What it tells.</summary>
    public JournalRecordKind Kind;

    /// <summary>The stream; <see cref="StreamKind.Event"/> where none is meant.</summary>
    public StreamKind Stream;

    /// <summary>See <see cref="JournalFlags"/>.</summary>
    public JournalFlags Flags;

    /// <summary>The process id; 0 where none is meant.</summary>
    public uint Process;

    /// <summary>The run; 0 where none is meant.</summary>
    public uint Run;

    /// <summary>The number of the record: one order over everything the keeper saw.</summary>
    public ulong Ord;

    /// <summary>Wall clock, in units of 100 ns since 1970-01-01 UTC.</summary>
    public long Wall;

    /// <summary>CLOCK_MONOTONIC in ns.</summary>
    public long Mono;

    /// <summary>First field of the kind.</summary>
    public ulong A;

    /// <summary>Second field of the kind.</summary>
    public ulong B;

    /// <summary>Third field of the kind.</summary>
    public ulong C;

    /// <summary>True of an exit that nobody saw because the machine was started again.</summary>
    public readonly bool IsOfOtherBoot =>
        Kind == JournalRecordKind.Exited && (B & (1ul << OtherBootBit)) != 0;

    /// <summary>True if the checksum is right.</summary>
    public readonly bool IsIntact => Checksum == ComputeChecksum();

    /// <summary>Sets the checksum; call it last.</summary>
    public void Seal() => Checksum = ComputeChecksum();

    private readonly uint ComputeChecksum()
    {
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<JournalRecord>(in this));
        return Crc32C.Compute(bytes[sizeof(uint)..]);
    }
}

/// <summary>Marks of a journal record.</summary>
[Flags]
public enum JournalFlags : ushort
{
    /// <summary>No mark.</summary>
    None = 0,

    /// <summary>Repeated at the start of a file; it happened earlier.</summary>
    Snapshot = 1,

    /// <summary>The stream is the run's own one, not the process's (its offsets begin at 0).</summary>
    Orphan = 2,

    /// <summary>The program has a terminal.</summary>
    Pty = 4,

    /// <summary>Both outputs go into one pipe.</summary>
    Merged = 8,
}
