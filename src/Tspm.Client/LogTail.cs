using System.Runtime.CompilerServices;
using System.Text.Json;
using SmartIpc.Client;
using Tspm.Protocol;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>Follows one log: subscribes first, reads history up to the acknowledged head, then goes on live.</summary>
/// <remarks>
/// Its only state is the last position it gave out. Whatever does not follow on it exactly is fetched or told
/// as a gap; whatever is not after it is ignored. So what it gave out, plus the gaps it told, plus what was
/// filtered, is first..last, in order, each once. One reader at a time.
/// </remarks>
internal sealed class LogTail : IAsyncDisposable
{
    private const int MaxFillStreak = 3;
    private static readonly TimeSpan FillRest = TimeSpan.FromSeconds(10);
    private readonly TspmIpcClient _client;
    private readonly LogFollowOptions _options;
    private readonly TimeProvider _time;
    private IpcSubscription? _subscription;
    private LogPosition _position;
    private bool _hasPosition;
    private uint _run;
    private int _fillStreak;
    private long _lastGapAt;

    /// <summary>Makes a tail that is not subscribed.</summary>
    public LogTail(TspmIpcClient client, LogTarget log, LogFollowOptions options, TimeProvider time)
    {
        _client = client;
        Log = log;
        _options = options;
        _time = time;
        if (options.After is { } after)
        {
            _position = after;
            _hasPosition = true;
        }
    }

    /// <summary>The log; another after the process was made again.</summary>
    public LogTarget Log { get; private set; }

    /// <summary>What became of every seq.</summary>
    public FollowReceipt Receipt { get; } = new();

    /// <summary>Subscribes and waits for the acknowledged head: from here on nothing can be missed.</summary>
    /// <returns>The last seq of history.</returns>
    /// <exception cref="TspmException">The daemon refused.</exception>
    public async Task<long> OpenAsync(CancellationToken ct)
    {
        if (!_options.Follow)
        {
            return Log.Head;
        }

        _subscription = _client.Subscribe(Log, _ => OptionsNow());
        while (true)
        {
            using var message = await _subscription.ReadAsync(ct).ConfigureAwait(false);
            switch (message.Kind)
            {
                case TopicMessageKind.Subscribed:
                    var info = Read(message);
                    if (!_hasPosition)
                    {
                        _position = new LogPosition(info.Epoch, info.StartAt);
                    }

                    return info.StartAt;
                case TopicMessageKind.Refused:
                    throw new TspmException(
                        message.Error?.Code ?? "failed",
                        message.Error?.Message ?? "refused",
                        message.Error?.Hint
                    );
                case TopicMessageKind.Ended:
                    throw new TspmException("closed", $"the subscription ended: {message.Reason}");
                default:
                    break;
            }
        }
    }

    /// <summary>The pages of history up to a seq, oldest first; the position moves with them.</summary>
    public async IAsyncEnumerable<LogPage> ReadHistoryAsync(
        long upTo,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        if (
            _options.After is not null
            || (_options.Tail is null or 0 && _options.Since is null)
            || upTo == 0
        )
        {
            yield break;
        }

        var request = new GetLogsRequest
        {
            Id = Log.Id,
            To = upTo,
            Tail = _options.Since is null && _options.Tail != long.MaxValue ? _options.Tail : null,
            Since = _options.Since,
            From = _options.Since is null && _options.Tail == long.MaxValue ? 1 : null,
            Streams = _options.Streams,
        };
        await foreach (var page in ReadPagesAsync(request, upTo, ct).ConfigureAwait(false))
        {
            yield return page;
        }
    }

