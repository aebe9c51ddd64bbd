using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Where an orphan's stream was read to.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = LogSpan.Size)]
internal struct CheckpointSlot
{
    /// <summary>Flag: the stream has ended.</summary>
    public const ushort Ended = 1;

    public SlotKind Kind;
    public StreamKind Stream;
    public ushort Flags;
    public uint Run;
    public ulong Consumed;
    public long PartFirstSeq;
    public uint PartIndex;
}
