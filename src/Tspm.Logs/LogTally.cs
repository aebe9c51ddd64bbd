using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Counts what a log holds, span by span; what was counted once is not read again.</summary>
/// <remarks>Any thread. The first count reads the whole index; entries that retention takes later stay counted.</remarks>
public sealed class LogTally
{
    private const int BlockSpans = 256;
    private readonly Lock _gate = new();

    // Guarded by _gate; no more than the index has.
    private readonly List<CountedHole> _holes = [];
    private LogCounts _counts;
    private long _upTo;

    /// <summary>Entries up to the head that are not there, by reason.</summary>
    public long[] CountLost(ProcessLog log)
    {
        lock (_gate)
        {
            var lost = new long[(int)HoleReason.Corrupt + 1];
            lost[(int)HoleReason.Dropped] += log.DroppedEntries;
            var oldest = log.Facts.OldestDisk;

            // What has come to lie below the oldest entry is counted there.
            _holes.RemoveAll(hole => hole.To < oldest);
            foreach (var hole in _holes)
            {
                lost[(int)hole.Reason] += hole.To - Math.Max(hole.From, oldest) + 1;
            }

            Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
            for (var after = 0L; after < oldest - 1; )
            {
                var room = new LogRoom(0, 1);
                var read = log.Read(after, oldest - 1, LogFilter.All, block, room);
                if (read.HoleFrom == 0 || read.UpTo <= after)
                {
                    break;
                }

                // What was dropped before it expired is lost once.
                var dropped = log.CountDropped(read.HoleFrom, read.HoleTo);
                lost[(int)read.HoleReason] += read.HoleTo - read.HoleFrom + 1 - dropped;
                after = read.UpTo;
            }

            return lost;
        }
    }

    /// <summary>Counts up to the head.</summary>
    public LogCounts Count(ProcessLog log)
    {
        lock (_gate)
        {
            var facts = log.Facts;
            _upTo = Math.Max(_upTo, facts.OldestDisk - 1);
            Span<LogSpan> block = stackalloc LogSpan[BlockSpans];
            while (_upTo < facts.Head)
            {
                var found = log.ReadSpans(_upTo + 1, facts.Head, block);
                if (found == 0)
                {
                    // Numbers without anything behind them.
                    AddHole(_upTo + 1, facts.Head, HoleReason.Corrupt);
                    _upTo = facts.Head;
                    break;
                }

                foreach (ref readonly var span in block[..found])
                {
                    Add(span);
                    _upTo = span.LastSeq;
                }
            }

            return _counts;
        }
    }

    private void Add(in LogSpan span)
    {
        var entries = span.LastSeq - Math.Max(span.Seq, _upTo + 1) + 1;
        if (span.IsHole)
        {
            AddHole(span.LastSeq - entries + 1, span.LastSeq, span.HoleReason);
            return;
        }

        if (span.Stream == StreamKind.Event)
        {
            _counts = _counts with { Events = _counts.Events + entries };
            return;
        }

        var isErr = span.Stream == StreamKind.Err;
        var isOrphan = span.Flags.HasFlag(SpanFlags.Orphan);
        var end = isOrphan ? 0 : (long)(span.Offset + span.Length);
        _counts = _counts with
        {
            Out = _counts.Out + (isErr ? 0 : entries),
            Err = _counts.Err + (isErr ? entries : 0),
            Parts = _counts.Parts + (span.Flags.HasFlag(SpanFlags.Part) ? 1 : 0),
            Collapsed =
                _counts.Collapsed
                + (span.Flags.HasFlag(SpanFlags.Collapsed) ? (long)(uint)span.Aux : 0),
            OutBytes = isErr ? _counts.OutBytes : Math.Max(_counts.OutBytes, end),
            ErrBytes = isErr ? Math.Max(_counts.ErrBytes, end) : _counts.ErrBytes,
            OrphanBytes = _counts.OrphanBytes + (isOrphan ? span.Length : 0),
        };
    }

    private void AddHole(long from, long to, HoleReason reason)
    {
        if (_holes is [.., var last] && last.To + 1 == from && last.Reason == reason)
        {
            _holes[^1] = last with { To = to };
            return;
        }

        _holes.Add(new CountedHole(from, to, reason));
    }

    private readonly record struct CountedHole(long From, long To, HoleReason Reason);
}

/// <summary>What a log holds.</summary>
/// <param name="Out">Entries of standard output.</param>
/// <param name="Err">Entries of standard error.</param>
/// <param name="Events">Life-cycle entries.</param>
/// <param name="Parts">Entries whose line goes on in another one.</param>
/// <param name="Collapsed">Progress texts that were counted and not kept as entries.</param>
/// <param name="OutBytes">Bytes that were ever printed to standard output.</param>
/// <param name="ErrBytes">Bytes that were ever printed to standard error.</param>
/// <param name="OrphanBytes">Bytes printed by what outlived its run.</param>
public readonly record struct LogCounts(
    long Out,
    long Err,
    long Events,
    long Parts,
    long Collapsed,
    long OutBytes,
    long ErrBytes,
    long OrphanBytes
);
