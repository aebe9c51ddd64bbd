using System.Text.Json;
using Tspm.Cli.FullScreen.Model;
using Tspm.Client;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>Reads pages of history for the log pane.</summary>
internal sealed class LogPages(TspmIpcClient client)
{
    private const int AroundEntries = 400;
    private const int MarkerEntries = 50;

    /// <summary>A page.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public Task<LoadedPage> ReadAsync(FetchPage fetch, CancellationToken ct) =>
        ReadAsync(fetch.Log, fetch.Selection, fetch.From, fetch.To, fetch.Count, ct);

    /// <summary>All logs around a place.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public async Task<PlaceArrived> ReadAsync(FetchPlace fetch, CancellationToken ct)
    {
        var slices = new Dictionary<uint, LogSlice>();
        foreach (var log in fetch.Logs)
        {
            if (fetch.Target.Seq == 0)
            {
                var first = await ReadAsync(log, fetch.Selection, 1, null, AroundEntries, ct);
                slices[log.Id] = LogSlice.Of(first);
                continue;
            }

            var seq =
                log.Id == fetch.Target.Id
                    ? fetch.Target.Seq
                    : await LocateAsync(log, fetch.Wall, ct);
            slices[log.Id] = await ReadAroundAsync(log, fetch.Selection, seq, ct);
        }

        return new PlaceArrived(fetch.Generation, slices, fetch.Target);
    }

    /// <summary>The nearest entry of a kind among several logs.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public async Task<SearchEnded> FindAsync(Search search, CancellationToken ct)
    {
        LogLine? best = null;
        foreach (var (log, seq, run) in search.Places)
        {
            var found =
                search.Kind == SearchKind.Run
                    ? await FindRunAsync(log, search.IsForward ? run + 1 : run - 1, ct)
                : search.IsForward ? await FindNextAsync(search, log, seq, ct)
                : await FindPreviousAsync(search, log, seq, ct);
            var isNearer =
                found is not null
                && (
                    best is null || (search.IsForward ? found.Ord < best.Ord : found.Ord > best.Ord)
                );
            best = isNearer ? found : best;
        }

        return new SearchEnded(
            search.Generation,
            best,
            search.Kind switch
            {
                SearchKind.Text => "match",
                SearchKind.Error => "line that tells of a failure",
                SearchKind.Run => "run",
                _ => "gap, start or end",
            }
        );
    }

    private async Task<LogLine?> FindNextAsync(
        Search search,
        LogPlace log,
        long seq,
        CancellationToken ct
    )
    {
        for (var from = seq + 1; ; )
        {
            LoadedPage page;
            try
            {
                page = await ReadAsync(log, search.Selection, from, null, MarkerEntries, ct);
            }
            catch (TspmException error) when (error.Code == Protocol.ErrorCodes.NotFound)
            {
                // Beyond the newest entry.
                return null;
            }

            if (page.Lines.FirstOrDefault(line => IsMeant(search, line)) is { } found)
            {
                return found;
            }

            if (page.UpTo >= page.Head || page.UpTo < from)
            {
                return null;
            }

            from = page.UpTo + 1;
        }
    }

    private async Task<LogLine?> FindPreviousAsync(
        Search search,
        LogPlace log,
        long seq,
        CancellationToken ct
    )
    {
        for (var to = seq; to > 0; )
        {
            var page = await ReadAsync(log, search.Selection, null, to, MarkerEntries, ct);
            if (page.Lines.LastOrDefault(line => IsMeant(search, line)) is { } found)
            {
                return found;
            }

            if (page.After >= to || page.After < page.OldestDisk)
            {
                return null;
            }

            to = page.After;
        }

        return null;
    }

    private async Task<LogLine?> FindRunAsync(LogPlace log, uint run, CancellationToken ct)
    {
        if (run is 0 or uint.MaxValue)
        {
            return null;
        }

        var selection = new LogSelection { FirstRun = run, LastRun = run };
        for (long from = 1; ; )
        {
            var page = await ReadAsync(log, selection, from, null, 1, ct);
            if (page.Lines.FirstOrDefault(line => line.Kind != LineKind.Gap) is { } found)
            {
                return found;
            }

            if (page.UpTo >= page.Head || page.UpTo < from)
            {
                return null;
            }

            from = page.UpTo + 1;
        }
    }

