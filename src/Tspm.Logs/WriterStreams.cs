using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs.Index;
using Tspm.Logs.Scanning;

namespace Tspm.Logs;

/// <summary>The scanners of one log: out, err, and the streams of programs that outlive their run.</summary>
/// <remarks>One owner: the ingest thread; any thread may ask whether a stream has ended.</remarks>
internal sealed class WriterStreams
{
    private readonly LogStoreOptions _options;
    private readonly LogSequencer _sequencer;
    private readonly IMissingBytes _missing;
    private readonly List<SpanScanner> _orphans = [];
    private volatile StreamName[] _openOrphans = [];

    /// <summary>Makes scanners at the beginning of out and err.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="sequencer">Gives out the numbers.</param>
    /// <param name="missing">Knows about bytes that are not there.</param>
    public WriterStreams(LogStoreOptions options, LogSequencer sequencer, IMissingBytes missing)
    {
        _options = options;
        _sequencer = sequencer;
        _missing = missing;
        Out = ScannerAt(new StreamName(StreamKind.Out, 0), 0);
        Err = ScannerAt(new StreamName(StreamKind.Err, 0), 0);
    }

    /// <summary>Standard output.</summary>
    public SpanScanner Out { get; }

    /// <summary>Standard error.</summary>
    public SpanScanner Err { get; }

    /// <summary>When the first of them has something to show that waited, monotonic ns.</summary>
    public long Deadline
    {
        get
        {
            var deadline = Math.Min(Out.Deadline, Err.Deadline);
            foreach (var orphan in _orphans)
            {
                deadline = Math.Min(deadline, orphan.Deadline);
            }

            return deadline;
        }
    }

    /// <summary>The scanner of the stream that a record tells of; that of an orphan is made when it is first told of.</summary>
    public SpanScanner Of(in JournalRecord record)
    {
        if (!record.Flags.HasFlag(JournalFlags.Orphan))
        {
            return record.Stream == StreamKind.Err ? Err : Out;
        }

        var name = new StreamName(record.Stream, record.Run);
        foreach (var known in _orphans)
        {
            if (known.Source == name)
            {
                return known;
            }
        }

        var scanner = ScannerAt(name, 0);
        scanner.Begin(record.Run, 0);
        Add(scanner);
        return scanner;
    }

    /// <summary>A stream has ended; of an orphan there comes nothing more.</summary>
    public void End(SpanScanner scanner)
    {
        if (scanner.Source.OrphanRun != 0)
        {
            _orphans.Remove(scanner);
            SeeOrphans();
        }
    }

    /// <summary>True if nobody will write to a stream again: it was an orphan's, and that has ended.</summary>
    public bool HasEnded(StreamName stream) =>
        stream.OrphanRun != 0 && !_openOrphans.Contains(stream);

    /// <summary>Shows what has waited long enough.</summary>
    public void Flush(long now, DataFileReader files, byte[] window)
    {
        Out.Flush(now, files, window);
        Err.Flush(now, files, window);
        foreach (var orphan in _orphans)
        {
            orphan.Flush(now, files, window);
        }
    }

    /// <summary>Goes on where a commit says.</summary>
    /// <param name="commit">The last commit there was.</param>
    /// <param name="isCut">What it says of unfinished lines does not hold any more.</param>
    /// <param name="checkpoints">Where the orphans' streams were read to.</param>
    public void Resume(in CommitSlot commit, bool isCut, ReadOnlySpan<LogSpan> checkpoints)
    {
        var outParts = isCut ? 0 : commit.OutPart;
        var errParts = isCut ? 0 : commit.ErrPart;
        var next = commit.LastSeq + 1;
        Out.Resume(commit.Run, commit.OutConsumed, outParts, next - commit.OutPartSpan);
        Err.Resume(commit.Run, commit.ErrConsumed, errParts, next - commit.ErrPartSpan);
        foreach (ref readonly var slot in MemoryMarshal.Cast<LogSpan, CheckpointSlot>(checkpoints))
        {
            var scanner = ScannerAt(new StreamName(slot.Stream, slot.Run), slot.Consumed);
            scanner.Resume(slot.Run, slot.Consumed, (int)slot.PartIndex, slot.PartFirstSeq);
            Add(scanner);
        }
    }

    /// <summary>Adds a slot for each orphan: where its stream was read to.</summary>
    public void AddCheckpoints()
    {
        foreach (var orphan in _orphans)
        {
            ref var slot = ref _sequencer.Add();
            slot = default;
            MemoryMarshal.Cast<LogSpan, CheckpointSlot>(new Span<LogSpan>(ref slot))[0] =
                new CheckpointSlot
                {
                    Kind = SlotKind.Checkpoint,
                    Stream = orphan.Source.Kind,
                    Run = orphan.Source.OrphanRun,
                    Consumed = orphan.Consumed,
                    PartFirstSeq = orphan.PartFirstSeq,
                    PartIndex = (uint)orphan.PartIndex,
                };
        }
    }

    private SpanScanner ScannerAt(StreamName stream, ulong consumed) =>
        new(_options, _sequencer, stream, consumed) { Missing = _missing };

    private void Add(SpanScanner orphan)
    {
        _orphans.Add(orphan);
        SeeOrphans();
    }

    private void SeeOrphans() => _openOrphans = [.. _orphans.Select(orphan => orphan.Source)];
}
