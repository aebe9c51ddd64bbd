using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Rendering;

/// <summary>How the last runs ended, a sign each: <c>✓✓✗✓▶</c>.</summary>
internal static class RunStrip
{
    /// <summary>The most signs.</summary>
    public const int Most = 30;

    /// <summary>The strip, the oldest run first; empty if there was none.</summary>
    /// <param name="process">With its runs, the newest first.</param>
    public static string Draw(ProcessView process)
    {
        var runs = process.Runs ?? [];
        return string.Create(
            Math.Min(runs.Count, Most),
            (process, runs),
            static (signs, state) =>
            {
                for (var i = 0; i < signs.Length; i++)
                {
                    signs[^(i + 1)] = SignOf(state.runs[i], state.process.Stop);
                }
            }
        );
    }

    private static char SignOf(RunView run, StopSpec? stop) =>
        run.EndedAt is null ? '▶'
        : run.ExitSignal is { } signal
            ? IsAsked(signal, stop) ? '■'
                : '✗'
        : run.ExitCode is { } code
            ? code == 0 ? '✓'
                : '✗'
        : '?';

    // A stop signal is a request; whoever dies of it did what it was asked to.
    private static bool IsAsked(string signal, StopSpec? stop) =>
        stop is not null
        && stop.MoreSignals.Prepend(stop.Signal).Any(one => SignalText.NameOf(one) == signal);
}
