using System.Runtime.CompilerServices;
using System.Threading.Channels;
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
    private readonly List<LogTail> _tails;
    private readonly LogFollowOptions _options;

    /// <summary>Makes a follower of some logs.</summary>
    /// <param name="client">A connected client.</param>
    /// <param name="logs">What to follow.</param>
    /// <param name="options">Where to begin.</param>
    /// <param name="time">Time; null for the system's.</param>
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
        _options = options;
        _tails =
        [
            .. logs.Select(log => new LogTail(client, log, options, time ?? TimeProvider.System)),
        ];
    }

    /// <summary>What became of every seq, per log.</summary>
    public IReadOnlyList<(LogTarget Log, FollowReceipt Receipt)> Receipts =>
        [.. _tails.Select(tail => (tail.Log, tail.Receipt))];

    /// <summary>Everything there is to tell, until all logs have ended or it is cancelled.</summary>
    /// <exception cref="TspmException">The daemon refused at the start.</exception>
    public async IAsyncEnumerable<LogFollowEvent> ReadAsync(
        [EnumeratorCancellation] CancellationToken ct = default
    )
    {
        // All subscribed before any history is read: from here on nothing can be missed.
        var heads = new long[_tails.Count];
        for (var i = 0; i < heads.Length; i++)
        {
            heads[i] = await _tails[i].OpenAsync(ct).ConfigureAwait(false);
        }

        await foreach (var told in ReadHistoryAsync(heads, ct).ConfigureAwait(false))
        {
            yield return told;
        }

        if (!_options.Follow)
        {
            yield break;
        }

        var live = _tails.Count == 1 ? _tails[0].ReadLiveAsync(ct) : ReadAllLiveAsync(ct);
        await foreach (var told in live.ConfigureAwait(false))
        {
            yield return told;
            if (told is LogBatch batch && TailOf(batch.Log).TakeRun(batch) is { } changed)
            {
                yield return changed;
            }
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

    private LogTail TailOf(LogTarget log) => _tails.First(tail => tail.Log.Id == log.Id);

    /// <summary>K-way merge over the heads: of the spans that come next in each log, the one captured first.</summary>
    private async IAsyncEnumerable<LogFollowEvent> ReadHistoryAsync(
        long[] heads,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var sources = new List<HistorySource>();
        try
        {
            for (var i = 0; i < heads.Length; i++)
            {
                var source = new HistorySource(
                    _tails[i],
                    _tails[i].ReadHistoryAsync(heads[i], ct).GetAsyncEnumerator(ct)
                );
                sources.Add(source);
                await source.LoadAsync().ConfigureAwait(false);
            }

            while (
                sources.Where(source => !source.IsOver).MinBy(source => source.NextOrd) is { } first
            )
            {
                var others = sources.Where(source => source != first && !source.IsOver);
                var until = others
                    .Select(source => source.NextOrd)
                    .DefaultIfEmpty(ulong.MaxValue)
                    .Min();
                if (first.Take(until) is { } batch)
                {
                    yield return batch;
                    if (first.Tail.TakeRun(batch) is { } changed)
                    {
                        yield return changed;
                    }
                }

                foreach (var gap in first.TakeHolesAtEnd())
                {
                    yield return gap;
                }

                await first.LoadAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var source in sources)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Several logs: each has a loop of its own, and a full queue makes that loop wait, not lose.</summary>
    private async IAsyncEnumerable<LogFollowEvent> ReadAllLiveAsync(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var queue = Channel.CreateBounded<(LogFollowEvent Told, TaskCompletionSource Taken)>(
            QueuedEvents
        );
        var loops = _tails
            .Select((tail, i) => PumpAsync(tail, i == 0, queue.Writer, stopping.Token))
            .ToArray();
        var ending = CompleteAsync(loops, queue.Writer);
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

    private static async Task PumpAsync(
        LogTail tail,
        bool tellsConnection,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue,
        CancellationToken ct
    )
    {
        await foreach (var told in tail.ReadLiveAsync(ct).ConfigureAwait(false))
        {
            // One connection for all: told once.
            if (told is ConnectionChanged && !tellsConnection)
            {
                continue;
            }

            // A batch lives in rented memory until it was taken.
            var taken = new TaskCompletionSource(
                TaskCreationOptions.RunContinuationsAsynchronously
            );
            await queue.WriteAsync((told, taken), ct).ConfigureAwait(false);
            await taken.Task.WaitAsync(ct).ConfigureAwait(false);
        }
    }

    private static async Task CompleteAsync(
        Task[] loops,
        ChannelWriter<(LogFollowEvent Told, TaskCompletionSource Taken)> queue
    )
    {
        try
        {
            await Task.WhenAll(loops).ConfigureAwait(false);
            queue.TryComplete();
        }
        catch (OperationCanceledException)
        {
            queue.TryComplete();
        }
        catch (TspmException error)
        {
            queue.TryComplete(error);
        }
    }

    /// <summary>The pages of one log's history, and the place in the page at hand.</summary>
    private sealed class HistorySource(LogTail tail, IAsyncEnumerator<LogPage> pages)
        : IAsyncDisposable
    {
        private LogPage? _page;
        private int _next;

        public LogTail Tail { get; } = tail;

        public bool IsOver { get; private set; }

        /// <summary>The capture order of the next span; the end of a page comes at once.</summary>
        public ulong NextOrd =>
            _page is { } page && _next < page.Header.SpanCount ? page.Batch.Spans[_next].Ord : 0;

        public async Task LoadAsync()
        {
            if (_page is not null && _next < _page.Header.SpanCount)
            {
                return;
            }

            _next = 0;
            IsOver = !await pages.MoveNextAsync().ConfigureAwait(false);
            _page = IsOver ? null : pages.Current;
        }

        /// <summary>The spans up to an ord of another log.</summary>
        public LogBatch? Take(ulong until)
        {
            var page = _page!; // only asked while it is not over
            var spans = page.Batch.Spans;
            var first = _next;
            while (_next < spans.Length && (spans[_next].Ord <= until || _next == first))
            {
                _next++;
            }

            return _next > first ? Tail.BatchOf(page, first, _next - first) : null;
        }

        public IEnumerable<LogGap> TakeHolesAtEnd() =>
            _page is { } page && _next >= page.Header.SpanCount ? Tail.HolesOf(page.Batch) : [];

        public ValueTask DisposeAsync() => pages.DisposeAsync();
    }
}
