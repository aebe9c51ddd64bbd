using Tspm.Daemon.Persistence;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Starts again what ran when the machine or tspm ended, one after the other in the order in which it was started.</summary>
internal sealed class Resurrection(ProcessRegistry registry, ProcessFactory factory)
{
    /// <summary>Of the list.</summary>
    /// <param name="isDry">Only tells.</param>
    public async Task<IReadOnlyList<ActionResult>> StartAsync(bool isDry)
    {
        var results = new List<ActionResult>();
        foreach (
            var process in registry
                .All.Where(process => process.Record is { WasRunning: true, IsTemporary: false })
                .OrderBy(process => process.Record.StartOrder)
                .ToList()
        )
        {
            results.Add(
                isDry
                    ? Tell(process.Record, "would be started")
                    : await process.DoAsync(CommandVerb.Start)
            );
        }

        return results;
    }

    /// <summary>Of a list that was saved: processes that are not there are added; those that ran then are started.</summary>
    /// <param name="list">The list.</param>
    /// <param name="isDry">Only tells.</param>
    public async Task<IReadOnlyList<ActionResult>> StartAsync(ProcessList list, bool isDry)
    {
        var results = new List<ActionResult>();
        foreach (
            var saved in list
                .Processes.Where(saved => !saved.IsTemporary)
                .OrderBy(saved => saved.StartOrder)
        )
        {
            var known = registry.All.FirstOrDefault(process =>
                process.Record.Spec.Ns == saved.Spec.Ns
                && process.Record.Spec.Name == saved.Spec.Name
            );
            var isWanted = saved.IsWanted || saved.WasRunning;
            results.Add(
                isDry ? Tell(known?.Record ?? saved, Plan(known is not null, isWanted))
                : known is null && isWanted
                    ? await factory.StartNewAsync(saved.Spec, replace: false, isTemporary: false)
                : known is null ? factory.AddStopped(saved.Spec)
                : isWanted ? await known.DoAsync(CommandVerb.Start)
                : Tell(known.Record, "is there, and did not run")
            );
        }

        return results;
    }

    private static string Plan(bool isKnown, bool isWanted) =>
        (isKnown, isWanted) switch
        {
            (false, true) => "would be added and started",
            (false, false) => "would be added, not started",
            (true, true) => "would be started if it does not run",
            _ => "is there, and did not run",
        };

    private static ActionResult Tell(ProcessRecord record, string message) =>
        new()
        {
            Id = record.Id,
            Name = record.Spec.Name,
            Ns = record.Spec.Ns,
            Message = message,
        };
}
