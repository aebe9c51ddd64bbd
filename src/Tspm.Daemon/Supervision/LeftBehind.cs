using System.Globalization;
using Tspm.CaptureLog;

namespace Tspm.Daemon.Supervision;

/// <summary>Who outlives the runs of a process that have ended: told when nobody will know of them any more, never signalled.</summary>
internal static class LeftBehind
{
    /// <summary>Looks for them, by the marks and pipes of the runs that are remembered.</summary>
    public static async Task<IReadOnlyList<ProcFacts>> FindAsync(
        SupervisorServices services,
        ProcessRecord record
    )
    {
        var found = await Task.WhenAll(
            record.Runs.Select(run =>
                services.Finder.FindAsync(
                    run.Pid,
                    run.StartTime,
                    run.RunId,
                    [
                        services.Home.NamedPipe(record.Id, run.Run, StreamKind.Out),
                        services.Home.NamedPipe(record.Id, run.Run, StreamKind.Err),
                    ]
                )
            )
        );
        return [.. found.SelectMany(facts => facts).DistinctBy(facts => facts.Pid)];
    }

    /// <summary>What is said of them; empty if there is nobody.</summary>
    public static string Tell(IReadOnlyList<ProcFacts> left) =>
        left.Count == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"; outlived its run and lives on: pid {string.Join(", ", left.Select(facts => facts.Pid).Order())}"
            );
}
