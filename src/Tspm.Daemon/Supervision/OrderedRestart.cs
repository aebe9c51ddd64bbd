using Tspm.Daemon.Supervision.Dependencies;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Restarts several: all at once, or so many at a time with each serving before the next; with those that depend on them on request.</summary>
internal sealed class OrderedRestart(ProcessRegistry registry, TimeProvider time, string by)
{
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(10);

    /// <summary>Restarts them.</summary>
    public async Task<IReadOnlyList<ActionResult>> RunAsync(
        IReadOnlyList<ProcessSupervisor> found,
        RestartRequest request,
        CancellationToken ct
    )
    {
        var dependants = request.WithDependants ? DependantsOf(found) : [];
        var stopped = await OrderedStop.RunAsync(
            dependants,
            process => process.DoAsync(CommandVerb.Stop, by: by)
        );
        var results =
            request.Parallel > 0
                ? await RollAsync(found, request.Parallel, RestartAsync, ct)
                : await Task.WhenAll(found.Select(RestartAsync));

        // Each waits by itself for what it depends on.
        var started = await Task.WhenAll(
            dependants.Select(process => process.DoAsync(CommandVerb.Start))
        );
        return [.. results, .. stopped.Where(result => result.Error is not null), .. started];
    }

    /// <summary>Does something to each, so many at a time; when one does not serve afterwards, the rest is left alone.</summary>
    public async Task<IReadOnlyList<ActionResult>> RollAsync(
        IReadOnlyList<ProcessSupervisor> processes,
        int parallel,
        Func<ProcessSupervisor, Task<ActionResult>> action,
        CancellationToken ct
    )
    {
        var results = new List<ActionResult>();
        string? bad = null;
        foreach (var some in processes.Chunk(parallel))
        {
            if (bad is not null)
            {
                results.AddRange(
                    some.Select(process =>
                        process.Result(
                            ErrorCodes.Failed,
                            $"left as it is, because {bad} does not serve"
                        )
                    )
                );
                continue;
            }

            var told = await Task.WhenAll(some.Select(process => OneAsync(process, action, ct)));
            results.AddRange(told);
            bad = told.FirstOrDefault(result => result.Error is not null)?.Name;
        }

        return results;
    }

    private Task<ActionResult> RestartAsync(ProcessSupervisor process) =>
        process.DoAsync(CommandVerb.Restart, by: by);

    private async Task<ActionResult> OneAsync(
        ProcessSupervisor process,
        Func<ProcessSupervisor, Task<ActionResult>> action,
        CancellationToken ct
    )
    {
        var result = await action(process);
        if (result.Error is not null)
        {
            return result;
        }

        var isServing = await ServesAsync(process, ct);
        return isServing
            ? result with
            {
                Process = process.Result(null, "").Process,
            }
            : process.Result(ErrorCodes.Timeout, "was started again but does not serve");
    }

    private async Task<bool> ServesAsync(ProcessSupervisor process, CancellationToken ct)
    {
        var wanted = process.Record.Spec.Ready is null
            ? ProcessStatus.Running
            : ProcessStatus.Ready;
        var seen = new TaskCompletionSource<bool>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        void Look(ProcessSupervisor changed)
        {
            if (changed.Status == wanted)
            {
                seen.TrySetResult(true);
            }
            else if (
                changed.Status
                is ProcessStatus.Failed
                    or ProcessStatus.Stopped
                    or ProcessStatus.Exited
            )
            {
                seen.TrySetResult(false);
            }
        }

        process.Changed += Look;
        try
        {
            Look(process);
            var ready = process.Record.Spec.Ready?.DeadlineMs ?? 0;
            var limit = TimeSpan.FromMilliseconds(Math.Max(LeastWait.TotalMilliseconds, ready));
            await Task.WhenAny(seen.Task, Task.Delay(limit, time, ct));
            return seen.Task.IsCompletedSuccessfully && await seen.Task;
        }
        finally
        {
            process.Changed -= Look;
        }
    }

    private List<ProcessSupervisor> DependantsOf(IReadOnlyList<ProcessSupervisor> found)
    {
        var all = registry.All;
        var specs = all.Select(process => process.Record.Spec).ToList();
        var graph = new DependencyGraph(specs);
        var chosen = found
            .SelectMany(process =>
                specs.Where(spec => spec == process.Record.Spec).SelectMany(graph.DependantsOf)
            )
            .ToHashSet<ProcessSpec>(ReferenceEqualityComparer.Instance);
        return
        [
            .. all.Where(
                (process, at) =>
                    chosen.Contains(specs[at])
                    && !found.Contains(process)
                    && process.Record.IsWanted
            ),
        ];
    }
}
