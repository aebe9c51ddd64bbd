using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>start --wait</c>: until what was started serves, or will not.</summary>
internal static class StartWait
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits; exit 7 if it takes too long, 1 if it ended.</summary>
    public static async Task<int> RunAsync(
        CliContext context,
        TspmIpcClient client,
        IReadOnlyList<ActionResult> started
    )
    {
        var invocation = context.Invocation;
        var text = invocation.Value("wait-timeout") ?? "30s";
        var limit = TimeSpan.FromMilliseconds(SpecBuilder.ParseDuration("wait-timeout", text));
        var wanted = string.IsNullOrEmpty(invocation.Value("wait"))
            ? "ready"
            : invocation.Choice("wait", ["ready", "running"], "ready");
        IReadOnlyList<string> ids = [.. started.Select(result => $"{result.Id}")];
        var aim = new ProgressAim(ids) { Limit = limit, NeedsReady = wanted == "ready" };
        var (missing, over) = await Progress.OfAsync(
            context,
            aim,
            WaitAsync(client, ids, wanted, limit)
        );
        if (over is not null)
        {
            context.Say(
                $"tspm: {over.Name} is {over.StatusText}{(over.Reason is { } why ? $": {why}" : "")}"
            );
            context.Say($"  see: tspm logs {over.Name}");
            return ExitCodes.Failed;
        }

        if (missing.Count > 0)
        {
            var names = string.Join(
                ", ",
                missing.Select(one =>
                    $"{one.Name} ({one.StatusText}{(one.WaitsFor is { } other ? $", waits for {other}" : "")})"
                )
            );
            context.Say($"tspm: not {wanted} within {text}: {names}");
            return ExitCodes.Timeout;
        }

        return ExitCodes.Done;
    }

    /// <summary>Asks again and again.</summary>
    /// <returns>Those that do not serve when the time is over, or one that never will.</returns>
    private static async Task<(IReadOnlyList<ProcessView> Missing, ProcessView? Over)> WaitAsync(
        TspmIpcClient client,
        IReadOnlyList<string> ids,
        string wanted,
        TimeSpan limit
    )
    {
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        using var timer = new PeriodicTimer(Period, TimeProvider.System);
        IReadOnlyList<ProcessView> missing = [];
        try
        {
            do
            {
                var now = (await client.ListAsync(ids)).Processes;
                missing = [.. now.Where(process => !Serves(process, wanted))];
                if (missing.FirstOrDefault(IsOver) is { } over)
                {
                    return (missing, over);
                }
            } while (missing.Count > 0 && await timer.WaitForNextTickAsync(deadline.Token));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // The time is over: what is missing is told.
        }

        return (missing, null);
    }

    private static bool Serves(ProcessView process, string wanted) =>
        process.Status switch
        {
            ProcessStatuses.Ready => true,
            ProcessStatuses.Running or ProcessStatuses.Unhealthy => wanted == "running"
                || !process.HasReady,
            _ => false,
        };

    private static bool IsOver(ProcessView process) =>
        process.Status
            is ProcessStatuses.Stopped
                or ProcessStatuses.Failed
                or ProcessStatuses.Exited;
}
