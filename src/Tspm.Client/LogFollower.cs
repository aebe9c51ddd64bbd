using System.Runtime.CompilerServices;
using System.Threading.Channels;
using SmartIpc.Client;
using Tspm.Client.Following;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>The log streaming handler: one or many logs as one sequence of batches, gaps, run changes and connection changes.</summary>
/// <remarks>
/// History of several logs is merged by capture order; a log's own order is never changed. Live output comes as
/// it arrives. Read it from one place; a batch is valid until the next event is asked for.
/// </remarks>
public sealed class LogFollower : IAsyncDisposable
{
    private const int QueuedEvents = 8;
    private const long AllCreditBytes = 48 * 1024 * 1024;
    private const long LeastCreditBytes = 16 * 1024;
    private static readonly TimeSpan AgainLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SeamLimit = TimeSpan.FromSeconds(2);
    private readonly TspmIpcClient _client;
    private readonly LogFollowOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // Guarded by _gate: grows while others ask for the cursor.
    private readonly List<LogTail> _tails = [];
    private readonly ConnectionNews _news = new();

    /// <summary>Makes a follower of some logs.</summary>
    /// <param name="client">A connected client.</param>
    /// <param name="logs">What to follow.</param>
    /// <param name="options">Where to begin.</param>
    /// <param name="time">Time; null for the system's.</param>
    /// <exception cref="TspmException">not-found: a log has no such run.</exception>
    public LogFollower(
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options,
        TimeProvider? time = null
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(logs);
        ArgumentNullException.ThrowIfNull(options);
        _client = client;
        _options = options;
        _time = time ?? TimeProvider.System;
        var credit = Math.Clamp(
            AllCreditBytes / Math.Max(1, logs.Count),
            LeastCreditBytes,
            TspmIpcClient.CreditBytes
        );
        foreach (var log in logs)
        {
            _tails.Add(MakeTail(log, credit, isAlone: logs.Count == 1));
        }
    }

    /// <summary>What became of every seq, per log.</summary>
    public IReadOnlyList<(LogTarget Log, FollowReceipt Receipt)> Receipts
    {
        get
        {
            lock (_gate)
            {
                return [.. _tails.SelectMany(tail => tail.Receipts)];
            }
        }
    }

    /// <summary>Where the reader stands: after all that it took. Any thread may ask.</summary>
    public FollowCursor Cursor
    {
        get
        {
            lock (_gate)
            {
                return new FollowCursor([
                    .. _tails.Select(tail => tail.Place).OfType<CursorPlace>(),
                ]);
            }
        }
    }

