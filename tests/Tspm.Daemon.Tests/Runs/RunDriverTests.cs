using Tspm.Daemon.Keeper;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Runs;

/// <summary>Everything that a supervisor waits for, by a clock of the test's own.</summary>
public sealed class RunDriverTests
{
    private const int Term = 15;
    private const int Int = 2;
    private const int Kill = 9;
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_crash_loop_waits_longer_each_time_and_is_given_up_after_so_many()
    {
        await using var rig = await RunRig.StartAsync(spec =>
            spec with
            {
                Restart = new RestartSpec
                {
                    Jitter = 0,
                    MaxRestarts = 4,
                    MaxDelayMs = 500,
                },
            }
        );

        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        foreach (var (run, delay) in new[] { (3u, 200), (4u, 400), (5u, 500) })
        {
            await rig.EndAsync(code: 1);
            await rig.UntilAsync(ProcessStatus.Backoff);
            rig.Time.Advance(TimeSpan.FromMilliseconds(delay) - Instant);
            await rig.SettleAsync();
            Assert.Equal(
                (ProcessStatus.Backoff, run - 1),
                (rig.Process.Status, rig.Process.Record.Run)
            );
            rig.Time.Advance(Instant);
            await rig.UntilRunsAsync(run);
        }

        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Failed);
        rig.Time.Advance(TimeSpan.FromDays(1));
        await rig.SettleAsync();

