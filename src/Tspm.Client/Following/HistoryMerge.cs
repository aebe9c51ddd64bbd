using System.Runtime.CompilerServices;

namespace Tspm.Client.Following;

/// <summary>The histories of several logs as one.</summary>
internal static class HistoryMerge
{
    /// <summary>K-way merge over the heads of history: of what comes next in each log, what was captured first.</summary>
    /// <param name="sources">The logs; those that are live are behind their history when this ends.</param>
    /// <param name="seam">How long a log may be silent at first before it is taken for live.</param>
    /// <param name="time">Time.</param>
    /// <param name="ct">Stops it.</param>
    public static async IAsyncEnumerable<LogFollowEvent> ReadAsync(
        List<TailSource> sources,
        TimeSpan seam,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // Asked all at once; a log that has nothing to say by then does not hold up the others.
        using var limit = new CancellationTokenSource(seam, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        var first = Task.WhenAll(sources.Select(source => source.Ask()));
        var merged = await HasFinishedAsync(first, either.Token).ConfigureAwait(false)
            ? sources
            : [];
        ct.ThrowIfCancellationRequested();
        foreach (var source in merged)
        {
            await source.LoadAsync().ConfigureAwait(false);
        }

        while (merged.Count > 0)
        {
            var (turn, until) = OrdMerge.Next([.. merged.Select(source => source.NextOrd)]);
            var next = merged[turn];
            if (next.IsOver)
            {
                merged.Remove(next);
                continue;
            }

            var (told, isAll) = next.Take(until);
            yield return told;
            if (isAll && next.IsLive)
            {
                merged.Remove(next);
            }
            else if (isAll)
            {
                await next.LoadAsync().ConfigureAwait(false);
            }
        }
    }

    private static async Task<bool> HasFinishedAsync(Task task, CancellationToken ct)
    {
        try
        {
            await task.WaitAsync(ct).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!task.IsCompleted)
        {
            return false;
        }
    }
}
