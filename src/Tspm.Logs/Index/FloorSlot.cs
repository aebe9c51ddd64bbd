using System.Runtime.InteropServices;

namespace Tspm.Logs.Index;

/// <summary>Everything up to a seq is gone; repeated in the first batch of each file.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = LogSpan.Size)]
internal struct FloorSlot
{
    public SlotKind Kind;
    public byte Reserved;
    public ushort Reserved2;
    public uint Reserved3;

    /// <summary>The last seq that retention took; 0 if none.</summary>
    public long ExpiredTo;

    /// <summary>The last seq that somebody flushed; 0 if none.</summary>
    public long FlushedTo;
}
