using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Slot 0 of an index file.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = LogSpan.Size)]
internal struct HeaderSlot
{
    /// <summary>"TSPMIDX1".</summary>
    public const ulong MagicNumber = 0x3158_4449_4D50_5354;

    /// <summary>The format this code writes.</summary>
    public const ushort FormatVersion = 1;

    private const ulong AfterSpill = 1;
    private const int CheckedFrom = 8;

    public SlotKind Kind;
    public byte Reserved;
    public ushort Version;
    public uint Checksum;
    public ulong Magic;
    public UInt128 LogIdBytes;
    public long FirstSeq;
    public uint Epoch;
    public uint Process;
    public long Wall;
    public ulong Marks;

    /// <summary>True if the file before this one was in the spill directory.</summary>
    public readonly bool FollowsSpill => (Marks & AfterSpill) != 0;

    /// <summary>True if it is a header of a format that this code does not know yet.</summary>
    /// <remarks>Later formats have a checksum over the whole slot, so that a flipped bit of the version is damage and not one of them.</remarks>
    public readonly bool IsOfLaterVersion =>
        Kind == SlotKind.Header
        && Magic == MagicNumber
        && Version > FormatVersion
        && Checksum == ComputeLaterChecksum();

    /// <summary>True if it is a header of this format, whole.</summary>
    public readonly bool IsGood =>
        Kind == SlotKind.Header
        && Reserved == 0
        && Magic == MagicNumber
        && Version == FormatVersion
        && Checksum == ComputeChecksum();

    /// <summary>True if only the bytes before its checksum are damaged: all that they can be is known.</summary>
    /// <param name="whole">The header as it was.</param>
    public readonly bool TryMend(out HeaderSlot whole)
    {
        whole = this with { Kind = SlotKind.Header, Reserved = 0, Version = FormatVersion };
        return whole.IsGood;
    }

    /// <summary>The log's identity.</summary>
    public readonly Guid LogId
    {
        get
        {
            var bytes = LogIdBytes;
            return new Guid(
                MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in bytes)),
                bigEndian: true
            );
        }
    }

    /// <summary>A sealed header.</summary>
    public static HeaderSlot Create(
        Guid logId,
        long firstSeq,
        uint epoch,
        uint process,
        long wall,
        bool followsSpill = false
    )
    {
        Span<byte> id = stackalloc byte[16];
        logId.TryWriteBytes(id, bigEndian: true, out _);
        var header = new HeaderSlot
        {
            Kind = SlotKind.Header,
            Version = FormatVersion,
            Magic = MagicNumber,
            LogIdBytes = MemoryMarshal.Read<UInt128>(id),
            FirstSeq = firstSeq,
            Epoch = epoch,
            Process = process,
            Wall = wall,
            Marks = followsSpill ? AfterSpill : 0,
        };
        header.Checksum = header.ComputeChecksum();
        return header;
    }

    /// <summary>What a later format has as its checksum: CRC32C of the whole slot with these four bytes 0.</summary>
    internal readonly uint ComputeLaterChecksum()
    {
        var bare = this with { Checksum = 0 };
        return Crc32C.Compute(MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in bare)));
    }

    private readonly uint ComputeChecksum() =>
        Crc32C.Compute(MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in this))[CheckedFrom..]);
}
