using Tspm.CaptureLog;

namespace Tspm.Keeper.Journal;

/// <summary>A run as the journal tells of it.</summary>
internal sealed class ScannedRun(uint process, uint run, ulong firstOrd)
{
    private readonly ScannedStream?[] _streams = new ScannedStream?[2];
    private bool _hasFailed;

    /// <summary>The process.</summary>
    public uint Process { get; } = process;

    /// <summary>The run.</summary>
    public uint Run { get; } = run;

    /// <summary>Ord of the first record of it.</summary>
    public ulong FirstOrd { get; } = firstOrd;

    /// <summary>That it was about to be spawned; null if the journal does not reach back so far.</summary>
    public JournalRecord? Intent { get; private set; }

    /// <summary>That it was spawned; null if no keeper came to record it.</summary>
    public JournalRecord? Spawned { get; private set; }

    /// <summary>That its leader ended; null if it has not, or nobody saw it.</summary>
    public JournalRecord? Exited { get; private set; }

    /// <summary>The boot it was spawned in, or last seen alive.</summary>
    public ulong Boot { get; private set; }

    /// <summary>How large its files become; the default if an older keeper did not tell.</summary>
    public LogFileRules Files =>
        _streams
            .OfType<ScannedStream>()
            .Select(stream => LogFileRules.Unpack(stream.Begin.B, stream.Begin.C))
            .FirstOrDefault(rules => rules is not null)
        ?? LogFileRules.Default;

    /// <summary>Streams that have not ended.</summary>
    public IEnumerable<ScannedStream> OpenStreams =>
        _streams.OfType<ScannedStream>().Where(stream => !stream.HasEnded);

    /// <summary>True when nothing is left to wait for.</summary>
    public bool IsOver =>
        _hasFailed || Intent is null || (Exited is not null && !OpenStreams.Any());

    /// <summary>Takes in a record of this run.</summary>
    public void Take(in JournalRecord record, ulong boot)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.SpawnIntent:
                Intent = record;
                Boot = boot;
                break;
            case JournalRecordKind.Spawned:
                Spawned = record;
                Boot = boot;
                break;
            case JournalRecordKind.SpawnFailed:
                _hasFailed = true;
                break;
            case JournalRecordKind.Exited:
                Exited = record;
                break;
            case JournalRecordKind.StreamBegin
            or JournalRecordKind.StreamEnd
            or JournalRecordKind.Chunk when record.Stream is StreamKind.Out or StreamKind.Err:
                (_streams[(int)record.Stream] ??= new ScannedStream(record.Stream)).Take(record);
                break;
            default:
                break;
        }
    }
}

/// <summary>A stream of a run as the journal tells of it.</summary>
internal sealed class ScannedStream(StreamKind kind)
{
    private const ulong CutReason = 2;

    /// <summary>Out or err.</summary>
    public StreamKind Kind { get; } = kind;

    /// <summary>That it began.</summary>
    public JournalRecord Begin { get; private set; }

    /// <summary>Marks that its records have.</summary>
    public JournalFlags Flags { get; private set; }

    /// <summary>Offset after the last byte the journal knows.</summary>
    public ulong End { get; private set; }

    /// <summary>The longest chunk.</summary>
    public ulong LongestChunk { get; private set; }

    /// <summary>False if the journal does not reach back to its beginning.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>True when it has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Takes in a record of this stream.</summary>
    public void Take(in JournalRecord record)
    {
        var flags = record.Flags & ~JournalFlags.Snapshot;
        switch (record.Kind)
        {
            case JournalRecordKind.StreamBegin:
                Begin = record;
                Flags = flags;
                End = Math.Max(End, record.A);
                IsComplete |= !record.Flags.HasFlag(JournalFlags.Snapshot);
                break;
            case JournalRecordKind.Chunk:
                Flags = flags;
                End = record.A;
                LongestChunk = Math.Max(LongestChunk, record.B);
                break;
            case JournalRecordKind.StreamEnd when record.B == CutReason:
                // Its bytes go on in a stream of the run's own, from 0.
                Flags |= JournalFlags.Orphan;
                End = 0;
                break;
            default:
                HasEnded = true;
                break;
        }
    }
}
