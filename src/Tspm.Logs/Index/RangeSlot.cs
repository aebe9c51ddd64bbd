using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>A stretch of a stream that the keeper has told something of; all there are stand in the first batch of each file.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = LogSpan.Size)]
internal struct RangeSlot
{
    public SlotKind Kind;
    public StreamKind Stream;
    public RangeKind What;
    public byte Reserved;

    /// <summary>The run of an orphan's stream; 0 for that of the process.</summary>
    public uint Run;

    /// <summary>Offset of its first byte.</summary>
    public ulong From;

    /// <summary>Offset after its last byte.</summary>
    public ulong To;

    /// <summary>Those of a batch.</summary>
    public static RangeSlot[] ListOf(ReadOnlySpan<LogSpan> batch)
    {
        // They stand at its end, before what is told as gone.
        var first = batch.Length - 1;
        while (first > 0 && batch[first - 1].Kind is SlotKind.Floor or SlotKind.Range)
        {
            first--;
        }

        var last = first;
        while (last < batch.Length && batch[last].Kind == SlotKind.Range)
        {
            last++;
        }

        return MemoryMarshal.Cast<LogSpan, RangeSlot>(batch[first..last]).ToArray();
    }
}

/// <summary>What is told of a stretch; the numbers are those of the index.</summary>
internal enum RangeKind : byte
{
    /// <summary>The keeper dropped its bytes after they had their numbers.</summary>
    Dropped = 1,

    /// <summary>A sync of it failed: what the device gives back is compared with the checksums before it is shown.</summary>
    Suspect = 2,
}
