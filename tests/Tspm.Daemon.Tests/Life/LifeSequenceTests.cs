using CsCheck;
using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Life;

/// <summary>Any sequence of commands and happenings: no undecided cell, one program at most, every command answered, a stop stops.</summary>
public sealed class LifeSequenceTests
{
    private const long Iterations = 3_000;
    private const int Happenings = 14;

    private delegate LifeStep Stepper(LifeState state, LifeEvent what, LifeRules rules);

    private static readonly Gen<LifeRules> AnyRules = Gen.Select(
        Texts.OneOf([.. RestartPolicies.All]),
        Gen.Bool,
        Gen.Bool,
        Gen.Bool,
        Texts.OneOf([.. StopScopes.All]),
        Gen.Int[0, 2],
        Gen.Int[0, 3],
        (policy, waits, sick, temporary, scope, signals, restarts) =>
            new LifeRules(
                new RestartSpec { Policy = policy, MaxRestarts = restarts },
                new StopSpec { Scope = scope, MoreSignals = [.. Enumerable.Repeat(2, signals)] },
                waits,
                sick,
                temporary,
                LifeGrid.Times
            )
            {
                HasReady = signals > 0,
            }
    );

    private static readonly Gen<(LifeRules, int[], bool)> Cases = Gen.Select(
        AnyRules,
        Gen.Int[0, Happenings + 11].Array[1, 60],
        Gen.Bool
    );

    [Fact]
    public void Any_sequence_keeps_to_the_rules_of_the_world() =>
        Cases.Sample(
            (rules, words, isDeaf) => Live(LifeTable.Step, rules, words, isDeaf),
            iter: Iterations
        );

    [Fact]
    public void Any_event_in_any_reachable_or_unreachable_state_is_decided() =>
        Gen.Select(
                AnyRules,
                Gen.Int[0, Enum.GetValues<ProcessStatus>().Length - 1],
                Gen.Bool.Array[7],
                Gen.Int[0, LifeGrid.Events.Count - 1].Array[1, 20]
            )
            .Sample(
                (rules, status, facts, events) =>
                {
                    var state = LifeGrid.At((ProcessStatus)status) with
                    {
                        IsWanted = facts[0],
                        StartsAfter = facts[1],
                        PendingStop = facts[2] ? new StopOrder() : null,
                        IsSignalled = facts[3],
                        IsSick = facts[4],
                        IsReady = facts[5],
                        IsKilled = facts[6],
                    };
                    foreach (var at in events)
                    {
                        state = LifeTable
                            .Step(state, LifeGrid.Events.Values.ElementAt(at), rules)
                            .State;
                    }
                },
                iter: Iterations
            );

    [Fact]
    public void A_waiter_that_is_started_after_it_was_cancelled_is_caught() =>
        AssertCaught(
            (state, what, rules) =>
                what is WaitOver && state.Status == ProcessStatus.Stopped
                    ? new LifeStep(state with { Status = ProcessStatus.Starting }, [new Spawn()])
                    : LifeTable.Step(state, what, rules)
        );

    [Fact]
    public void A_stop_that_is_forgotten_while_the_program_is_spawned_is_caught() =>
        AssertCaught(
            (state, what, rules) =>
                LifeTable.Step(
                    what is RunStarted ? state with { PendingStop = null } : state,
                    what,
                    rules
                )
        );

    [Fact]
    public void A_command_that_is_never_answered_is_caught() =>
        AssertCaught(
            (state, what, rules) =>
            {
                var step = LifeTable.Step(state, what, rules);
                return what is TreeSeen
                    ? step with
                    {
                        Actions = [.. step.Actions.Where(action => action is not AnswerStops)],
                    }
                    : step;
            }
        );

    private static void AssertCaught(Stepper broken) =>
        Assert.ThrowsAny<Exception>(() =>
            Cases.Sample(
                (rules, words, isDeaf) => Live(broken, rules, words, isDeaf),
                iter: Iterations
            )
        );

    private static void Live(Stepper step, LifeRules rules, int[] words, bool isDeaf)
    {
        var model = new LifeModel((state, what, own) => step(state, what, own), rules);
        foreach (var word in words)
        {
            switch (word - Happenings)
            {
                case < 0:
                    model.World(word);
                    break;
                case < 3:
                    model.Command(new StartAsked());
                    break;
                case < 5:
                    model.Command(new StopAsked(new StopOrder()));
                    break;
                case 5:
                    model.Command(new StopAsked(new StopOrder(9, 0)));
                    break;
                case < 8:
                    model.Command(new RestartAsked(new StopOrder()));
                    break;
                case < 10:
                    model.Command(new ReloadAsked());
                    break;
                default:
                    model.Command(new ResetAsked());
                    break;
            }
        }

        // A stop ends in the same state from everywhere.
        model.Command(new StopAsked(new StopOrder()));
        model.Settle(isDeaf);
        Assert.Equal(ProcessStatus.Stopped, model.State.Status);
        Assert.False(model.HasProgram);
        Assert.Equal(0, model.Open);
        var spawns = model.Spawns;
        model.World(6);
        Assert.Equal(spawns, model.Spawns);

        // And so does a start.
        model.Command(new StartAsked());
        model.Settle(isDeaf);
        Assert.True(model.HasProgram || model.State.IsOver);
        Assert.Equal(0, model.Open);
    }
}
