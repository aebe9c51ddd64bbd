using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>What of a process's settings the table looks at.</summary>
/// <param name="Restart">Its restart policy.</param>
/// <param name="Stop">How it is stopped.</param>
/// <param name="HasDependencies">It waits for others before it starts.</param>
/// <param name="HealthRestarts">Its health check may stop it.</param>
/// <param name="IsTemporary">It is forgotten after its end.</param>
/// <param name="Times">How long the daemon waits for what.</param>
internal sealed record LifeRules(
    RestartSpec Restart,
    StopSpec Stop,
    bool HasDependencies,
    bool HealthRestarts,
    bool IsTemporary,
    LifeTimes Times
)
{
    /// <summary>It has a readiness check.</summary>
    public bool HasReady { get; init; }

    /// <summary>The rules of a process.</summary>
    public static LifeRules Of(ProcessSpec spec, bool isTemporary, LifeTimes times) =>
        new(
            spec.Restart,
            spec.Stop,
            spec.DependsOn.Count > 0,
            spec.Health is { Action: HealthActions.Restart },
            isTemporary,
            times
        )
        {
            HasReady = spec.Ready is not null,
        };
}

/// <summary>How long the daemon waits for what.</summary>
/// <param name="Drain">For the output of an ended run.</param>
/// <param name="ShortDrain">The same if something waits for its end.</param>
/// <param name="Linger">Before a temporary process is forgotten.</param>
internal sealed record LifeTimes(TimeSpan Drain, TimeSpan ShortDrain, TimeSpan Linger)
{
    /// <summary>Between two looks at what is left of a stopped run.</summary>
    public TimeSpan Look { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>For the end of a program after SIGKILL, before its stop is called failed.</summary>
    public TimeSpan AfterKill { get; } = TimeSpan.FromSeconds(5);
}
