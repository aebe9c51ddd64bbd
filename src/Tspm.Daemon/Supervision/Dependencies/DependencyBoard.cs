using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Dependencies;

/// <summary>Tells whether the processes that another depends on are as far as it wants; calls when any of them changes.</summary>
internal sealed class DependencyBoard(Func<IReadOnlyList<DependencyFacts>> all)
{
    /// <summary>Called after any process changed its state; any thread.</summary>
    public event Action? Changed;

    /// <summary>Some process changed its state.</summary>
    public void Tell() => Changed?.Invoke();

    /// <summary>What a process still waits for.</summary>
    public DependencySight Look(ProcessSpec spec) => Look(spec, all());

    /// <summary>The same over given facts; pure.</summary>
    public static DependencySight Look(ProcessSpec spec, IReadOnlyList<DependencyFacts> all)
    {
        var waits = new List<string>();
        foreach (var wanted in spec.DependsOn)
        {
            var found = all.Where(known => known.IsMeantBy(wanted, spec.Ns)).ToList();
            if (found.Count == 0)
            {
                return new DependencySight(null, $"depends on {wanted.Name}, which is not known");
            }

            foreach (var one in found)
            {
                if (FaultOf(one, wanted.Condition) is { } fault)
                {
                    return new DependencySight(null, $"depends on {one.Name}, {fault}");
                }
            }

            waits.AddRange(
                found
                    .Where(one => !IsMet(one, wanted.Condition))
                    .Select(one => $"{one.Name} ({wanted.Condition})")
            );
        }

        return new DependencySight(waits.Count == 0 ? null : string.Join(", ", waits), null);
    }

    private static string? FaultOf(DependencyFacts one, string condition) =>
        one.Status == ProcessStatus.Failed ? "which was given up"
        : one.Status == ProcessStatus.Exited
        && condition == DependencyConditions.Completed
        && !one.HasSucceeded
            ? "which did not end successfully"
        : null;

    private static bool IsMet(DependencyFacts one, string condition) =>
        condition switch
        {
            DependencyConditions.Completed => one.Status == ProcessStatus.Exited
                && one.HasSucceeded,
            DependencyConditions.Started => IsAlive(one.Status),
            DependencyConditions.Ready => IsAlive(one.Status) && (one.IsReady || !one.HasReady),
            _ => IsAlive(one.Status)
                && one.Status != ProcessStatus.Unhealthy
                && (one.HasPassedHealth || !one.HasHealth)
                && (one.IsReady || !one.HasReady),
        };

    private static bool IsAlive(ProcessStatus status) =>
        status is ProcessStatus.Running or ProcessStatus.Ready or ProcessStatus.Unhealthy;
}

/// <summary>What a look at the board gives.</summary>
/// <param name="WaitsFor">What is not so yet; null if all is.</param>
/// <param name="Fault">Why it will not be so; null if it may.</param>
internal sealed record DependencySight(string? WaitsFor, string? Fault);

/// <summary>What of a process others may depend on.</summary>
/// <param name="Ns">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Group">The name of all its instances.</param>
/// <param name="Status">Its state.</param>
internal sealed record DependencyFacts(string Ns, string Name, string? Group, ProcessStatus Status)
{
    /// <summary>It has a readiness check.</summary>
    public bool HasReady { get; init; }

    /// <summary>That has passed.</summary>
    public bool IsReady { get; init; }

    /// <summary>It has a health check.</summary>
    public bool HasHealth { get; init; }

    /// <summary>That has passed at least once in this run.</summary>
    public bool HasPassedHealth { get; init; }

    /// <summary>Its last run ended with a code that is no failure.</summary>
    public bool HasSucceeded { get; init; }

    /// <summary>Whether a dependency of a process in this namespace means it.</summary>
    public bool IsMeantBy(DependencySpec wanted, string ns) =>
        DependencyGraph.Means(wanted, ns, Ns, Name, Group);
}
