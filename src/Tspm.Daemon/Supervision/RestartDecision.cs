using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Whether and when a run that ended is followed by another; pure.</summary>
/// <remarks>
/// Exponential back-off with jitter: the first restart after a good run is immediate, then
/// initial x factor^n up to the longest delay, varied by the jitter share.
/// </remarks>
/// <param name="Action">What happens.</param>
/// <param name="Delay">Time until then.</param>
/// <param name="History">The counters to keep.</param>
/// <param name="Reason">Why it was given up; else null.</param>
internal sealed record RestartDecision(
    AfterExit Action,
    TimeSpan Delay,
    RestartHistory History,
    string? Reason
)
{
    /// <summary>Decides.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="history">What happened before.</param>
    /// <param name="outcome">How the run ended.</param>
    /// <param name="uptime">How long it was.</param>
    /// <param name="nowMs">Monotonic time, ms.</param>
    /// <param name="chance">A random number in [0, 1).</param>
    /// <param name="isFailure">It failed, whatever its exit code: it could not be started, or its health check had it stopped.</param>
    public static RestartDecision After(
        RestartSpec policy,
        RestartHistory history,
        RunOutcome outcome,
        TimeSpan uptime,
        long nowMs,
        double chance,
        bool isFailure = false
    )
    {
        var code = outcome.Signal == 0 ? outcome.Code : null;
        var wanted = policy.Policy switch
        {
            _ when !isFailure && code is { } ended && policy.StopCodes.Contains(ended) => false,
            RestartPolicies.Always or RestartPolicies.UnlessStopped => true,
            RestartPolicies.Never => false,
            _ => isFailure || code is not { } own || !policy.SuccessCodes.Contains(own),
        };
        if (!wanted)
        {
            return new RestartDecision(AfterExit.Stay, TimeSpan.Zero, RestartHistory.Clean, null);
        }

        var wasGood = uptime.TotalMilliseconds >= policy.MinUptimeMs;
        if (wasGood)
        {
            return new RestartDecision(
                AfterExit.Restart,
                TimeSpan.FromMilliseconds(policy.PauseMs),
                RestartHistory.Clean,
                null
            );
        }

        List<long> failures =
        [
            .. history.Failures.Where(at => nowMs - at <= policy.WithinMs),
            nowMs,
        ];
        var next = new RestartHistory(history.Streak + 1, failures);
        if (failures.Count > policy.MaxRestarts)
        {
            var reason = $"{failures.Count} short runs within {policy.WithinMs / 1000} s";
            return new RestartDecision(AfterExit.GiveUp, TimeSpan.Zero, next, reason);
        }

        return new RestartDecision(
            AfterExit.Restart,
            DelayOf(policy, history.Streak, chance),
            next,
            null
        );
    }

    private static TimeSpan DelayOf(RestartSpec policy, int streak, double chance)
    {
        if (streak == 0)
        {
            return TimeSpan.FromMilliseconds(policy.PauseMs);
        }

        var plain = policy.InitialDelayMs * Math.Pow(policy.Factor, Math.Min(streak - 1, 64));
        var bounded = Math.Min(plain, policy.MaxDelayMs);
        var varied = bounded * (1 + (policy.Jitter * ((2 * chance) - 1)));
        return TimeSpan.FromMilliseconds(
            Math.Max(policy.PauseMs, Math.Min(varied, policy.MaxDelayMs))
        );
    }
}

/// <summary>What becomes of a process whose run has ended by itself.</summary>
internal enum AfterExit
{
    /// <summary>It stays ended.</summary>
    Stay,

    /// <summary>It is started again after a delay.</summary>
    Restart,

    /// <summary>It failed too often: given up.</summary>
    GiveUp,
}

/// <summary>The counters that a restart policy looks at.</summary>
/// <param name="Streak">Bad runs in a row.</param>
/// <param name="Failures">When they ended, ms of monotonic time, oldest first, inside the window.</param>
internal sealed record RestartHistory(int Streak, IReadOnlyList<long> Failures)
{
    /// <summary>Nothing has failed yet.</summary>
    public static RestartHistory Clean { get; } = new(0, []);
}
