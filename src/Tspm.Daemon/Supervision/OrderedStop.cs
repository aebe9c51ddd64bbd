using Tspm.Daemon.Supervision.Dependencies;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Stops several: each when all that depend on it have been stopped; the others at the same time.</summary>
internal static class OrderedStop
{
    /// <summary>Stops them.</summary>
    /// <returns>In the order in which they were given.</returns>
    public static async Task<IReadOnlyList<ActionResult>> RunAsync(
        IReadOnlyList<ProcessSupervisor> processes,
        Func<ProcessSupervisor, Task<ActionResult>> stop
    )
    {
        var specs = processes.Select(process => process.Record.Spec).ToList();
        if (specs.All(spec => spec.DependsOn.Count == 0))
        {
            return await Task.WhenAll(processes.Select(stop));
        }

        var graph = new DependencyGraph(specs);
        var tasks = new Dictionary<ProcessSpec, Task<ActionResult>>(
            ReferenceEqualityComparer.Instance
        );
        return await Task.WhenAll(Enumerable.Range(0, specs.Count).Select(StopAsync));

        // No circle: none is let into the list.
        Task<ActionResult> StopAsync(int at)
        {
            if (!tasks.TryGetValue(specs[at], out var task))
            {
                var before = graph
                    .DirectDependants(specs[at])
                    .Select(spec => StopAsync(specs.IndexOf(spec)))
                    .ToList();
                task = AfterAsync(before, processes[at]);
                tasks[specs[at]] = task;
            }

            return task;
        }

        async Task<ActionResult> AfterAsync(
            List<Task<ActionResult>> before,
            ProcessSupervisor process
        )
        {
            await Task.WhenAll(before);
            return await stop(process);
        }
    }
}
