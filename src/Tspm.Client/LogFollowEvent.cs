using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>One thing that a follower tells.</summary>
public abstract class LogFollowEvent;

/// <summary>Entries, in order; its views are valid until the next event is asked for.</summary>
public sealed class LogBatch : LogFollowEvent
{
    private readonly ReadOnlyMemory<byte> _payload;
    private readonly int _firstSpan;
    private readonly int _spanCount;

    /// <summary>Some of its spans.</summary>
    internal LogBatch Slice(int first, int count) =>
        first == 0 && count == _spanCount
            ? this
            : new LogBatch(Log, _payload, _firstSpan + first, count);

    internal LogBatch(LogTarget log, ReadOnlyMemory<byte> payload, int firstSpan, int spanCount)
    {
        Log = log;
        _payload = payload;
        _firstSpan = firstSpan;
        _spanCount = spanCount;
        Header = Batch.Header;
    }

    /// <summary>One of its spans, in memory of its own: valid for ever.</summary>
    /// <param name="index">Which of <see cref="Spans"/>.</param>
    public LogBatch CopyOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _spanCount);
        var span = Spans[index];
        var batch = Batch;
        var bytes = Bytes.Slice(LengthOf(Spans[..index]), (int)span.Length);
        var runs = new List<RunIdentity>();
        for (var i = 0; i < batch.Header.RunCount; i++)
        {
            runs.Add(batch.Run(i));
        }

        return Make(Log, Header, [.. runs], [span], bytes);
    }

    /// <summary>A batch made of spans, for tests and for what is not of a connection.</summary>
    /// <param name="log">The log.</param>
    /// <param name="spans">In order of seq.</param>
    /// <param name="bytes">Theirs.</param>
    public static LogBatch Of(LogTarget log, ReadOnlySpan<WireSpan> spans, ReadOnlySpan<byte> bytes)
    {
        var header = new BatchHeader
        {
            PrevEpochEnd = BatchHeader.NoEpochEnd,
            After = spans.IsEmpty ? 0 : spans[0].Seq - 1,
            UpTo = spans.IsEmpty ? 0 : spans[^1].Seq + spans[^1].Count - 1,
        };
        return Make(log, header, [], spans, bytes);
    }

    private static LogBatch Make(
        LogTarget log,
        BatchHeader header,
        ReadOnlySpan<RunIdentity> runs,
        ReadOnlySpan<WireSpan> spans,
        ReadOnlySpan<byte> bytes
    )
    {
        var prefix = SpanBatchWriter.PrefixSize(runs.Length, 0, spans.Length);
        var copy = new byte[prefix + bytes.Length];
        SpanBatchWriter.WritePrefix(copy, ref header, runs, [], spans);
        bytes.CopyTo(copy.AsSpan(prefix));
        return new LogBatch(log, copy, 0, spans.Length);
    }

    /// <summary>The log.</summary>
    public LogTarget Log { get; }

    /// <summary>The fixed part of the batch that these spans came in.</summary>
    public BatchHeader Header { get; }

    /// <summary>The spans, in order of seq.</summary>
    public ReadOnlySpan<WireSpan> Spans => Batch.Spans.Slice(_firstSpan, _spanCount);

    /// <summary>The spans' bytes, one after the other.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            var batch = Batch;
            var from = LengthOf(batch.Spans[.._firstSpan]);
            return batch.Bytes.Slice(from, LengthOf(Spans));
        }
    }

    /// <summary>The identity of a run in it; all zeroes if the daemon does not know it any more.</summary>
    public Guid RunIdOf(uint run)
    {
        var batch = Batch;
        for (var i = 0; i < batch.Header.RunCount; i++)
        {
            if (batch.Run(i) is var known && known.Run == run)
            {
                return known.RunId;
            }
        }

        return Guid.Empty;
    }

    private SpanBatch Batch
    {
        get
        {
            // Checked when it was received, so this never throws.
            return SpanBatch.TryParse(_payload.Span, out var batch, out var fault)
                ? batch
                : throw new InvalidOperationException(fault);
        }
    }

    private static int LengthOf(ReadOnlySpan<WireSpan> spans)
    {
        var length = 0;
        foreach (ref readonly var span in spans)
        {
            length += (int)span.Length;
        }

        return length;
    }
}

/// <summary>Entries that this reader does not get, exactly.</summary>
/// <param name="log">The log.</param>
/// <param name="from">First seq missing.</param>
/// <param name="to">Last seq missing.</param>
/// <param name="reason">Why.</param>
public sealed class LogGap(LogTarget log, long from, long to, GapReason reason) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>First seq missing.</summary>
    public long From { get; } = from;

    /// <summary>Last seq missing.</summary>
    public long To { get; } = to;

    /// <summary>Entries missing.</summary>
    public long Count => To - From + 1;

    /// <summary>Why.</summary>
    public GapReason Reason { get; } = reason;
}

