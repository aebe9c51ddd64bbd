using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>What stands at the end of each batch: where orphans were read to, what is gone, and the commit.</summary>
/// <remarks>One owner: the ingest thread.</remarks>
internal sealed class BatchEnd(
    LogSequencer sequencer,
    LogIndex index,
    WriterStreams streams,
    ToldRanges ranges,
    uint epoch
)
{
    private bool _isDisturbed;

    /// <summary>The time of the newest entry that was committed.</summary>
    public long LastWall { get; private set; } = long.MinValue;

    /// <summary>Notes a wall clock that was set back: times of this file cannot be searched by halves any more.</summary>
    public void SeeClock(ReadOnlySpan<LogSpan> slots)
    {
        foreach (ref readonly var slot in slots)
        {
            if (slot.IsEntry)
            {
                _isDisturbed |= slot.Wall < LastWall;
                LastWall = slot.Wall;
            }
        }
    }

    /// <summary>Ends what the sequencer has collected.</summary>
    /// <param name="flags">Marks of the commit.</param>
    /// <param name="position">Every record with a smaller ord is consumed.</param>
    /// <param name="run">The newest run.</param>
    /// <param name="isFirstOfFile">The batch is the first of a file.</param>
    public void Add(byte flags, ulong position, uint run, bool isFirstOfFile)
    {
        streams.AddCheckpoints();
        ranges.AddTo(sequencer, isFirstOfFile);
        AddFloor();
        sequencer.Add() = default;
        var slots = sequencer.Slots;
        ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(slots[^1..])[0];
        commit = new CommitSlot
        {
            Kind = SlotKind.Commit,
            Flags = _isDisturbed ? (byte)(flags | CommitSlot.ClockDisturbed) : flags,
            Slots = (ushort)slots.Length,
            JournalPosition = position,
            OutConsumed = streams.Out.Consumed,
            ErrConsumed = streams.Err.Consumed,
            LastSeq = sequencer.NextSeq - 1,
            BytesChecksum = sequencer.BytesChecksum,
            Epoch = epoch,
            Run = run,
            OutPart = (ushort)streams.Out.PartIndex,
            ErrPart = (ushort)streams.Err.PartIndex,
            OutPartSpan = PartSpan(streams.Out),
            ErrPartSpan = PartSpan(streams.Err),
        };
        commit.Checksum = Crc32C.Compute(MemoryMarshal.AsBytes(slots));
    }

    private void AddFloor()
    {
        if (index.ExpiredTo == 0 && index.FlushedTo == 0)
        {
            return;
        }

        ref var slot = ref sequencer.Add();
        slot = default;
        MemoryMarshal.Cast<LogSpan, FloorSlot>(new Span<LogSpan>(ref slot))[0] = new FloorSlot
        {
            Kind = SlotKind.Floor,
            ExpiredTo = index.ExpiredTo,
            FlushedTo = index.FlushedTo,
        };
    }

    private uint PartSpan(SpanScanner scanner) =>
        scanner.PartIndex == 0 ? 0 : (uint)(sequencer.NextSeq - scanner.PartFirstSeq);
}
