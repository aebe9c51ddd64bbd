using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Resources;

/// <summary>From what a process is to what the keeper is to start: its environment as it is now, its limits before its command.</summary>
internal static class ProgramStart
{
    /// <summary>Prepares a start.</summary>
    /// <param name="spec">The process.</param>
    /// <param name="run">Its run; learns which limits cannot be kept.</param>
    /// <param name="services">The daemon's.</param>
    /// <param name="report">Where a failure of <c>__exec</c> is told; null on its stderr.</param>
    /// <param name="prepared">What the keeper is asked for.</param>
    /// <returns>Null, or why it cannot be started.</returns>
    public static string? Prepare(
        ProcessSpec spec,
        RunState run,
        SupervisorServices services,
        string? report,
        out ProcessSpec prepared
    )
    {
        prepared = spec;
        if (ProgramEnvironment.TryRead(spec, out var variables) is { } fault)
        {
            return fault;
        }

        prepared = spec with { Env = variables };
        if (!ExecCommandLine.IsNeeded(spec))
        {
            return null;
        }

        var self = services.Options.ExecCommand;
        if (self.Count == 0)
        {
            return "it has limits, and this daemon has no program that could set them";
        }

        var group = PrepareGroup(spec, run, services);
        prepared = prepared with { Command = ExecCommandLine.Of(self, spec, report, group) };
        return null;
    }

    private static string? PrepareGroup(ProcessSpec spec, RunState run, SupervisorServices services)
    {
        if (spec.Limits is not { } limits || LimitText.DescribeGroup(limits) is not [_, ..] words)
        {
            return null;
        }

        if (services.Cgroups.Limit(run.RunId, limits, services.Finder.NeverOurs) is { } fault)
        {
            run.LimitsMissing = $"{string.Join(", ", words)}: {fault}";
            return null;
        }

        return services.Cgroups.PathOf(run.RunId);
    }
}