/// <summary>A gap that was filled from disk; its entries come before this.</summary>
/// <param name="log">The log.</param>
/// <param name="from">First seq that had left the ring.</param>
/// <param name="to">Last seq that had left the ring.</param>
public sealed class LogGapFilled(LogTarget log, long from, long to) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>First seq that had left the ring.</summary>
    public long From { get; } = from;

    /// <summary>Last seq that had left the ring.</summary>
    public long To { get; } = to;
}

/// <summary>Gaps are told instead of filled for a minute: the log grows faster than this reader takes it.</summary>
/// <param name="log">The log.</param>
public sealed class LogFillPaused(LogTarget log) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;
}

/// <summary>A process that was made after the follow began is followed from its start.</summary>
/// <param name="log">The log.</param>
public sealed class LogAdded(LogTarget log) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;
}

/// <summary>History is complete; for the merge of several logs, never given out.</summary>
internal sealed class HistoryEnd(LogTarget log) : LogFollowEvent
{
    public LogTarget Log { get; } = log;
}

/// <summary>The process was started again: what comes after this is of another run.</summary>
/// <param name="log">The log.</param>
/// <param name="fromRun">The run before.</param>
/// <param name="toRun">The run now.</param>
/// <param name="runId">Its identity.</param>
public sealed class RunChanged(LogTarget log, uint fromRun, uint toRun, Guid runId) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>The run before.</summary>
    public uint FromRun { get; } = fromRun;

    /// <summary>The run now.</summary>
    public uint ToRun { get; } = toRun;

    /// <summary>The identity of the run now.</summary>
    public Guid RunId { get; } = runId;
}

/// <summary>The connection was lost, or is there again.</summary>
/// <param name="isUp">True if it is there again.</param>
/// <param name="hasDaemonChanged">It is another daemon than before.</param>
/// <param name="reason">Why it was lost.</param>
/// <param name="connection">Which connection of the client, from 1.</param>
/// <param name="missesSome">It is there again, and not everything comes that was missed.</param>
public sealed class ConnectionChanged(
    bool isUp,
    bool hasDaemonChanged,
    string reason,
    long connection = 0,
    bool missesSome = false
) : LogFollowEvent
{
    /// <summary>The log that it was told for; null once it stands for all.</summary>
    internal LogTarget? Log { get; init; }

    /// <summary>Which connection of the client was lost, or is there now; from 1.</summary>
    public long Connection { get; } = connection;

    /// <summary>True if entries are missing or were cut in the meantime; what they are is told after this.</summary>
    public bool MissesSome { get; } = missesSome;

    /// <summary>True if it is there again; every log goes on after its last entry.</summary>
    public bool IsUp { get; } = isUp;

    /// <summary>It is another daemon than before.</summary>
    public bool HasDaemonChanged { get; } = hasDaemonChanged;

    /// <summary>Why it was lost.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The log is not what this reader saw before.</summary>
/// <param name="log">The log.</param>
/// <param name="isRecreated">True: the process was deleted and made again. False: entries that were seen are not stored any more.</param>
/// <param name="lastSeq">The last seq that is left of what was seen.</param>
/// <param name="seen">The last seq that was seen.</param>
public sealed class LogHistoryChanged(LogTarget log, bool isRecreated, long lastSeq, long seen)
    : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>True if it is a new log; false if the end of the old one is gone.</summary>
    public bool IsRecreated { get; } = isRecreated;

    /// <summary>The last seq that is left of what was seen.</summary>
    public long LastSeq { get; } = lastSeq;

    /// <summary>The last seq that was seen.</summary>
    public long Seen { get; } = seen;
}

/// <summary>Everything up to the head has been told; what follows is live.</summary>
/// <param name="log">The log.</param>
/// <param name="at">The head.</param>
public sealed class CaughtUp(LogTarget log, long at) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>The head that was reached.</summary>
    public long At { get; } = at;
}

/// <summary>Nothing more comes of this log.</summary>
/// <param name="log">The log.</param>
/// <param name="reason">Why: "deleted", "head" (not followed), "closed".</param>
public sealed class LogEnded(LogTarget log, string reason) : LogFollowEvent
{
    /// <summary>The log.</summary>
    public LogTarget Log { get; } = log;

    /// <summary>Why.</summary>
    public string Reason { get; } = reason;
}
