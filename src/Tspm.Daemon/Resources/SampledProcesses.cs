using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Life;

namespace Tspm.Daemon.Resources;

/// <summary>The processes of the daemon, for the sampler.</summary>
internal sealed class SampledProcesses(ProcessRegistry registry, TimeProvider time) : ISampleTargets
{
    /// <inheritdoc/>
    public IReadOnlyList<SampleTarget> List()
    {
        var found = new List<SampleTarget>();
        foreach (var process in registry.All)
        {
            if (process.Run is { Outcome: null, Pid: > 0 } run)
            {
                var limits = process.Record.Spec.Limits;
                found.Add(
                    new SampleTarget(
                        new SampledRun(
                            process.Record.Id,
                            run.Run,
                            run.RunId,
                            run.Pid,
                            run.StartTime
                        ),
                        time.GetElapsedTime(run.StartedAt),
                        process.Log.Log.Facts.Head,
                        limits?.MaxMemoryBytes ?? 0,
                        limits is { KeepsHistory: true }
                    )
                );
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public void LimitPassed(in SampledRun run, string text) =>
        registry.Find(run.Process)?.Post(new CheckMessage(run.Run, new LimitPassed(text)));
}
