using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Streams whose bytes go on in memory while the disk refuses them: what is numbered of them meanwhile is not durable.</summary>
/// <remarks>One owner: the ingest thread. The marks are set on slots that are not committed yet.</remarks>
internal sealed class AwayStreams
{
    // Where, among the slots that are not committed, the bytes of memory begin.
    private readonly Dictionary<StreamName, int> _away = [];

    /// <summary>Whether a stream is in memory.</summary>
    public bool Has(StreamName stream) => _away.ContainsKey(stream);

    /// <summary>A stream goes into memory, after these many slots.</summary>
    public void Begin(StreamName stream, int slots) => _away.TryAdd(stream, slots);

    /// <summary>A stream is back, or has ended: what was numbered until now is marked.</summary>
    public void End(StreamName stream, Span<LogSpan> slots)
    {
        if (_away.Remove(stream, out var from))
        {
            Mark(stream, slots[Math.Min(from, slots.Length)..]);
        }
    }

    /// <summary>Marks what is about to be committed.</summary>
    public void MarkAll(Span<LogSpan> slots)
    {
        foreach (var (stream, from) in _away)
        {
            Mark(stream, slots[Math.Min(from, slots.Length)..]);
        }
    }

    /// <summary>The slots are committed: the next ones begin at none.</summary>
    public void Committed()
    {
        foreach (var stream in _away.Keys)
        {
            _away[stream] = 0;
        }
    }

    private static void Mark(StreamName stream, Span<LogSpan> slots)
    {
        foreach (ref var slot in slots)
        {
            if (slot.Kind == Index.SlotKind.Span && slot.Source == stream)
            {
                slot.Flags |= SpanFlags.NotDurable;
            }
        }
    }
}
