using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Tests;

/// <summary>The keeper stops programs without a daemon: real processes, a clock of the test.</summary>
public sealed class LoneStopTests : IDisposable
{
    private const long Second = DaemonRig.Second;
    private const uint Continue = 18;
    private readonly DaemonRig _rig = new();
    private readonly RunTable _runs;
    private readonly Epoll _epoll = new();
    private readonly LoneStop _stop;

    public LoneStopTests()
    {
        var room = HomeRoom.FromEnvironment(_rig.Options.Home, () => 0);
        var sync = new SyncThread(_rig.Journal, _rig.Log, TimeSpan.FromHours(1));
        _runs = new RunTable(_rig.Options.Home, [], sync, room);
        _stop = new LoneStop(_runs, _rig.Daemon, new ControlConnections(_epoll));
    }

    [Fact]
    public void The_newest_is_asked_first_and_only_who_outlives_its_own_grace_is_killed()
    {
        var older = Add(1, 15, 5000);
        var deaf = Add(2, Continue, 2000);

        var list = _stop.Begin(10 * Second, LoneStop.OwnGrace, null);
        var olderSignal = DaemonRig.Reap(older.Pid, out _);
        older.HasExited = true;
        _stop.Turn(11 * Second);
        var livesInItsGrace = Directory.Exists($"/proc/{deaf.Pid}/fd");
        var dueAt = _stop.DueAt;
        _stop.Turn(12 * Second);
        var deafSignal = DaemonRig.Reap(deaf.Pid, out _);

        Assert.Equal([2u, 1u], list.Runs.Select(run => run.Process));
        Assert.Equal([2000u, 5000u], list.Runs.Select(run => run.GraceMs));
        Assert.Equal(15, olderSignal);
        Assert.True(livesInItsGrace);
        Assert.Equal(12 * Second, dueAt);
        Assert.Equal(9, deafSignal);
        Assert.True(_rig.Daemon.IsEnding);
    }

    [Fact]
    public void A_grace_that_is_told_counts_for_all_and_a_second_word_leaves_none()
    {
        var one = Add(1, Continue, 5000);
        var two = Add(2, Continue, 5000);

        _stop.Begin(10 * Second, 60_000, null);
        Assert.Equal(70 * Second, _stop.DueAt);
        _stop.Hurry(11 * Second);
        _stop.Turn(11 * Second);

        Assert.Equal(9, DaemonRig.Reap(one.Pid, out _));
        Assert.Equal(9, DaemonRig.Reap(two.Pid, out _));
    }

    [Fact]
    public void The_daemon_is_asked_too_and_killed_when_the_longest_grace_is_over()
    {
        _rig.StartDaemon(1);
        _rig.StopDaemon();
        Add(1, Continue, 3000);

        _stop.Begin(10 * Second, LoneStop.OwnGrace, null);
        _stop.Turn(13 * Second);

        Assert.Equal(9, DaemonRig.Reap(_rig.Daemon.Pid, out _));
    }

    [Fact]
    public void A_daemon_that_hangs_has_three_seconds_when_all_programs_have_ended()
    {
        _rig.StartDaemon(1);
        _rig.StopDaemon();
        var one = Add(1, 15, 60_000);

        _stop.Begin(10 * Second, LoneStop.OwnGrace, null);
        Assert.Equal(15, DaemonRig.Reap(one.Pid, out _));
        one.HasExited = true;
        _stop.Turn(11 * Second);
        Assert.Equal(14 * Second, _stop.DueAt);
        _stop.Turn(12 * Second);
        Assert.Equal(14 * Second, _stop.DueAt);
        _stop.Turn(14 * Second);

        Assert.Equal(9, DaemonRig.Reap(_rig.Daemon.Pid, out _));
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _rig.Dispose();
    }

    private RunEntry Add(uint process, uint signal, uint graceMs)
    {
        var pid = _rig.Spawn("/bin/sleep", "1000");
        var run = new RunEntry(
            new SpawnOrder
            {
                Process = process,
                Run = 1,
                RunId = Guid.Empty,
                Cwd = "/",
                Command = ["/bin/sleep"],
                StopSignal = signal,
                GraceMs = graceMs,
            }
        )
        {
            Pid = pid,
            PidDescriptor = LibC.OpenProcess(pid),
        };
        _runs.Add(run);
        return run;
    }
}
