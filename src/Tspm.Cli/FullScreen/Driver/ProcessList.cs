using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>The list of processes with the place of each log.</summary>
internal static class ProcessList
{
    /// <summary>Reads it.</summary>
    /// <exception cref="TspmException">The daemon refused or is gone.</exception>
    public static async Task<IReadOnlyList<ProcessView>> ReadAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        CancellationToken ct
    )
    {
        var list = client.ListWithCountersAsync(select, ct);
        var logs = (await client.ResolveAsync(select, ct)).Logs.ToDictionary(log => log.Id);
        return
        [
            .. (await list).Processes.Select(process =>
                logs.TryGetValue(process.Id, out var log)
                    ? process with
                    {
                        Log = ViewOf(log),
                    }
                    : process
            ),
        ];
    }

    // Where it is kept is not asked for.
    private static LogView ViewOf(LogTarget log) =>
        new(log.LogId, log.Epoch, log.Head, OldestRing: 0, OldestDisk: 0, Bytes: 0, Path: "");
}
