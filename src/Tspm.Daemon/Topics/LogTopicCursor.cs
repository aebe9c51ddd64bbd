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

    /// <summary>Opens a cursor in a log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="start">Where.</param>
    /// <param name="filter">What is wanted.</param>
    /// <param name="readsDisk">Catch-up from disk instead of gaps.</param>
    /// <param name="waker">The subscription.</param>
    /// <param name="describe">Makes the answer of what the opening said.</param>
    public static LogTopicCursor Open(
        ProcessLog log,
        LogStart start,
        LogFilter filter,
        bool readsDisk,
        ISubscriptionWaker waker,
        Func<LogOpening, SubscribedLog> describe
    )
    {
        var relay = new Relay(waker);
        var cursor = log.OpenCursor(start, filter, readsDisk, relay, out var opening);
        return new LogTopicCursor(log, describe(opening), waker) { _cursor = cursor };
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

        // Set in Open, and this is not called after Dispose.
        var read = _cursor!.Next(_batches.Spans, maxBytes - (maxBytes / 4));
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
                frame.Entries = _batches.Write(read, BatchFlags.None, frame);
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
            Epoch = facts.Epoch,
            PrevEpochEnd = -1,
            Facts = facts,
        };
        _batches.Write(bookmark, BatchFlags.None, frame);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cursor?.Dispose();
        }
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
