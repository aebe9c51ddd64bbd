using CsCheck;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests;

/// <summary>Whether and when a run that ended is followed by another.</summary>
public sealed class RestartDecisionTests
{
    private const long Iterations = 2_000;

    private delegate RestartDecision Decider(
        RestartSpec policy,
        RestartHistory history,
        RunOutcome outcome,
        TimeSpan uptime,
        long nowMs,
        double chance
    );

    private sealed record Ended(bool IsFailure, int UptimeMs, int PauseMs, double Chance);

    private static readonly Gen<RestartSpec> Policies = Gen.Select(
        Texts.OneOf(RestartPolicies.Always, RestartPolicies.OnFailure, RestartPolicies.Never),
        Gen.Int[0, 5],
        Gen.Long[0, 5_000],
        Gen.Int[0, 300],
        Gen.Int[0, 5_000],
        Gen.Double[1, 4],
        Gen.Double[0, 1],
        Gen.Int[0, 1_000],
        (policy, restarts, within, initial, longest, factor, jitter, good) =>
            new RestartSpec
            {
                Policy = policy,
                MaxRestarts = restarts,
                WithinMs = within,
                InitialDelayMs = initial,
                MaxDelayMs = longest,
                Factor = factor,
                Jitter = jitter,
                MinUptimeMs = good,
            }
    );

    private static readonly Gen<Ended[]> Lives = Gen.Select(
        Gen.Bool,
        Gen.Int[0, 1_100],
        Gen.Int[0, 2_500],
        Gen.Double[0, 0.999],
        (isFailure, uptime, pause, chance) => new Ended(isFailure, uptime, pause, chance)
    ).Array[1, 30];

    private static readonly Gen<(RestartSpec, Ended[])> Cases = Gen.Select(Policies, Lives);

    [Fact]
    public void Every_decision_is_that_of_a_model_which_keeps_all_that_ever_happened()
    {
        Cases.Sample((policy, life) => AssertLikeModel(Plain, policy, life), iter: Iterations);
    }

    [Fact]
    public void A_decision_that_forgets_the_window_is_caught()
    {
        Decider forgetful = (policy, history, outcome, uptime, now, chance) =>
            RestartDecision.After(
                policy with
                {
                    WithinMs = long.MaxValue,
                },
                history,
                outcome,
                uptime,
                now,
                chance
            );

        AssertCaught(forgetful);
    }

    [Fact]
    public void A_decision_that_forgets_that_a_good_run_clears_the_history_is_caught()
    {
        Decider grudging = (policy, history, outcome, uptime, now, chance) =>
        {
            var decision = RestartDecision.After(policy, history, outcome, uptime, now, chance);
            return uptime.TotalMilliseconds >= policy.MinUptimeMs
                ? decision with
                {
                    History = history,
                }
                : decision;
        };

        AssertCaught(grudging);
    }

    [Fact]
    public void A_decision_that_does_not_bound_the_delay_is_caught()
    {
        Decider unbounded = (policy, history, outcome, uptime, now, chance) =>
            RestartDecision.After(
                policy with
                {
                    MaxDelayMs = int.MaxValue,
                },
                history,
                outcome,
                uptime,
                now,
                chance
            );

        AssertCaught(unbounded);
    }

    [Theory]
    [InlineData(RestartPolicies.Always, 0, AfterExitName.Restart)]
    [InlineData(RestartPolicies.Always, 1, AfterExitName.Restart)]
    [InlineData(RestartPolicies.OnFailure, 0, AfterExitName.Stay)]
    [InlineData(RestartPolicies.OnFailure, 1, AfterExitName.Restart)]
    [InlineData(RestartPolicies.Never, 0, AfterExitName.Stay)]
    [InlineData(RestartPolicies.Never, 1, AfterExitName.Stay)]
    public void The_policy_says_after_which_exit_code_there_is_another_run(
        string policy,
        int code,
        string expected
    )
    {
        var spec = new RestartSpec { Policy = policy };

        var decision = RestartDecision.After(
            spec,
            RestartHistory.Clean,
            new RunOutcome(code, 0),
            TimeSpan.Zero,
            nowMs: 0,
            chance: 0.5
        );

        Assert.Equal(expected, decision.Action.ToString());
    }

