using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Life;

/// <summary>The table, cell by cell: what is not named here changes nothing.</summary>
public sealed class LifeTableTests
{
    /// <summary>Every cell that does something: status and event to the status after it and the actions.</summary>
    private static readonly Dictionary<(ProcessStatus, string), string> Cells = new()
    {
        [(ProcessStatus.Stopped, "start")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Exited, "start")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Failed, "start")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Backoff, "start")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Waiting, "start")] = "Waiting: Answer",
        [(ProcessStatus.Starting, "start")] = "Starting: KeepForStart",
        [(ProcessStatus.Running, "start")] = "Running: Answer",
        [(ProcessStatus.Ready, "start")] = "Ready: Answer",
        [(ProcessStatus.Unhealthy, "start")] = "Unhealthy: Answer",
        [(ProcessStatus.Stopping, "start")] = "Stopping: KeepForStart",
        [(ProcessStatus.Sweeping, "start")] = "Sweeping: KeepForStart",
        [(ProcessStatus.Draining, "start")] = "Draining: KeepForStart DrainTimer",

        [(ProcessStatus.Stopped, "stop")] = "Stopped: ClearTimer Save Answer",
        [(ProcessStatus.Exited, "stop")] = "Stopped: ClearTimer Save Answer",
        [(ProcessStatus.Failed, "stop")] = "Stopped: ClearTimer Save Answer",
        [(ProcessStatus.Backoff, "stop")] = "Stopped: ClearTimer Save Answer",
        [(ProcessStatus.Waiting, "stop")] =
            "Stopped: LeaveOthers AnswerStarts! ClearTimer Save Answer",
        [(ProcessStatus.Starting, "stop")] = "Starting: AnswerStarts! KeepForStop",
        [(ProcessStatus.Running, "stop")] =
            "Stopping: KeepForStop EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Ready, "stop")] =
            "Stopping: KeepForStop EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Unhealthy, "stop")] =
            "Stopping: KeepForStop EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Stopping, "stop")] = "Stopping: AnswerStarts! KeepForStop",
        [(ProcessStatus.Draining, "stop")] = "Draining: AnswerStarts! KeepForStop DrainTimer",
        [(ProcessStatus.Sweeping, "stop")] = "Sweeping: AnswerStarts! KeepForStop",

        [(ProcessStatus.Stopped, "restart")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Exited, "restart")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Failed, "restart")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Backoff, "restart")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Waiting, "restart")] = "Waiting: Answer",
        [(ProcessStatus.Starting, "restart")] = "Starting: KeepForStart",
        [(ProcessStatus.Running, "restart")] =
            "Stopping: KeepForStart EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Ready, "restart")] =
            "Stopping: KeepForStart EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Unhealthy, "restart")] =
            "Stopping: KeepForStart EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Stopping, "restart")] = "Stopping: KeepForStart",
        [(ProcessStatus.Sweeping, "restart")] = "Sweeping: KeepForStart",
        [(ProcessStatus.Draining, "restart")] = "Draining: KeepForStart DrainTimer",

        [(ProcessStatus.Stopped, "reset")] = "Stopped: Answer Save",
        [(ProcessStatus.Exited, "reset")] = "Exited: Answer Save",
        [(ProcessStatus.Failed, "reset")] = "Stopped: Answer Save",
        [(ProcessStatus.Backoff, "reset")] = "Starting: ClearTimer Answer Spawn Save",
        [(ProcessStatus.Waiting, "reset")] = "Waiting: Answer Save",
        [(ProcessStatus.Starting, "reset")] = "Starting: Answer Save",
        [(ProcessStatus.Running, "reset")] = "Running: Answer Save",
        [(ProcessStatus.Ready, "reset")] = "Ready: Answer Save",
        [(ProcessStatus.Unhealthy, "reset")] = "Unhealthy: Answer Save",
        [(ProcessStatus.Stopping, "reset")] = "Stopping: Answer Save",
        [(ProcessStatus.Draining, "reset")] = "Draining: Answer Save",
        [(ProcessStatus.Sweeping, "reset")] = "Sweeping: Answer Save",

        [(ProcessStatus.Stopped, "reload")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Exited, "reload")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Failed, "reload")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Backoff, "reload")] = "Starting: ClearTimer KeepForStart Spawn",
        [(ProcessStatus.Waiting, "reload")] = "Waiting: Answer",
        [(ProcessStatus.Starting, "reload")] = "Starting: KeepForStart",
        [(ProcessStatus.Running, "reload")] = "Running: Answer!",
        [(ProcessStatus.Ready, "reload")] = "Ready: Answer!",
        [(ProcessStatus.Unhealthy, "reload")] = "Unhealthy: Answer!",
        [(ProcessStatus.Stopping, "reload")] = "Stopping: KeepForStart",
        [(ProcessStatus.Sweeping, "reload")] = "Sweeping: KeepForStart",
        [(ProcessStatus.Draining, "reload")] = "Draining: KeepForStart DrainTimer",

        [(ProcessStatus.Waiting, "waits")] = "Waiting: Tell(waiting-for) AnswerStarts Save",
        [(ProcessStatus.Waiting, "met")] = "Starting: LeaveOthers Spawn",
        [(ProcessStatus.Waiting, "vain")] = "Failed: LeaveOthers Tell(failed) AnswerStarts! Save",

        [(ProcessStatus.Starting, "started")] = "Running: BeginChecks Save AnswerStarts",
        [(ProcessStatus.Starting, "refused")] =
            "Failed: CloseSpawn DropRun AnswerStops AnswerStarts! Save",
        [(ProcessStatus.Starting, "ended")] = "Draining: AnswerStarts DrainTimer",
        [(ProcessStatus.Running, "ended")] = "Draining: EndChecks DrainTimer",
        [(ProcessStatus.Ready, "ended")] = "Draining: EndChecks DrainTimer",
        [(ProcessStatus.Unhealthy, "ended")] = "Draining: EndChecks DrainTimer",
        [(ProcessStatus.Stopping, "ended")] = "Draining: EndChecks DrainTimer",

        [(ProcessStatus.Draining, "output")] =
            "Starting: ClearTimer CloseRun DropRun ClearTimer AnswerStops Spawn Save",
        [(ProcessStatus.Draining, "drain")] =
            "Starting: CutOutput ClearTimer CloseRun DropRun ClearTimer AnswerStops Spawn Save",
        [(ProcessStatus.Backoff, "retry")] = "Starting: Spawn",
        [(ProcessStatus.Stopping, "grace")] = "Stopping: Kill GraceTimer",
        [(ProcessStatus.Sweeping, "look")] = "Sweeping: LookAtTree",
        [(ProcessStatus.Sweeping, "some")] = "Sweeping: DescendantsTimer",
        [(ProcessStatus.Sweeping, "gone")] = "Stopped: DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Sweeping, "left")] =
            "Stopped: Tell(survivors) AnswerStops! DropRun ClearTimer AnswerStops Save",

        [(ProcessStatus.Running, "ready")] = "Ready: Tell(ready) Save",
        [(ProcessStatus.Unhealthy, "ready")] = "Unhealthy: Tell(ready) Save",
        [(ProcessStatus.Running, "sick")] = "Unhealthy: Tell(unhealthy)",
        [(ProcessStatus.Ready, "sick")] = "Unhealthy: Tell(unhealthy)",
        [(ProcessStatus.Running, "over")] =
            "Stopping: Tell(limit) EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Ready, "over")] =
            "Stopping: Tell(limit) EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Unhealthy, "over")] =
            "Stopping: Tell(limit) EndChecks Tell(stopping) Save BeginStop GraceTimer",
        [(ProcessStatus.Unhealthy, "well")] = "Running: Tell(healthy)",

        [(ProcessStatus.Starting, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Running, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Ready, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Unhealthy, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Stopping, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Draining, "lost")] =
            "Stopped: EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Sweeping, "lost")] =
            "Stopped: EndChecks AnswerStarts! DropRun ClearTimer AnswerStops Save",
        [(ProcessStatus.Exited, "resumed")] = "Starting: Spawn Save",
    };

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var status in Enum.GetValues<ProcessStatus>())
            {
                foreach (var name in LifeGrid.Events.Keys)
                {
                    all.Add(status.ToString(), name);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_cell_is_decided_as_written_here(string statusName, string eventName)
    {
        var status = Enum.Parse<ProcessStatus>(statusName);

        var step = LifeTable.Step(LifeGrid.At(status), LifeGrid.Events[eventName], LifeGrid.Rules);

        var expected = Cells.GetValueOrDefault((status, eventName), $"{status}");
        Assert.Equal(expected, LifeGrid.Tell(step));
    }

    [Fact]
    public void A_process_with_dependencies_waits_before_every_start()
    {
        var rules = LifeGrid.Rules with { HasDependencies = true };

        var byHand = LifeTable.Step(LifeGrid.At(ProcessStatus.Stopped), new StartAsked(), rules);
        var again = LifeTable.Step(
            LifeGrid.At(ProcessStatus.Backoff),
            new TimeUp(TimerKind.Retry),
            rules
        );

        Assert.Equal("Waiting: ClearTimer KeepForStart AwaitOthers", LifeGrid.Tell(byHand));
        Assert.Equal("Waiting: AwaitOthers", LifeGrid.Tell(again));
    }

    [Fact]
    public void A_stop_while_it_is_spawned_is_done_as_soon_as_it_lives()
    {
        var asked = LifeTable.Step(
            LifeGrid.At(ProcessStatus.Starting),
            new StopAsked(new StopOrder(By: "me")),
            LifeGrid.Rules
        );

        var lives = LifeTable.Step(asked.State, new RunStarted(), LifeGrid.Rules);

        Assert.Equal(
            "Stopping: EndChecks Tell(stopping) Save BeginStop GraceTimer",
            LifeGrid.Tell(lives)
        );
        Assert.Contains(new Tell(LogEvents.Stopping, null, "me"), lives.Actions);
        Assert.False(lives.State.IsWanted);
    }

    [Fact]
    public void The_signals_of_the_list_share_the_grace_then_comes_SIGKILL_then_it_is_called_failed()
    {
        var rules = LifeGrid.Rules with
        {
            Stop = new StopSpec
            {
                Signal = 2,
                MoreSignals = [15, 3],
                TimeoutMs = 9_000,
            },
        };
        var step = LifeTable.Step(
            LifeGrid.At(ProcessStatus.Running),
            new StopAsked(new StopOrder()),
            rules
        );
        var told = new List<string>();
        var times = step.Actions.OfType<SetTimer>().Select(timer => timer.After).ToList();
        for (var i = 0; i < 4; i++)
        {
            step = LifeTable.Step(step.State, new TimeUp(TimerKind.Grace), rules);
            told.Add(LifeGrid.Tell(step));
            times.AddRange(step.Actions.OfType<SetTimer>().Select(timer => timer.After));
        }

        Assert.Equal(
            [
                "Stopping: SendNext GraceTimer",
                "Stopping: SendNext GraceTimer",
                "Stopping: Kill GraceTimer",
                "Stopping: AnswerStops! Kill GraceTimer",
            ],
            told
        );
        Assert.Equal([3, 3, 3, 5, 5], times.Select(time => time.TotalSeconds));
    }

    [Fact]
    public void A_scope_of_group_or_leader_does_not_look_for_descendants()
    {
        var rules = LifeGrid.Rules with { Stop = new StopSpec { Scope = StopScopes.Group } };
        var stopped = LifeGrid.At(ProcessStatus.Draining) with
        {
            IsSignalled = true,
            IsWanted = false,
            Next = null,
        };

        var step = LifeTable.Step(stopped, new OutputEnded(), rules);

        Assert.Equal(
            "Stopped: ClearTimer CloseRun DropRun ClearTimer AnswerStops Save",
            LifeGrid.Tell(step)
        );
    }

    [Fact]
    public void A_sick_program_is_stopped_and_the_policy_decides_as_about_a_failure()
    {
        var rules = LifeGrid.Rules with { HealthRestarts = true };
        var sick = LifeTable.Step(LifeGrid.At(ProcessStatus.Ready), new HealthLost("503"), rules);

        // Code 0: the signal was heeded, and still it is started again.
        var ended = LifeTable.Step(
            sick.State,
            new RunEnded(new RunOutcome(0, 0), TimeSpan.FromMinutes(1), LifeGrid.Now),
            rules
        );

        Assert.Equal(
            "Stopping: Tell(unhealthy) EndChecks Tell(stopping) Save BeginStop GraceTimer",
            LifeGrid.Tell(sick)
        );
        Assert.Equal(AfterExit.Restart, ended.State.Next?.Action);
        Assert.True(ended.State.IsWanted);
    }

    [Fact]
    public void A_failed_start_is_given_up_at_once_but_a_failed_restart_is_the_policys_matter()
    {
        var again = LifeGrid.At(ProcessStatus.Starting) with { Restarts = 1 };

        var step = LifeTable.Step(again, LifeGrid.Events["refused"], LifeGrid.Rules);

        Assert.Equal(
            "Backoff: CloseSpawn DropRun RetryTimer AnswerStops AnswerStarts! Save",
            LifeGrid.Tell(step)
        );
        Assert.Equal(2, step.State.Restarts);
        Assert.True(
            step.Actions.OfType<SetTimer>().Single().After >= TimeSpan.FromMilliseconds(200)
        );
    }

    [Theory]
    [InlineData("next", "Ready: EndChecks SwapRuns Tell(ready) Save AnswerReload")]
    [InlineData("none", "Running: DropSuccessor AnswerReload!")]
    [InlineData("reload", "Running: KeepForReload")]
    [InlineData("ended", "Draining: DropSuccessor AnswerReload! EndChecks DrainTimer")]
    [InlineData(
        "stop",
        "Stopping: KeepForStop DropSuccessor AnswerReload! EndChecks Tell(stopping) Save BeginStop GraceTimer"
    )]
    [InlineData("start", "Running: Answer")]
    [InlineData(
        "lost",
        "Stopped: DropSuccessor AnswerReload! EndChecks AnswerStarts! CloseRun DropRun ClearTimer AnswerStops Save"
    )]
    public void A_reload_under_way_ends_well_or_leaves_the_old_run(
        string eventName,
        string expected
    )
    {
        var rules = LifeGrid.Rules with { HasReady = true };
        var begun = LifeTable.Step(LifeGrid.At(ProcessStatus.Running), new ReloadAsked(), rules);

        var step = LifeTable.Step(begun.State, LifeGrid.Events[eventName], rules);

        Assert.Equal("Running: KeepForReload BeginSuccessor", LifeGrid.Tell(begun));
        Assert.Equal(expected, LifeGrid.Tell(step));
        Assert.Equal(eventName is "reload" or "start", step.State.IsReloading);
    }

    [Fact]
    public void A_temporary_process_is_forgotten_some_time_after_its_end()
    {
        var rules = LifeGrid.Rules with { IsTemporary = true };

        var over = LifeTable.Step(
            LifeGrid.At(ProcessStatus.Sweeping),
            new TreeSeen(true, null),
            rules
        );
        var later = LifeTable.Step(over.State, new TimeUp(TimerKind.Forget), rules);

        Assert.Equal(new SetTimer(TimerKind.Forget, LifeGrid.Times.Linger), over.Actions[^1]);
        Assert.Contains(new Forget(), later.Actions);
    }

    [Fact]
    public void Stop_codes_end_it_under_every_policy_and_success_codes_are_no_failure()
    {
        var policy = new RestartSpec
        {
            Policy = RestartPolicies.Always,
            StopCodes = [3],
            SuccessCodes = [0, 143],
        };

        Assert.Equal(AfterExit.Stay, Decide(policy, 3));
        Assert.Equal(AfterExit.Restart, Decide(policy, 0));
        Assert.Equal(
            AfterExit.Stay,
            Decide(policy with { Policy = RestartPolicies.OnFailure }, 143)
        );
        Assert.Equal(
            AfterExit.Restart,
            Decide(policy with { Policy = RestartPolicies.OnFailure }, 1)
        );
        Assert.Equal(
            AfterExit.Restart,
            Decide(policy with { Policy = RestartPolicies.UnlessStopped }, 0)
        );
    }

    private static AfterExit Decide(RestartSpec policy, int code) =>
        RestartDecision
            .After(
                policy,
                RestartHistory.Clean,
                new RunOutcome(code, 0),
                TimeSpan.FromMinutes(1),
                0,
                0
            )
            .Action;
}