    /// <summary>Everything there is to tell, until all logs have ended or it is cancelled.</summary>
    /// <exception cref="TspmException">The daemon refused at the start.</exception>
    public async IAsyncEnumerable<LogFollowEvent> ReadAsync(
        [EnumeratorCancellation] CancellationToken ct = default
    )
    {
        var isOne = _tails.Count == 1 && _options.Join.Count == 0;
        var all = isOne ? ReadNameAsync(_tails[0], ct) : ReadAllAsync(ct);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var watching = _options is { UntilExit: true, Follow: true }
            ? ExitWatch.RunAsync(_client, [.. _tails], _time, stopping.Token)
            : Task.CompletedTask;
        try
        {
            await foreach (var told in all.ConfigureAwait(false))
            {
                if (told is not HistoryEnd)
                {
                    yield return told;
                }
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(false);
        }
    }

    /// <summary>One log, and the one that its name means next if it is deleted and made again.</summary>
    private async IAsyncEnumerable<LogFollowEvent> ReadNameAsync(
        LogTail first,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        for (var tail = first; tail is not null; )
        {
            LogEnded? deleted = null;
            await foreach (var told in tail.ReadAsync(ct).ConfigureAwait(false))
            {
                deleted = told as LogEnded;
                if (deleted is not { Reason: "deleted" } || !_options.FollowsName)
                {
                    yield return told;
                    deleted = null;
                }
            }

            if (deleted is null)
            {
                yield break;
            }

            tail = await FindAgainAsync(tail.Log, ct).ConfigureAwait(false);
            if (tail is null)
            {
                yield return deleted;
                yield break;
            }

            yield return new LogAdded(tail.Log);
            yield return new LogHistoryChanged(tail.Log, isRecreated: true, 0, 0);
        }
    }

    /// <summary>Waits a little for a process to be made again; null if it is not.</summary>
    private async Task<LogTail?> FindAgainAsync(LogTarget old, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(AgainLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        var changes = _client.SubscribeProcesses();
        await using var _ = changes.ConfigureAwait(false);
        try
        {
            while (true)
            {
                (await changes.ReadAsync(either.Token).ConfigureAwait(false)).Dispose();
                var found = await ResolveAsync([$"{old.Ns}/{old.Name}"], either.Token)
                    .ConfigureAwait(false);
                if (found.FirstOrDefault(log => log.LogId != old.LogId) is { } log)
                {
                    var tail = new LogTail(
                        _client,
                        log,
                        FromStart,
                        null,
                        TspmIpcClient.CreditBytes,
                        _time
                    );
                    lock (_gate)
                    {
                        _tails.Add(tail);
                    }

                    return tail;
                }
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Unsubscribes from all logs.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var tail in _tails)
        {
            await tail.DisposeAsync().ConfigureAwait(false);
        }
    }

    private LogTail MakeTail(LogTarget log, long credit, bool isAlone)
    {
        if (_options.Cursor is not { } cursor)
        {
            return new LogTail(_client, log, _options, _options.After, credit, _time, isAlone);
        }

        var place =
            cursor.Places.FirstOrDefault(one => one.LogId.ToString() == log.LogId)
            ?? cursor.Places.FirstOrDefault(one => one.Name == $"{log.Ns}/{log.Name}");
        return place is null
            ? new LogTail(_client, log, FromStart, null, credit, _time)
            : new LogTail(
                _client,
                // Another log under its name: the daemon says that it was made again.
                log with
                {
                    LogId = place.LogId.ToString(),
                },
                _options,
                place.Position,
                credit,
                _time
            );
    }

    private LogFollowOptions FromStart =>
        _options with
        {
            Tail = long.MaxValue,
            Since = null,
            Cursor = null,
            After = null,
        };

    private async IAsyncEnumerable<LogFollowEvent> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sources = _tails.Select(tail => new TailSource(tail, stopping.Token)).ToList();
        try
        {
            await foreach (
                var told in HistoryMerge
                    .ReadAsync(MergedSources(sources), Seam, _time, ct)
                    .ConfigureAwait(false)
            )
            {
                foreach (var news in _news.Pass(told))
                {
                    yield return news;
                }
            }

            await foreach (var told in ReadLiveAsync(sources, stopping, ct).ConfigureAwait(false))
            {
                foreach (var news in _news.Pass(told))
                {
                    yield return news;
                }
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            foreach (var source in sources)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>A read has no live part that could be held up.</summary>
    private TimeSpan Seam => _options.Follow ? SeamLimit : Timeout.InfiniteTimeSpan;

    /// <summary>What is merged: all, if anything comes before what is live.</summary>
    private List<TailSource> MergedSources(List<TailSource> sources) =>
        _options.Tail is not (null or 0)
        || _options.Since is not null
        || _options.Cursor is not null
            ? [.. sources]
            : [];

    /// <summary>Each log has a loop of its own, and a full queue makes that loop wait, not lose.</summary>
    private async IAsyncEnumerable<LogFollowEvent> ReadLiveAsync(
        List<TailSource> sources,
        CancellationTokenSource stopping,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var queue = Channel.CreateBounded<(LogFollowEvent Told, TaskCompletionSource Taken)>(
            QueuedEvents
        );
        var loops = sources
            .Where(source => !source.IsOver)
            .Select(source => PumpAsync(source, queue.Writer, stopping.Token))
            .ToList();
        if (_options.Join.Count > 0 && _options.Follow)
        {
            loops.Add(JoinAsync(sources, queue.Writer, stopping.Token));
        }

        var ending = CompleteAsync(loops, queue.Writer, stopping);
        try
        {
            await foreach (var (told, taken) in queue.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return told;
                taken.SetResult();
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ending.ConfigureAwait(false);
        }
    }

    /// <summary>Waits for processes that are made, and follows those that are meant.</summary>
    private async Task JoinAsync(
        List<TailSource> sources,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue,
        CancellationToken ct
    )
    {
        var known = _tails.Select(tail => tail.Log.Id).ToHashSet();
        var loops = new List<Task>();
        var changes = _client.SubscribeProcesses();
        await using var _ = changes.ConfigureAwait(false);
        while (true)
        {
            using (var change = await changes.ReadAsync(ct).ConfigureAwait(false))
            {
                if (change.Kind is TopicMessageKind.Ended or TopicMessageKind.Refused)
                {
                    break;
                }

                if (change.Kind is not (TopicMessageKind.Subscribed or TopicMessageKind.Batch))
                {
                    continue;
                }
            }

            foreach (var log in await ResolveAsync(_options.Join, ct).ConfigureAwait(false))
            {
                if (!known.Add(log.Id))
                {
                    continue;
                }

                var tail = new LogTail(_client, log, FromStart, null, LeastCreditBytes * 4, _time);
                var source = new TailSource(tail, ct);
                lock (_gate)
                {
                    _tails.Add(tail);
                }

                sources.Add(source);
                await WriteAsync(new LogAdded(log), queue, ct).ConfigureAwait(false);
                loops.Add(PumpAsync(source, queue, ct));
            }
        }

        await Task.WhenAll(loops).ConfigureAwait(false);
    }

    /// <summary>What the selectors mean now; nothing if the daemon cannot say so just now: it is asked again after the next change.</summary>
    private async Task<IReadOnlyList<LogTarget>> ResolveAsync(
        IReadOnlyList<string> select,
        CancellationToken ct
    )
    {
        try
        {
            return (await _client.ResolveAsync(select, ct).ConfigureAwait(false)).Logs;
        }
        catch (TspmException error)
            when (error.Code is ErrorCodes.NotFound or IpcErrorCode.Closed or IpcErrorCode.Timeout)
        {
            return [];
        }
    }

    private static async Task PumpAsync(
        TailSource source,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue,
        CancellationToken ct
    )
    {
        while (await source.LoadAsync().ConfigureAwait(false))
        {
            await WriteAsync(source.Take(ulong.MaxValue).Told, queue, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until it was taken: a batch lives in rented memory until then.</summary>
    private static async Task WriteAsync(
        LogFollowEvent told,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue,
        CancellationToken ct
    )
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await queue.WriteAsync((told, taken), ct).ConfigureAwait(false);
        await taken.Task.WaitAsync(ct).ConfigureAwait(false);
    }

    private static async Task CompleteAsync(
        List<Task> loops,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue,
        CancellationTokenSource stopping
    )
    {
        Exception? failure = null;
        while (loops.Count > 0)
        {
            var ended = await Task.WhenAny(loops).ConfigureAwait(false);
            loops.Remove(ended);
            if (ended.IsFaulted)
            {
                // One that cannot go on ends all, and is told.
                failure ??= ended.Exception.InnerException;
                await stopping.CancelAsync().ConfigureAwait(false);
            }
        }

        queue.TryComplete(failure);
    }
}