    /// <summary>Everything that comes after the position, for ever.</summary>
    public async IAsyncEnumerable<LogFollowEvent> ReadLiveAsync(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // OpenAsync was called.
        var subscription = _subscription!;
        while (true)
        {
            using var message = await subscription.ReadAsync(ct).ConfigureAwait(false);
            if (
                message.Kind is TopicMessageKind.Batch or TopicMessageKind.Bookmark
                && message.Payload is { } payload
            )
            {
                await foreach (var told in TakeBatchAsync(payload.Memory, ct).ConfigureAwait(false))
                {
                    yield return told;
                }
            }
            else if (message.Kind == TopicMessageKind.Gap)
            {
                await foreach (var told in TakeGapAsync(message.Gap, ct).ConfigureAwait(false))
                {
                    yield return told;
                }
            }
            else if (TakeState(message) is { } told)
            {
                yield return told;
                if (told is LogEnded)
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>A message that is neither entries nor a gap; null if there is nothing to tell.</summary>
    private LogFollowEvent? TakeState(in TopicMessage message) =>
        message.Kind switch
        {
            TopicMessageKind.CaughtUp => new CaughtUp(Log, message.At),
            TopicMessageKind.Detached => new ConnectionChanged(
                isUp: false,
                hasDaemonChanged: false,
                message.Reason
            ),
            TopicMessageKind.Resumed => new ConnectionChanged(
                isUp: true,
                message.HasDaemonChanged,
                ""
            ),
            TopicMessageKind.Subscribed => TakeSubscribed(Read(message)),
            TopicMessageKind.Refused => new LogEnded(Log, message.Error?.Code ?? "refused"),
            TopicMessageKind.Ended => new LogEnded(Log, message.Reason),
            _ => null,
        };

    /// <summary>Tells that entries of another run have come; null if they have not.</summary>
    public RunChanged? TakeRun(LogBatch batch)
    {
        var run = batch.Spans.IsEmpty ? 0 : batch.Spans[^1].Run;
        var before = _run;
        _run = Math.Max(_run, run);
        return before != 0 && run > before
            ? new RunChanged(Log, before, run, batch.RunIdOf(run))
            : null;
    }

    /// <summary>Unsubscribes, at most 200 ms.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_subscription is { } subscription)
        {
            await TspmIpcClient.UnsubscribeAsync(subscription).ConfigureAwait(false);
        }
    }

    private LogSubscribeOptions OptionsNow() =>
        new()
        {
            LogId = Log.LogId,
            After = _hasPosition ? new AfterPosition(_position.Epoch, _position.Seq) : null,
            Catchup = _options.Catchup && _options.Gaps == GapPolicy.Fill,
            Streams = _options.Streams,
        };

    private static SubscribedLog Read(in TopicMessage message)
    {
        using var payload = message.Payload;
        return JsonSerializer.Deserialize(payload!.Span, ProtocolJsonContext.Default.SubscribedLog) // a subscribed message has one
            ?? throw new TspmException("protocol", "the daemon's answer to subscribe is empty");
    }

    private async IAsyncEnumerable<LogPage> ReadPagesAsync(
        GetLogsRequest request,
        long upTo,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        while (true)
        {
            using var page = await _client.GetLogsAsync(request, ct).ConfigureAwait(false);
            var header = page.Header;
            Advance(page.Batch, header);
            yield return page;
            if (header.UpTo >= upTo || !header.Flags.HasFlag(BatchFlags.More))
            {
                yield break;
            }

            request = request with { From = header.UpTo + 1, Tail = null, Since = null };
        }
    }

    private void Advance(in SpanBatch batch, in BatchHeader header)
    {
        long shown = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            shown += span.Count;
        }

        long lost = 0;
        for (var i = 0; i < header.HoleCount; i++)
        {
            var hole = batch.Hole(i);
            lost += hole.To - hole.From + 1;
        }

        Receipt.Cover(header.After, header.UpTo, shown, lost);
        _position = new LogPosition(header.Epoch, header.UpTo);
        _hasPosition = true;
    }

    private async IAsyncEnumerable<LogFollowEvent> TakeBatchAsync(
        ReadOnlyMemory<byte> payload,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var header = Check(payload);
        if (TakeEpoch(header) is { } changed)
        {
            yield return changed;
        }

        if (header.UpTo <= _position.Seq)
        {
            yield break;
        }

        // A batch that does not follow on our position exactly: what is between is fetched, never skipped.
        var followsOn = header.After == _position.Seq;
        var fetchTo = followsOn ? _position.Seq : header.UpTo;
        if (!followsOn)
        {
            await foreach (
                var told in FetchAsync(_position.Seq + 1, fetchTo, ct).ConfigureAwait(false)
            )
            {
                yield return told;
            }

            yield break;
        }

        foreach (var told in Emit(payload))
        {
            yield return told;
        }
    }

    private List<LogFollowEvent> Emit(ReadOnlyMemory<byte> payload)
    {
        var told = new List<LogFollowEvent>(2);
        if (!SpanBatch.TryParse(payload.Span, out var batch, out var fault))
        {
            throw new TspmException("protocol", $"the daemon's batch cannot be read: {fault}");
        }

        Advance(batch, batch.Header);
        if (batch.Spans.Length > 0)
        {
            told.Add(new LogBatch(Log, payload, 0, batch.Spans.Length));
        }

        told.AddRange(HolesOf(batch));
        return told;
    }

    /// <summary>The holes of a page or batch, as gaps.</summary>
    public IEnumerable<LogGap> HolesOf(in SpanBatch batch)
    {
        var gaps = new List<LogGap>();
        for (var i = 0; i < batch.Header.HoleCount; i++)
        {
            var hole = batch.Hole(i);
            gaps.Add(new LogGap(Log, hole.From, hole.To, hole.Reason));
        }

        return gaps;
    }

    private LogHistoryChanged? TakeEpoch(in BatchHeader header)
    {
        var isCut =
            header.Epoch > _position.Epoch
            && header.PrevEpochEnd != BatchHeader.NoEpochEnd
            && (long)header.PrevEpochEnd < _position.Seq;
        if (!isCut)
        {
            return null;
        }

        var seen = _position.Seq;
        _position = new LogPosition(header.Epoch, (long)header.PrevEpochEnd);
        return new LogHistoryChanged(Log, isRecreated: false, _position.Seq, seen);
    }

    private LogHistoryChanged? TakeSubscribed(SubscribedLog info)
    {
        var seen = _position.Seq;
        switch (info.Status)
        {
            case "truncated":
                _position = new LogPosition(info.Epoch, info.LastSeq);
                return new LogHistoryChanged(Log, isRecreated: false, info.LastSeq, seen);
            case "recreated":
                Log = Log with { LogId = info.LogId, Epoch = info.Epoch };
                _position = new LogPosition(info.Epoch, info.StartAt);
                _run = 0;
                return new LogHistoryChanged(Log, isRecreated: true, info.StartAt, seen);
            default:
                return null;
        }
    }

    private async IAsyncEnumerable<LogFollowEvent> TakeGapAsync(
        SmartIpc.Topics.TopicGap gap,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        if (gap.To <= _position.Seq)
        {
            yield break;
        }

        var from = Math.Max(gap.From, _position.Seq + 1);
        if (from > _position.Seq + 1)
        {
            await foreach (
                var told in FetchAsync(_position.Seq + 1, from - 1, ct).ConfigureAwait(false)
            )
            {
                yield return told;
            }
        }

        if (MayFill(gap))
        {
            var shown = Receipt.Shown;
            await foreach (var told in FetchAsync(from, gap.To, ct).ConfigureAwait(false))
            {
                yield return told;
            }

            Receipt.Recover(Receipt.Shown - shown);
            yield return new LogGapFilled(Log, from, gap.To);
            yield break;
        }

        Receipt.Cover(from - 1, gap.To, 0, gap.To - from + 1);
        _position = new LogPosition((uint)gap.Epoch, gap.To);
        yield return new LogGap(Log, from, gap.To, GapReasons.Parse(gap.Reason));
    }

    /// <summary>If the log grows faster than disk is read, filling never ends: after some fills in a row the rest is told as a gap.</summary>
    private bool MayFill(in SmartIpc.Topics.TopicGap gap)
    {
        var now = _time.GetTimestamp();
        var hasRested = _lastGapAt == 0 || _time.GetElapsedTime(_lastGapAt, now) >= FillRest;
        _lastGapAt = now;
        _fillStreak = hasRested ? 1 : _fillStreak + 1;
        return _options.Gaps == GapPolicy.Fill
            && gap.Recoverable == "disk"
            && _fillStreak <= MaxFillStreak;
    }

    private async IAsyncEnumerable<LogFollowEvent> FetchAsync(
        long from,
        long to,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var request = new GetLogsRequest
        {
            Id = Log.Id,
            From = from,
            To = to,
            Streams = _options.Streams,
        };
        var pages = ReadPagesAsync(request, to, ct).GetAsyncEnumerator(ct);
        await using var _ = pages.ConfigureAwait(false);
        while (true)
        {
            TspmException? failure = null;
            var hasPage = false;
            try
            {
                hasPage = await pages.MoveNextAsync().ConfigureAwait(false);
            }
            catch (TspmException error)
            {
                failure = error;
            }

            if (failure is not null || !hasPage)
            {
                break;
            }

            if (pages.Current.Header.SpanCount > 0)
            {
                yield return BatchOf(pages.Current, 0, (int)pages.Current.Header.SpanCount);
            }

            foreach (var gap in HolesOf(pages.Current.Batch))
            {
                yield return gap;
            }
        }

        if (_position.Seq < to)
        {
            // The page could not be had: said exactly, never skipped.
            var missing = _position.Seq + 1;
            Receipt.Cover(_position.Seq, to, 0, to - _position.Seq);
            _position = _position with { Seq = to };
            yield return new LogGap(Log, missing, to, GapReason.Slow);
        }
    }

    /// <summary>Some of the spans of a page.</summary>
    public LogBatch BatchOf(LogPage page, int firstSpan, int spanCount) =>
        new(Log, page.Memory, firstSpan, spanCount);

    private static BatchHeader Check(ReadOnlyMemory<byte> payload) =>
        SpanBatch.TryParse(payload.Span, out var batch, out var fault)
            ? batch.Header
            : throw new TspmException("protocol", $"the daemon's batch cannot be read: {fault}");
}
