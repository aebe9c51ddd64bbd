using System.Buffers;
using System.Text.Json;
using SmartIpc.Topics;
using Tspm.Logs;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Topics;

/// <summary>One subscription to a log: a cursor in the log, read when the socket takes more.</summary>
internal sealed class LogTopicCursor : TopicCursor
{
    private readonly ProcessLog _log;
    private readonly SubscribedLog _opening;
    private readonly ISubscriptionWaker _waker;
    private readonly SpanBatches _batches;
    private LogCursor? _cursor;
    private bool _wasCaughtUp;
    private volatile string? _ended;

    private LogTopicCursor(ProcessLog log, SubscribedLog opening, ISubscriptionWaker waker)
    {
        _log = log;
        _opening = opening;
        _waker = waker;
        _batches = new SpanBatches(log);
    }

    /// <inheritdoc/>
    public override long Position => _cursor?.Position ?? 0;

    /// <inheritdoc/>
    public override long Head => _log.Facts.Head;

    /// <inheritdoc/>
    public override string Policy => _cursor?.ReadsDisk == true ? "fill" : "skip";

    /// <inheritdoc/>
    public override long CountLagBytes() => _log.CountBytes(Position, Head);

    /// <summary>Whether it reads this log.</summary>
    public bool IsOf(ProcessLog log) => _log == log;

    /// <summary>Why nobody can have seen the position that a subscriber asks for; null if somebody can.</summary>
    /// <remarks>The head of an epoch never falls, and an epoch is never given twice: what lies ahead of it was never shown.</remarks>
    public static string? FindFault(ProcessLog log, LogSubscribeOptions options)
    {
        var isOfOther = options.LogId is { } wanted && wanted != log.LogId.ToString();
        if (options.After is not { } after || isOfOther)
        {
            return null;
        }

        var facts = log.Facts;
        return after.Seq < 0 ? $"{after.Seq} is no seq"
            : after.Epoch == facts.Epoch && after.Seq > facts.Head
                ? $"the position {after.Epoch}/{after.Seq} lies ahead of the log, which ends at {facts.Epoch}/{facts.Head}: it is not of this log"
            : null;
    }

    /// <summary>Opens a cursor in a log as a subscriber asks for it.</summary>
    /// <param name="log">The log.</param>
    /// <param name="ns">The process's namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="options">Where, and what is wanted.</param>
    /// <param name="filter">What is wanted, as it was read from the options.</param>
    /// <param name="waker">The subscription.</param>
    public static LogTopicCursor Open(
        ProcessLog log,
        string ns,
        string name,
        LogSubscribeOptions options,
        LogFilter filter,
        ISubscriptionWaker waker
    )
    {
        var isRecreated =
            options.LogId is { } wanted && (!Guid.TryParse(wanted, out var id) || id != log.LogId);
        var start =
            isRecreated ? new LogStart(LogStartKind.Oldest)
            : options.After is { } after ? new LogStart(LogStartKind.After, after.Seq, after.Epoch)
            : options.Tail is { } tail
                ? new LogStart(LogStartKind.At, log.FindTail(tail, log.Facts.Head, filter))
            : options.Start == "start" ? new LogStart(LogStartKind.Oldest)
            : new LogStart(LogStartKind.Now);
        var relay = new Relay(waker);
        var cursor = log.OpenCursor(start, filter, options.Catchup, relay, out var opening);
        var described = Describe(log, opening, isRecreated) with { Ns = ns, Name = name };
        return new LogTopicCursor(log, described, waker) { _cursor = cursor };
    }

    /// <summary>The log is gone: the subscription ends.</summary>
    public void End(string reason)
    {
        _ended = reason;
        _waker.Wake();
    }

    /// <inheritdoc/>
    public override void WriteSubscribed(IBufferWriter<byte> json)
    {
        using var writer = new Utf8JsonWriter(json);
        JsonSerializer.Serialize(writer, _opening, ProtocolJsonContext.Default.SubscribedLog);
    }

    /// <inheritdoc/>
    public override TopicReadKind Read(TopicFrame frame, int maxBytes)
    {
        if (_ended is { } reason)
        {
            frame.EndReason = reason;
            return TopicReadKind.Ended;
        }

        // Of the pool, so that a subscription whose frame waits for the socket holds the frame alone.
        var spans = SpanArrays.OfLog.Rent(SpanBatches.MaxSpans);
        try
        {
            return Read(frame, maxBytes, spans.AsSpan(0, SpanBatches.MaxSpans));
        }
        finally
        {
            SpanArrays.OfLog.Return(spans);
        }
    }

    private TopicReadKind Read(TopicFrame frame, int maxBytes, Span<LogSpan> spans)
    {
        var room = new LogRoom(
            maxBytes - SpanBatches.FixedBytes,
            SpanOverhead: SpanBatches.SpanOverhead
        );

        // Set in Open, and this is not called after Dispose.
        var read = _cursor!.Next(spans, room);
        switch (read.Kind)
        {
            case LogReadKind.Idle when _wasCaughtUp:
                return TopicReadKind.Idle;
            case LogReadKind.Idle:
                _wasCaughtUp = true;
                frame.CaughtUpAt = read.UpTo;
                return TopicReadKind.CaughtUp;
            case LogReadKind.Gap:
                frame.Gap = GapOf(read);
                return TopicReadKind.Gap;
            default:
                int entries;
                while (!_batches.TryWrite(ref read, spans, BatchFlags.None, frame, out entries))
                {
                    _cursor.EndAt(read);
                }

                frame.Entries = entries;
                return TopicReadKind.Data;
        }
    }

    /// <inheritdoc/>
    public override void WriteBookmark(TopicFrame frame)
    {
        var facts = _log.Facts;
        var bookmark = new LogRead
        {
            After = Position,
            UpTo = Position,
            Epoch = _log.EpochOf(Position),
            PrevEpochEnd = -1,
            Facts = facts,
        };
        _batches.TryWrite(ref bookmark, [], BatchFlags.None, frame, out _);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cursor?.Dispose();
        }
    }

    private static SubscribedLog Describe(ProcessLog log, in LogOpening opening, bool isRecreated)
    {
        var facts = opening.Facts;
        return new SubscribedLog
        {
            LogId = log.LogId.ToString(),
            ProcessId = log.ProcessId,
            Name = "",
            Ns = "",
            Epoch = facts.Epoch,
            Head = facts.Head,
            OldestRing = facts.OldestRing,
            OldestDisk = facts.OldestDisk,
            Run = facts.Run,
            RunId = facts.Run > 0 ? log.RunIdOf(facts.Run).ToString() : null,
            StartAt = opening.StartAt,
            StartEpoch = opening.StartEpoch,
            Status = isRecreated
                ? "recreated"
                : opening.Status switch
                {
                    LogOpeningStatus.Gap => "gap",
                    LogOpeningStatus.Truncated => "truncated",
                    _ => "ok",
                },
            LastSeq = opening.LastSeq,
        };
    }

    private static TopicGap GapOf(in LogRead read)
    {
        var from = read.After + 1;
        var isOnDisk = from >= read.Facts.OldestDisk;
        return new TopicGap(
            from,
            read.UpTo,
            read.UpTo - read.After,
            read.Epoch,
            GapReasons.Name(GapReason.Slow),
            isOnDisk ? "disk" : "none"
        );
    }

    private sealed class Relay(ISubscriptionWaker waker) : ICursorWaker
    {
        public void Wake() => waker.Wake();
    }
}
