using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client.Following;

/// <summary>Finds out when the runs end that logs are in, and has those logs end there.</summary>
internal static class ExitWatch
{
    private const int LongestMs = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Goes on until all have ended or it is cancelled.</summary>
    public static async Task RunAsync(
        TspmIpcClient client,
        IReadOnlyList<LogTail> tails,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var left = tails.ToList();
        try
        {
            while (true)
            {
                // One can be waited for; of several, none may keep the others waiting.
                var wait = left.Count == 1 ? LongestMs : 0;
                foreach (var tail in left.ToList())
                {
                    if (await HasEndedAsync(client, tail, wait, ct).ConfigureAwait(false))
                    {
                        left.Remove(tail);
                    }
                }

                if (left.Count == 0)
                {
                    return;
                }

                await Task.Delay(Pause, time, ct).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The follow is over.
        }
    }

    private static async Task<bool> HasEndedAsync(
        TspmIpcClient client,
        LogTail tail,
        int waitMs,
        CancellationToken ct
    )
    {
        var log = tail.Log;
        try
        {
            var request = new WaitExitRequest(log.Id, log.Run, waitMs);
            if (!(await client.WaitExitAsync(request, ct).ConfigureAwait(false)).Ended)
            {
                return false;
            }

            // Its exit is in the log by now.
            var found = await client.ResolveAsync([$"{log.Id}"], ct).ConfigureAwait(false);
            tail.EndAt(found.Logs[0].Head);
            return true;
        }
        catch (TspmException error) when (error.Code == ErrorCodes.NotFound)
        {
            // Deleted: its log ends by itself.
            return true;
        }
        catch (TspmException)
        {
            // The daemon is away or busy: asked again; what ends the connection for good ends the logs too.
            return false;
        }
    }
}
