using Tspm.Cli.Rendering.Dressing;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary>From a follower to a printer; tells the printer, and whoever looks, when nothing comes.</summary>
internal static class FollowLoop
{
    /// <summary>Prints until the logs end or it is asked to.</summary>
    /// <exception cref="OperationCanceledException">Asked to end.</exception>
    public static async Task RunAsync(
        LogFollower follower,
        FollowPrinter printer,
        IdleMarker? idle,
        bool endsWithLogs,
        CancellationToken ct
    )
    {
        await using var told = follower.ReadAsync(ct).GetAsyncEnumerator(ct);
        while (true)
        {
            var next = told.MoveNextAsync();
            var hasMore = next.IsCompleted
                ? await next
                : await WaitAsync(next.AsTask(), printer, idle, ct);
            if (!hasMore)
            {
                return;
            }

            idle?.Hide();
            printer.Print(told.Current);
            if (printer.IsFull || (printer.IsOver && endsWithLogs))
            {
                return;
            }
        }
    }

    private static async Task<bool> WaitAsync(
        Task<bool> next,
        FollowPrinter printer,
        IdleMarker? idle,
        CancellationToken ct
    )
    {
        try
        {
            if (printer.IsUnsettled && !await EndsWithinAsync(next, EventOrder.Patience, ct))
            {
                printer.Settle();
            }

            while (idle is not null && !await EndsWithinAsync(next, idle.Period, ct))
            {
                idle.Show(printer.IsUnsettled);
            }

            return await next;
        }
        finally
        {
            idle?.Hide();
        }
    }

    private static async Task<bool> EndsWithinAsync(
        Task<bool> next,
        TimeSpan time,
        CancellationToken ct
    )
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var pause = Task.Delay(time, TimeProvider.System, over.Token);
        var first = await Task.WhenAny(next, pause);
        await over.CancelAsync();
        return first == next || ct.IsCancellationRequested;
    }
}
