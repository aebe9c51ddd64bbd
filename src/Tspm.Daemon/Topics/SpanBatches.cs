using System.Buffers;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Logs;
using Tspm.Protocol.Batches;

namespace Tspm.Daemon.Topics;

/// <summary>From one read of a log to the bytes of a batch: header, runs, holes, spans, then the bytes read straight into the frame.</summary>
/// <remarks>One reader at a time. Nothing is allocated per batch once its buffers have grown, and nothing of a batch is kept.</remarks>
internal sealed class SpanBatches
{
    /// <summary>Spans of a batch at the most.</summary>
    public const int MaxSpans = 1024;

    /// <summary>Bytes of a batch besides its spans, with the hole that a read may tell.</summary>
    public const int FixedBytes = BatchHeader.Size + LogHole.Size;

    /// <summary>Bytes of a span in a batch besides its own: its place, and a run that no other span has.</summary>
    public const int SpanOverhead = WireSpan.Size + RunIdentity.Size;

    // With one of these a span is no stretch of whole lines.
    private const SpanFlags NotLines =
        SpanFlags.Part
        | SpanFlags.Continuation
        | SpanFlags.BreakMax
        | SpanFlags.BreakIdle
        | SpanFlags.BreakEof
        | SpanFlags.BreakReturn
        | SpanFlags.Collapsed;

    private readonly ProcessLog _log;
    private readonly List<RunIdentity> _runs = [];
    private readonly List<LogHole> _holes = [];

    /// <summary>Makes batches of one log.</summary>
    public SpanBatches(ProcessLog log) => _log = log;

    /// <summary>Whether lines are counted again: what a disk gives back later may be other bytes than it took, zeros for most.</summary>
    public bool ChecksLines { get; init; }

    /// <summary>Writes a batch; false, and nothing written, if bytes of it have gone since it was read.</summary>
    /// <param name="read">What was read; where bytes have gone it ends there, with a hole, and can be written then.</param>
    /// <param name="spans">What it was read into.</param>
    /// <param name="flags">Marks to set besides filtered.</param>
    /// <param name="destination">Takes the whole batch.</param>
    /// <param name="entries">Entries in it.</param>
    public bool TryWrite(
        ref LogRead read,
        ReadOnlySpan<LogSpan> spans,
        BatchFlags flags,
        IBufferWriter<byte> destination,
        out int entries
    )
    {
        _runs.Clear();
        _holes.Clear();
        spans = spans[..read.Count];
        entries = 0;
        var bytes = 0L;
        foreach (ref readonly var span in spans)
        {
            entries += (int)span.Count;
            bytes += span.Length;
            AddRun(span.Run);
        }

        if (read.HoleFrom > 0)
        {
            _holes.Add(new LogHole(read.HoleFrom, read.HoleTo, (GapReason)(uint)read.HoleReason));
        }

        var prefix = SpanBatchWriter.PrefixSize(_runs.Count, _holes.Count, spans.Length);
        var room = destination.GetSpan((int)(prefix + bytes));
        WritePrefix(read, flags, spans, room);
        var at = prefix;
        for (var i = 0; i < spans.Length; i++)
        {
            var length = (int)spans[i].Length;
            var own = room.Slice(at, length);
            if (_log.ReadBytes(spans[i], own) < length || (ChecksLines && !IsWhole(spans[i], own)))
            {
                read = EndAt(read, spans[i], i);
                return false;
            }

            at += length;
        }

        destination.Advance(at);
        return true;
    }

    /// <summary>Whether bytes are as many whole lines as were numbered; the checksums that know more are those of whole batches.</summary>
    private static bool IsWhole(in LogSpan span, ReadOnlySpan<byte> bytes) =>
        span.Stream == StreamKind.Event
        || (span.Flags & NotLines) != 0
        || (bytes.Count((byte)'\n') == span.Count && (bytes.IsEmpty || bytes[^1] == (byte)'\n'));

    private LogRead EndAt(in LogRead read, in LogSpan gone, int count) =>
        read with
        {
            Count = count,
            UpTo = gone.LastSeq,
            HoleFrom = gone.Seq,
            HoleTo = gone.LastSeq,
            HoleReason = _log.WhyGone(gone),
        };

    private void WritePrefix(
        in LogRead read,
        BatchFlags flags,
        ReadOnlySpan<LogSpan> spans,
        Span<byte> room
    )
    {
        var header = new BatchHeader
        {
            Epoch = read.Epoch,
            After = read.After,
            UpTo = read.UpTo,
            Head = read.Facts.Head,
            PrevEpochEnd =
                read.PrevEpochEnd >= 0 ? (ulong)read.PrevEpochEnd : BatchHeader.NoEpochEnd,
            Flags = read.IsFiltered ? flags | BatchFlags.Filtered : flags,
            OldestRing = read.Facts.OldestRing,
            OldestDisk = read.Facts.OldestDisk,
        };
        var wire = SpanArrays.OfWire.Rent(Math.Max(spans.Length, 1));
        try
        {
            for (var i = 0; i < spans.Length; i++)
            {
                wire[i] = Convert(spans[i]);
            }

            SpanBatchWriter.WritePrefix(
                room,
                ref header,
                CollectionsMarshal.AsSpan(_runs),
                CollectionsMarshal.AsSpan(_holes),
                wire.AsSpan(0, spans.Length)
            );
        }
        finally
        {
            SpanArrays.OfWire.Return(wire);
        }
    }

    private static WireSpan Convert(in LogSpan span) =>
        new()
        {
            Seq = span.Seq,
            Count = span.Count,
            Length = span.Length,
            Run = span.Run,
            Stream = (byte)span.Stream,
            Flags = (EntryFlags)span.Flags,
            Ord = span.Ord,
            Wall = span.Wall,
            Mono = span.Mono,
            Aux = span.Aux,
            Offset = span.Offset,
        };

    private void AddRun(uint run)
    {
        if (run == 0 || (_runs.Count > 0 && _runs[^1].Run == run))
        {
            return;
        }

        foreach (var known in _runs)
        {
            if (known.Run == run)
            {
                return;
            }
        }

        _runs.Add(new RunIdentity(run, _log.RunIdOf(run)));
    }
}