        Assert.Equal("5 short runs within 300 s", rig.Process.Record.FailedReason);
        Assert.Equal([1u, 2, 3, 4, 5], rig.Keeper.Spawned);
    }

    [Fact]
    public async Task After_a_good_run_the_next_restart_is_immediate_and_the_failures_are_forgotten()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);
        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        rig.Time.Advance(TimeSpan.FromSeconds(1));

        await rig.EndAsync(code: 1);

        await rig.UntilRunsAsync(3);
        Assert.Equal(0, rig.Process.Record.History.Streak);
        Assert.Equal(1000, rig.ReadEvents().Last(one => one.What == LogEvents.RunExit).DurationMs);
    }

    [Fact]
    public async Task A_stop_in_back_off_is_immediate_and_nothing_starts_later()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);
        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Backoff);

        var stopped = await rig.Process.DoAsync(CommandVerb.Stop);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.SettleAsync();

        Assert.Null(stopped.Error);
        Assert.Equal(ProcessStatus.Stopped, rig.Process.Status);
        Assert.Equal([1u, 2], rig.Keeper.Spawned);
    }

    [Fact]
    public async Task Each_signal_of_a_stop_has_its_share_of_the_grace_and_then_it_is_killed()
    {
        await using var rig = await RunRig.StartAsync(spec =>
            spec with
            {
                Stop = new StopSpec { TimeoutMs = 10_000, MoreSignals = [Int] },
            }
        );

        var stop = rig.Process.DoAsync(CommandVerb.Stop);
        foreach (var signals in new[] { new[] { Term }, [Term, Int], [Term, Int, Kill] })
        {
            await rig.UntilAsync(() => rig.Keeper.SignalsSent.Count == signals.Length, "a signal");
            // Its timer is set after the signal.
            await rig.SettleAsync();
            rig.Time.Advance(TimeSpan.FromSeconds(5) - Instant);
            await rig.SettleAsync();
            Assert.Equal(signals, rig.Keeper.SignalsSent.Select(one => one.Signal));
            rig.Time.Advance(Instant);
        }

        // It is in the kernel's hands, and whoever waits is told.
        var told = await stop;
        Assert.Equal(ErrorCodes.Failed, told.Error);
        Assert.Contains("still there after SIGKILL", told.Message);
        Assert.Equal(ProcessStatus.Stopping, rig.Process.Status);
        await rig.EndAsync(code: 0, signal: Kill);
        await rig.UntilAsync(ProcessStatus.Stopped);
    }

    [Fact]
    public async Task The_next_run_waits_for_output_that_somebody_holds_open_but_not_long()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);

        await rig.EndAsync(code: 1, withOutput: false);
        rig.Time.Advance(TimeSpan.FromMilliseconds(99));
        await rig.SettleAsync();
        Assert.Equal(ProcessStatus.Draining, rig.Process.Status);
        rig.Time.Advance(Instant);

        await rig.UntilRunsAsync(2);
        Assert.Equal([1u], rig.Keeper.Cut);
        Assert.Equal("cut", rig.ReadEvents().Single(one => one.What == LogEvents.RunExit).Drain);
    }

    [Fact]
    public async Task Where_nothing_waits_for_its_end_output_has_two_seconds()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);

        await rig.EndAsync(code: 0, withOutput: false);
        rig.Time.Advance(TimeSpan.FromSeconds(2) - Instant);
        await rig.SettleAsync();
        Assert.Equal((ProcessStatus.Draining, 0), (rig.Process.Status, rig.Keeper.Cut.Count));
        rig.EndOutput(1);

        await rig.UntilAsync(ProcessStatus.Exited);
        Assert.Empty(rig.Keeper.Cut);
        Assert.Equal(
            "complete",
            rig.ReadEvents().Single(one => one.What == LogEvents.RunExit).Drain
        );
    }

    [Fact]
    public async Task A_machine_that_slept_neither_shortens_a_wait_nor_lengthens_a_run()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);
        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        rig.Time.Sleep(TimeSpan.FromHours(8));
        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Backoff);

        rig.Time.Sleep(TimeSpan.FromHours(8));
        rig.Time.Advance(TimeSpan.FromMilliseconds(199));
        await rig.SettleAsync();
        Assert.Equal(ProcessStatus.Backoff, rig.Process.Status);
        rig.Time.Advance(Instant);

        await rig.UntilRunsAsync(3);
        Assert.Equal(0, rig.ReadEvents().Last(one => one.What == LogEvents.RunExit).DurationMs);
    }

    [Fact]
    public async Task A_daemon_that_stood_still_for_an_hour_does_once_what_was_due()
    {
        await using var rig = await RunRig.StartAsync(spec => spec);
        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Backoff);

        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.UntilRunsAsync(3);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.SettleAsync();

        Assert.Equal([1u, 2, 3], rig.Keeper.Spawned);
    }

    [Fact]
    public async Task What_is_stopped_while_it_starts_is_signalled_once_it_lives()
    {
        await using var rig = RunRig.Make(spec => spec);
        var born = new TaskCompletionSource<SpawnOutcome>();
        rig.Keeper.Spawning = _ => born.Task;
        var start = rig.Process.DoAsync(CommandVerb.Start);
        await rig.UntilAsync(() => rig.Keeper.Spawned.Count == 1, "the spawn");

        var stop = rig.Process.DoAsync(CommandVerb.Stop);
        await rig.SettleAsync();
        Assert.Empty(rig.Keeper.SignalsSent);
        born.SetResult(FakeKeeper.Alive(1));
        await rig.UntilAsync(() => rig.Keeper.SignalsSent.Count == 1, "the signal");
        await rig.EndAsync(code: 0, signal: Term);

        Assert.Null((await stop).Error);
        Assert.NotNull((await start).Error);
        Assert.Equal(ProcessStatus.Stopped, rig.Process.Status);
    }

    [Fact]
    public async Task A_restart_that_cannot_be_spawned_is_tried_again_after_a_delay_and_says_what_is_wrong()
    {
        const int noProgram = 2;
        const int atDirectory = 1;
        await using var rig = await RunRig.StartAsync(spec => spec);
        rig.Keeper.Spawning = run =>
            Task.FromResult(
                run == 2 ? new SpawnOutcome(noProgram, atDirectory, 0, 0) : FakeKeeper.Alive(run)
            );

        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Backoff);
        rig.Time.Advance(TimeSpan.FromMilliseconds(400));
        await rig.UntilRunsAsync(3);

        var failed = rig.ReadEvents().Single(one => one.What == LogEvents.SpawnFailed);
        Assert.Contains("directory", failed.Message);
    }

    [Fact]
    public async Task An_end_that_comes_before_the_keepers_answer_is_an_end()
    {
        await using var rig = RunRig.Make(spec => spec);
        var born = new TaskCompletionSource<SpawnOutcome>();
        rig.Keeper.Spawning = run => run == 1 ? born.Task : Task.FromResult(FakeKeeper.Alive(run));
        var start = rig.Process.DoAsync(CommandVerb.Start);
        await rig.UntilAsync(() => rig.Keeper.Spawned.Count == 1, "the spawn");

        rig.BeginRun(1);
        await rig.EndAsync(code: 1);
        await rig.UntilRunsAsync(2);
        born.SetResult(FakeKeeper.Alive(1));
        await rig.SettleAsync();

        Assert.Null((await start).Error);
        Assert.Equal([1u, 2], rig.Keeper.Spawned);
        Assert.Empty(rig.Keeper.SignalsSent);
    }
}
