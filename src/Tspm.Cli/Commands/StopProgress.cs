using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>What a shutdown waits for: a row for each program that has not ended.</summary>
internal static class StopProgress
{
    /// <summary>Waits for the answer, and shows it meanwhile.</summary>
    public static Task<T> ShowAsync<T>(
        CliContext context,
        IReadOnlyList<StopTarget> targets,
        Task<T> asked
    ) => Progress.OfAsync(context, elapsed => RowsOf(FindLeft(context, targets), elapsed), asked);

    /// <summary>The rows, the slowest first.</summary>
    /// <param name="left">Who has not ended.</param>
    /// <param name="elapsed">Since they were asked.</param>
    public static IReadOnlyList<string> RowsOf(IReadOnlyList<StopTarget> left, TimeSpan elapsed) =>
        [
            .. left.OrderByDescending(target => target.GraceMs)
                .Select(target =>
                    ProgressRows.StopRow(target.Name, target.Stop, target.GraceMs, elapsed)
                ),
        ];

    private static IReadOnlyList<StopTarget> FindLeft(
        CliContext context,
        IReadOnlyList<StopTarget> targets
    )
    {
        // A daemon that leaves just now answers nobody: nothing is left to show.
        var living = context
            .Launcher.AskRunning(daemon => daemon.List([]))
            ?.Processes.Where(process => process.Pid is not null)
            .Select(process => (process.Ns, process.Name))
            .ToHashSet();
        return living is null
            ? []
            : [.. targets.Where(target => living.Contains((target.Ns, target.Name)))];
    }
}

/// <summary>A program that is being stopped.</summary>
/// <param name="Ns">Its namespace; empty if it is not known.</param>
/// <param name="Name">Its name.</param>
/// <param name="GraceMs">Time until SIGKILL.</param>
/// <param name="Stop">How it is asked to; null if it is not known.</param>
internal readonly record struct StopTarget(string Ns, string Name, int GraceMs, StopSpec? Stop);