    // A gap counts as a marker only; of the life-cycle only what begins, ends or is missing.
    private static bool IsMeant(Search search, LogLine line)
    {
        if (search.Kind != SearchKind.Marker)
        {
            return line.Kind != LineKind.Gap;
        }

        if (line.Kind == LineKind.Gap)
        {
            return true;
        }

        try
        {
            var told = JsonSerializer.Deserialize(
                line.Text.Span,
                ProtocolJsonContext.Default.LogEvent
            );
            return told?.What
                is LogEvents.RunStart
                    or LogEvents.RunExit
                    or LogEvents.SpawnFailed
                    or LogEvents.Uncaptured
                    or LogEvents.ClockStep;
        }
        catch (JsonException)
        {
            // Of a newer tspm, or damaged: worth a look.
            return true;
        }
    }

    private async Task<LogSlice> ReadAroundAsync(
        LogPlace log,
        LogSelection selection,
        long seq,
        CancellationToken ct
    )
    {
        if (seq < 1)
        {
            return LogSlice.Of(await ReadAsync(log, selection, 1, null, AroundEntries, ct));
        }

        var before = LogSlice.Of(await ReadAsync(log, selection, null, seq, AroundEntries, ct));
        if (before.ReachesHead)
        {
            return before;
        }

        var after = await ReadAsync(log, selection, before.UpTo + 1, null, AroundEntries, ct);
        return before.Append(after);
    }

    private async Task<long> LocateAsync(LogPlace log, long wall, CancellationToken ct)
    {
        var request = new LocateRequest
        {
            Id = log.Id,
            LogId = log.LogId,
            Times = [wall],
        };
        return (await client.LocateAsync(request, ct)).Places[0].Seq;
    }

    private async Task<LoadedPage> ReadAsync(
        LogPlace log,
        LogSelection selection,
        long? from,
        long? to,
        int count,
        CancellationToken ct
    )
    {
        if (from is not null)
        {
            return (await ReadOneAsync(log, selection, from, to, count, ct)).Page;
        }

        for (; ; count /= 2)
        {
            if (await TryReadTailAsync(log, selection, to, count, ct) is not { } tail)
            {
                // Too long for one page: fewer, so that the end is in it.
                continue;
            }

            return tail.Lines.Count > 0
                ? tail
                : tail with
                {
                    // Not even one that is wanted.
                    After = Math.Min(tail.After, Math.Max(0, tail.OldestDisk - 1)),
                };
        }
    }

    /// <summary>The newest entries, through the epochs that they lie in: a page has one. Null if they are too long for a page of each.</summary>
    private async Task<LoadedPage?> TryReadTailAsync(
        LogPlace log,
        LogSelection selection,
        long? to,
        int count,
        CancellationToken ct
    )
    {
        var (tail, isCut) = await ReadOneAsync(log, selection, null, to, count, ct);
        while (isCut && count > 1)
        {
            var next = await ReadOneAsync(log, selection, tail.UpTo + 1, to, count, ct);
            if (tail.Join(next.Page) is not { } joined)
            {
                return null;
            }

            (tail, isCut) = (joined, next.IsCut);
        }

        return tail;
    }

    private async Task<(LoadedPage Page, bool IsCut)> ReadOneAsync(
        LogPlace log,
        LogSelection selection,
        long? from,
        long? to,
        int count,
        CancellationToken ct
    )
    {
        using var page = await client.GetLogsAsync(
            new GetLogsRequest(selection)
            {
                Id = log.Id,
                LogId = log.LogId,
                From = from,
                To = to,
                Tail = from is null ? count : null,
                MaxEntries = count,
            },
            ct: ct
        );
        return (
            LoadedPage.Read(log.Id, log.LogId, page.Batch),
            page.Header.Flags.HasFlag(BatchFlags.More)
        );
    }
}
