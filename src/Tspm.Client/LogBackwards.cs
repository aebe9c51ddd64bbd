using System.Runtime.CompilerServices;
using Tspm.Client.Following;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>Reads logs from their end to their beginning: several as one sequence, what was captured last first.</summary>
/// <remarks>One page per log is in memory. The entries of a batch stand in their own order: the reader turns them round.</remarks>
public sealed class LogBackwards
{
    private readonly List<BackwardLog> _logs = [];

    /// <summary>Makes a reader.</summary>
    /// <param name="client">A connected client.</param>
    /// <param name="logs">What to read; each from its head down.</param>
    /// <param name="options">What is wanted; its tail counts per log.</param>
    /// <exception cref="TspmException">not-found: a log has no such run.</exception>
    public LogBackwards(
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(logs);
        ArgumentNullException.ThrowIfNull(options);
        foreach (var log in logs)
        {
            _logs.Add(new BackwardLog(client, log, options));
        }
    }

    /// <summary>Batches and gaps, the newest first; a batch is valid until the next event is asked for.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public async IAsyncEnumerable<LogFollowEvent> ReadAsync(
        [EnumeratorCancellation] CancellationToken ct = default
    )
    {
        try
        {
            foreach (var log in _logs)
            {
                await log.LoadAsync(ct).ConfigureAwait(false);
            }

            while (Newest() is { } next)
            {
                yield return next.Take(OthersNewest(next));
                await next.LoadAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var log in _logs)
            {
                log.Dispose();
            }
        }
    }

    private BackwardLog? Newest()
    {
        BackwardLog? newest = null;
        foreach (var log in _logs)
        {
            if (!log.IsOver && (newest is null || log.NextOrd > newest.NextOrd))
            {
                newest = log;
            }
        }

        return newest;
    }

    private ulong OthersNewest(BackwardLog log)
    {
        ulong newest = 0;
        foreach (var other in _logs)
        {
            newest = other == log || other.IsOver ? newest : Math.Max(newest, other.NextOrd);
        }

        return newest;
    }
}
