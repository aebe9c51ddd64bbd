using Tspm.CaptureLog;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>What the keeper deleted before it was indexed, as the journal tells it ahead of where the ingest is.</summary>
/// <remarks>
/// A chunk's record comes before the record that its bytes were dropped. So when bytes are missing the rest of the
/// journal is looked through once, from the oldest record that any log has not taken. One thread: the ingest thread.
/// </remarks>
/// <param name="journal">Where its files are.</param>
/// <param name="oldest">The least ord that is not taken.</param>
internal sealed class DropTable(JournalFiles journal, Func<ulong> oldest)
{
    private readonly Dictionary<(uint Process, StreamName Stream), List<DroppedRange>> _ranges = [];
    private readonly JournalRecord[] _records = new JournalRecord[128];
    private ulong _lookedUpTo;

    /// <summary>Finds the range that holds an offset.</summary>
    /// <param name="process">The process.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="drop">The range.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public bool TryFind(uint process, StreamName stream, ulong offset, out DroppedRange drop)
    {
        if (TryFindKnown(process, stream, offset, out drop))
        {
            return true;
        }

        LookAhead();
        return TryFindKnown(process, stream, offset, out drop);
    }

    /// <summary>Takes in a record, unless it was seen ahead.</summary>
    public void Add(in JournalRecord record)
    {
        if (record.Ord < _lookedUpTo)
        {
            return;
        }

        var orphan = record.Flags.HasFlag(JournalFlags.Orphan) ? record.Run : 0;
        var key = (record.Process, new StreamName(record.Stream, orphan));
        if (!_ranges.TryGetValue(key, out var ranges))
        {
            _ranges[key] = ranges = [];
        }

        // Who looks ahead meets again what a log that is ahead of the others took.
        var range = new DroppedRange(record.A, record.B, record.C);
        if (!ranges.Contains(range))
        {
            ranges.Add(range);
        }
    }

    private bool TryFindKnown(uint process, StreamName stream, ulong offset, out DroppedRange drop)
    {
        drop = default;
        if (!_ranges.TryGetValue((process, stream), out var ranges))
        {
            return false;
        }

        // Entries are numbered in order, so what ends before this offset is never asked for again.
        ranges.RemoveAll(range => range.To <= offset);
        foreach (var range in ranges)
        {
            if (range.From <= offset)
            {
                drop = range;
                return true;
            }
        }

        return false;
    }

    private void LookAhead()
    {
        using var reader = new JournalReader(journal, Math.Max(oldest(), _lookedUpTo));
        while (reader.Read(_records) is var read and > 0)
        {
            foreach (ref readonly var record in _records.AsSpan(0, read))
            {
                if (record.Kind == JournalRecordKind.Dropped)
                {
                    Add(record);
                }
            }
        }

        _lookedUpTo = reader.Position;
    }
}