    [Fact]
    public void Without_jitter_the_delays_double_from_the_first_to_the_longest()
    {
        var spec = new RestartSpec
        {
            InitialDelayMs = 200,
            MaxDelayMs = 1_000,
            Factor = 2,
            Jitter = 0,
        };
        var history = RestartHistory.Clean;
        var delays = new List<double>();

        for (var now = 0; now < 6; now++)
        {
            var decision = RestartDecision.After(
                spec,
                history,
                new RunOutcome(1, 0),
                TimeSpan.Zero,
                now,
                chance: 0.9
            );
            history = decision.History;
            delays.Add(decision.Delay.TotalMilliseconds);
        }

        Assert.Equal([0, 200, 400, 800, 1_000, 1_000], delays);
    }

    [Fact]
    public void Giving_up_says_how_many_short_runs_there_were_and_within_what_time()
    {
        var spec = new RestartSpec { MaxRestarts = 2, WithinMs = 60_000 };
        var history = new RestartHistory(2, [1_000, 2_000]);

        var decision = RestartDecision.After(
            spec,
            history,
            new RunOutcome(null, 11),
            TimeSpan.Zero,
            nowMs: 3_000,
            chance: 0
        );

        Assert.Equal(AfterExit.GiveUp, decision.Action);
        Assert.Equal("3 short runs within 60 s", decision.Reason);
    }

    private static RestartDecision Plain(
        RestartSpec policy,
        RestartHistory history,
        RunOutcome outcome,
        TimeSpan uptime,
        long nowMs,
        double chance
    ) => RestartDecision.After(policy, history, outcome, uptime, nowMs, chance);

    private static void AssertCaught(Decider broken) =>
        Assert.ThrowsAny<Exception>(() =>
            Cases.Sample((policy, life) => AssertLikeModel(broken, policy, life), iter: Iterations)
        );

    private static void AssertLikeModel(Decider decide, RestartSpec policy, Ended[] life)
    {
        var history = RestartHistory.Clean;
        // The model never forgets: it looks through all short runs since the last good or final one.
        var shortRuns = new List<long>();
        var now = 0L;
        foreach (var run in life)
        {
            now += run.PauseMs;
            var outcome = new RunOutcome(run.IsFailure ? 1 : 0, 0);
            var uptime = TimeSpan.FromMilliseconds(run.UptimeMs);
            var decision = decide(policy, history, outcome, uptime, now, run.Chance);
            history = decision.History;

            var isWanted =
                policy.Policy == RestartPolicies.Always
                || (policy.Policy == RestartPolicies.OnFailure && run.IsFailure);
            if (!isWanted || run.UptimeMs >= policy.MinUptimeMs)
            {
                shortRuns.Clear();
                Assert.Equal(isWanted ? AfterExit.Restart : AfterExit.Stay, decision.Action);
                Assert.Equal(TimeSpan.Zero, decision.Delay);
                continue;
            }

            shortRuns.Add(now);
            var recent = 0;
            foreach (var at in shortRuns)
            {
                recent += at >= now - policy.WithinMs ? 1 : 0;
            }

            if (recent > policy.MaxRestarts)
            {
                Assert.Equal(AfterExit.GiveUp, decision.Action);
                Assert.NotNull(decision.Reason);
                continue;
            }

            Assert.Equal(AfterExit.Restart, decision.Action);
            Assert.Null(decision.Reason);
            AssertDelay(policy, shortRuns.Count, run.Chance, decision.Delay);
        }
    }

    private static void AssertDelay(RestartSpec policy, int bad, double chance, TimeSpan delay)
    {
        var plain = bad == 1 ? 0.0 : policy.InitialDelayMs;
        for (var n = 2; n < bad; n++)
        {
            plain = Math.Min(plain * policy.Factor, policy.MaxDelayMs);
        }

        var bounded = Math.Min(plain, policy.MaxDelayMs);
        var swing = (chance - 0.5) * 2 * policy.Jitter * bounded;
        var expected = Math.Min(bounded + swing, policy.MaxDelayMs);
        const double rounding = 0.01;
        Assert.InRange(delay.TotalMilliseconds, expected - rounding, expected + rounding);
        Assert.InRange(delay.TotalMilliseconds, 0, policy.MaxDelayMs);
    }

    private static class AfterExitName
    {
        public const string Restart = nameof(AfterExit.Restart);
        public const string Stay = nameof(AfterExit.Stay);
    }
}
