using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>What the keeper has told of stretches of a log's bytes, for the index: the journal that told it is deleted.</summary>
/// <remarks>One owner: the ingest thread. Of more than <see cref="Most"/> stretches the oldest is forgotten: what was dropped there counts as expired.</remarks>
internal sealed class ToldRanges
{
    private const int Most = 32;
    private ByteRange<RangeKind>[] _ranges;
    private ByteRange<RangeKind>[] _stored;
    private ByteRange<RangeKind>[]? _added;

    /// <summary>Begins with what an index tells.</summary>
    public ToldRanges(ReadOnlySpan<RangeSlot> told)
    {
        _ranges = [];
        foreach (ref readonly var slot in told)
        {
            Add(new StreamName(slot.Stream, slot.Run), slot.From, slot.To, slot.What);
        }

        _stored = _ranges;
    }

    /// <summary>All there are.</summary>
    public ReadOnlySpan<ByteRange<RangeKind>> All => _ranges;

    /// <summary>Adds a stretch.</summary>
    public void Add(StreamName stream, ulong from, ulong to, RangeKind what) =>
        _ranges = new ByteRange<RangeKind>(stream, from, to, what).AddTo(_ranges, Most);

    /// <summary>Adds a slot for each of them, where the index does not have them yet.</summary>
    /// <param name="sequencer">Collects the batch.</param>
    /// <param name="isFirstOfFile">The batch is the first of a file.</param>
    public void AddTo(LogSequencer sequencer, bool isFirstOfFile)
    {
        if (!isFirstOfFile && ReferenceEquals(_ranges, _stored))
        {
            return;
        }

        foreach (ref readonly var range in _ranges.AsSpan())
        {
            ref var slot = ref sequencer.Add();
            slot = default;
            MemoryMarshal.Cast<LogSpan, RangeSlot>(new Span<LogSpan>(ref slot))[0] = new RangeSlot
            {
                Kind = SlotKind.Range,
                Stream = range.Stream.Kind,
                What = range.What,
                Run = range.Stream.OrphanRun,
                From = range.From,
                To = range.To,
            };
        }

        _added = _ranges;
    }

    /// <summary>The batch is in the index.</summary>
    public void Committed()
    {
        _stored = _added ?? _stored;
        _added = null;
    }
}
