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
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        using var timer = new PeriodicTimer(Period, TimeProvider.System);
        IReadOnlyList<string> ids = [.. started.Select(result => $"{result.Id}")];
        IReadOnlyList<ProcessView> missing = [];
        try
        {
            do
            {
                var now = (await client.ListAsync(ids)).Processes;
                missing = [.. now.Where(process => !Serves(process, wanted))];
                if (missing.FirstOrDefault(IsOver) is { } over)
                {
                    context.Say(
                        $"tspm: {over.Name} is {over.StatusText}{(over.Reason is { } why ? $": {why}" : "")}"
                    );
                    context.Say($"  see: tspm logs {over.Name}");
                    return ExitCodes.Failed;
                }
            } while (missing.Count > 0 && await timer.WaitForNextTickAsync(deadline.Token));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
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
