using Tspm.Cli.FullScreen.Model;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>The list of processes with what the daemon has sampled of them in the last minute.</summary>
internal static class ProcessList
{
    private const int Seconds = 60;

    /// <summary>Reads it.</summary>
    /// <param name="client">The daemon.</param>
    /// <param name="select">Which; empty for all.</param>
    /// <param name="cells">In how many parts the last minute is wanted.</param>
    /// <param name="time">The clock of the answer.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public static async Task<ListArrived> ReadAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        int cells,
        TimeProvider time,
        CancellationToken ct
    ) => await AddSamplesAsync(client, select, await client.ListAsync(select, ct), cells, time, ct);

    /// <summary>Reads it with the place and the counters of each log.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public static async Task<ListArrived> ReadWithLogsAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        int cells,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var list = client.ListWithCountersAsync(select, ct);
        var logs = (await client.ResolveAsync(select, ct)).Logs.ToDictionary(log => log.Id);
        var arrived = await AddSamplesAsync(client, select, await list, cells, time, ct);
        return arrived with
        {
            Processes =
            [
                .. arrived.Processes.Select(process =>
                    logs.TryGetValue(process.Id, out var log)
                        ? process with
                        {
                            Log = ViewOf(log),
                        }
                        : process
                ),
            ],
        };
    }

    private static async Task<ListArrived> AddSamplesAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        ProcessesReply list,
        int cells,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var arrived = new ListArrived(
            list.Processes,
            time.GetTimestamp() * 1000 / time.TimestampFrequency
        );

        var points = SamplesRequest.PointsFor(cells, list.Processes.Count);
        if (list.Processes.Count == 0 || points == 0)
        {
            return arrived;
        }

        var samples = await client.GetSamplesAsync(
            new SamplesRequest
            {
                Select = select,
                Seconds = Seconds,
                Points = points,
            },
            ct
        );
        return arrived with { Samples = samples.Processes.ToDictionary(one => one.Id) };
    }

    // Where it is kept is not asked for.
    private static LogView ViewOf(LogTarget log) =>
        new(log.LogId, log.Epoch, log.Head, OldestRing: 0, OldestDisk: 0, Bytes: 0, Path: "");
}
