using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>One log, read from its end: page after page, each read forwards and given out backwards.</summary>
/// <remarks>One reader at a time.</remarks>
internal sealed class BackwardLog(TspmIpcClient client, LogTarget log, LogFollowOptions options)
    : IDisposable
{
    private const long PageEntries = 4096;
    private readonly LogSelection _selection = options.Runs.Narrow(options.Selection, log.Run);
    private readonly long _connection = client.ConnectionNumber;

    // What was read and not given out, in the log's own order; only the end of the last batch may be gone.
    private readonly List<LogFollowEvent> _told = [];
    private LogPage? _page;
    private long _upTo = log.Head;
    private long _first = -1;
    private long _left = options.Tail ?? 0;
    private long _ask = PageEntries;

    /// <summary>True when there is nothing more to take.</summary>
    public bool IsOver => _told.Count == 0;

    /// <summary>The capture order of what it gives out next; a gap comes at once.</summary>
    public ulong NextOrd => _told[^1] is LogBatch batch ? batch.Spans[^1].Ord : ulong.MaxValue;

    /// <summary>Sees to it that there is something to take, if there is anything left.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        while (_told.Count == 0 && _left > 0 && _upTo > Math.Max(_first, 0))
        {
            _page?.Dispose();
            _page = null;
            await ReadPageAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>Takes what was captured after an ord: one span at least, or a gap.</summary>
    public LogFollowEvent Take(ulong after)
    {
        var told = _told[^1];
        if (told is not LogBatch batch)
        {
            _told.RemoveAt(_told.Count - 1);
            return told;
        }

        var spans = batch.Spans;
        var first = spans.Length - 1;
        while (first > 0 && spans[first - 1].Ord > after)
        {
            first--;
        }

        var taken = batch.Slice(first, spans.Length - first);
        if (first == 0)
        {
            _told.RemoveAt(_told.Count - 1);
        }
        else
        {
            _told[^1] = batch.Slice(0, first);
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Dispose() => _page?.Dispose();

    private async Task ReadPageAsync(CancellationToken ct)
    {
        if (_first < 0)
        {
            _first = options.Since is { } since
                ? await FindFirstAsync(since, ct).ConfigureAwait(false)
                : 0;
        }

        var count = Math.Min(_ask, _left);
        var page = await AskAsync(null, _upTo, count, ct).ConfigureAwait(false);
        var entries = CountEntries(page);
        var oldest = page.Header.OldestDisk;
        if (page.Header.Flags.HasFlag(BatchFlags.More) && entries < count && count > 1)
        {
            // Too long for one page: fewer, so that the end of the range is in it.
            page.Dispose();
            _ask = Math.Max(1, Math.Min(_ask, entries) / 2);
            return;
        }

        var after = Math.Max(page.Header.After, _first);
        if (entries == 0)
        {
            // Not even one that is wanted.
            after = Math.Max(oldest - 1, _first);
        }

        _ask = Math.Min(PageEntries, _ask * 2);
        _page = page;
        Tell(page, after);
        _left -= _left == long.MaxValue ? 0 : entries;
        _upTo = after;
        await TellMissingAsync(oldest, ct).ConfigureAwait(false);
    }

    /// <summary>What is not there any more, below the oldest entry: the daemon says why.</summary>
    private async Task TellMissingAsync(long oldest, CancellationToken ct)
    {
        if (_upTo >= oldest || _upTo <= _first || (_left == 0 && options.Tail != long.MaxValue))
        {
            return;
        }

        var missing = new List<LogFollowEvent>();
        for (var from = _first + 1; from <= _upTo; )
        {
            using var page = await AskAsync(from, _upTo, 1, ct).ConfigureAwait(false);
            for (var i = 0; i < page.Header.HoleCount; i++)
            {
                var hole = page.Batch.Hole(i);
                missing.Add(new LogGap(log, hole.From, hole.To, hole.Reason));
            }

            if (page.Header.UpTo < from)
            {
                break;
            }

            from = page.Header.UpTo + 1;
        }

        _told.InsertRange(0, missing);
        _upTo = _first;
    }

    private async Task<long> FindFirstAsync(long since, CancellationToken ct)
    {
        var request = new LocateRequest
        {
            Id = log.Id,
            LogId = log.LogId,
            Times = [since],
        };
        return (await client.LocateAsync(request, ct).ConfigureAwait(false)).Places[0].Seq;
    }

    private Task<LogPage> AskAsync(long? from, long to, long count, CancellationToken ct) =>
        client.GetLogsAsync(
            new GetLogsRequest(_selection)
            {
                Id = log.Id,
                LogId = log.LogId,
                From = from,
                To = to,
                Tail = from is null ? count : null,
                MaxEntries = (int)PageEntries,
            },
            _connection,
            ct
        );

    /// <summary>Entries and holes of a page after a seq, in the log's order.</summary>
    private void Tell(LogPage page, long after)
    {
        var batch = page.Batch;
        var next = 0;
        while (next < batch.Spans.Length && batch.Spans[next].Seq <= after)
        {
            next++;
        }

        for (var i = 0; i < batch.Header.HoleCount; i++)
        {
            var hole = batch.Hole(i);
            var first = next;
            while (next < batch.Spans.Length && batch.Spans[next].Seq < hole.From)
            {
                next++;
            }

            Add(page, first, next);
            _told.Add(new LogGap(log, hole.From, hole.To, hole.Reason));
        }

        Add(page, next, batch.Spans.Length);
    }

    private void Add(LogPage page, int first, int end)
    {
        if (end > first)
        {
            _told.Add(new LogBatch(log, page.Memory, first, end - first));
        }
    }

    private static long CountEntries(LogPage page)
    {
        long entries = 0;
        foreach (ref readonly var span in page.Batch.Spans)
        {
            entries += span.Count;
        }

        return entries;
    }
}
