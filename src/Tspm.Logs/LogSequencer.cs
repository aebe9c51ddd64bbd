using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>The only one who gives out seqs of a log; collects what it numbered until it is committed as one batch.</summary>
/// <remarks>One thread: the ingest thread. A batch is bounded; the owner commits before it is full.</remarks>
internal sealed class LogSequencer
{
    /// <summary>The most slots of a batch before its commit.</summary>
    public const int MaxSlots = 16_000;

    /// <summary>The most slots before an event, so that one fits after a batch that is full of spans.</summary>
    public const int MaxSlotsBeforeEvent = MaxSlots + 200;

    private const int PayloadBytes = LogSpan.Size - 2;
    private LogSpan[] _slots = new LogSpan[16];
    private uint _checksum = Crc32C.Seed;

    /// <summary>The seq that the next entry gets.</summary>
    public long NextSeq { get; private set; } = 1;

    /// <summary>Slots collected since the last commit.</summary>
    public int SlotCount { get; private set; }

    /// <summary>CRC32C of the bytes of the collected spans, in order.</summary>
    public uint BytesChecksum => ~_checksum;

    /// <summary>The collected slots.</summary>
    public Span<LogSpan> Slots => _slots.AsSpan(0, SlotCount);

    /// <summary>Called before a slot is added to a full batch: must commit and clear it.</summary>
    public Action? Full { get; set; }

    /// <summary>Goes on after the last seq of an older batch.</summary>
    public void Resume(long lastSeq) => NextSeq = lastSeq + 1;

    /// <summary>Numbers a span.</summary>
    /// <param name="span">Gets its seq.</param>
    /// <param name="bytes">Its bytes, for the checksum.</param>
    public void Append(ref LogSpan span, ReadOnlySpan<byte> bytes)
    {
        CommitIfFull();
        span.Kind = SlotKind.Span;
        span.Seq = NextSeq;
        NextSeq += span.Count;
        _checksum = Crc32C.Append(_checksum, bytes);
        Add() = span;
    }

    /// <summary>Numbers a life-cycle entry.</summary>
    /// <param name="span">Run, kind (in aux), times; the rest is filled in.</param>
    /// <param name="payload">Its body, at most 4,096 bytes.</param>
    /// <param name="firstSlot">The number that the first collected slot will have in its file.</param>
    public void AppendEvent(ref LogSpan span, ReadOnlySpan<byte> payload, long firstSlot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            payload.Length,
            LogIndex.MaxEventBytes,
            nameof(payload)
        );
        span.Kind = SlotKind.Event;
        span.Stream = StreamKind.Event;
        span.Count = 1;
        span.Seq = NextSeq++;
        span.Length = (uint)payload.Length;
        span.Offset = (ulong)(firstSlot + SlotCount);
        Add() = span;
        while (!payload.IsEmpty)
        {
            var part = payload[..Math.Min(payload.Length, PayloadBytes)];
            var slot = MemoryMarshal.AsBytes(new Span<LogSpan>(ref Add()));
            slot.Clear();
            slot[0] = (byte)SlotKind.Payload;
            slot[1] = (byte)part.Length;
            part.CopyTo(slot[2..]);
            payload = payload[part.Length..];
        }
    }

    /// <summary>Numbers entries that have no bytes.</summary>
    /// <param name="hole">Stream, run, count, times and, in aux, the reason.</param>
    public void AppendHole(ref LogSpan hole)
    {
        CommitIfFull();
        hole.Kind = SlotKind.Hole;
        hole.Seq = NextSeq;
        NextSeq += hole.Count;
        Add() = hole;
    }

    /// <summary>Adds any other slot.</summary>
    public ref LogSpan Add()
    {
        if (SlotCount == _slots.Length)
        {
            Array.Resize(ref _slots, _slots.Length * 2);
        }

        return ref _slots[SlotCount++];
    }

    /// <summary>Takes back the slots after the first so many: their commit failed.</summary>
    public void CutTo(int slots) => SlotCount = slots;

    /// <summary>Forgets the collected slots; they are committed.</summary>
    public void Clear()
    {
        SlotCount = 0;
        _checksum = Crc32C.Seed;
    }

    private void CommitIfFull()
    {
        if (SlotCount >= MaxSlots)
        {
            Full?.Invoke();
        }
    }
}
