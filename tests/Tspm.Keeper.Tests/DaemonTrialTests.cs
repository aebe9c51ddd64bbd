using Tspm.CaptureLog.Control;
using Tspm.Keeper.Control;

namespace Tspm.Keeper.Tests;

/// <summary>A daemon that is replaced by another program's, with real processes in their own sessions.</summary>
public sealed class DaemonTrialTests : IDisposable
{
    private const long Second = DaemonRig.Second;
    private readonly DaemonRig _rig = new();

    public DaemonTrialTests()
    {
        Start(1);
        Daemon.OnServing();
    }

    private DaemonKeeper Daemon => _rig.Daemon;

    [Fact]
    public void The_old_one_is_asked_to_leave_and_the_new_one_that_serves_is_kept()
    {
        var old = Daemon.Pid;

        Daemon.Replace(["/bin/sleep", "2000"], 10 * Second);
        var signal = Reap(old);
        Daemon.OnExited(11 * Second, 128 + signal, signal);
        Start(11 * Second);
        var whileTrying = Daemon.Upgrade;
        Daemon.OnServing();

        Assert.Equal(15, signal);
        Assert.NotEqual(old, Daemon.Pid);
        Assert.Equal(UpgradeState.Trying, whileTrying);
        Assert.Equal(UpgradeState.Done, Daemon.Upgrade);
        Assert.Equal(long.MaxValue, Daemon.TrialDueAt);
    }

    [Fact]
    public void One_that_ends_three_times_before_it_serves_gives_the_place_back()
    {
        Daemon.Replace(["/bin/false"], 10 * Second);
        Leave(10 * Second);
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(UpgradeState.Trying, Daemon.Upgrade);
            Start((10 + (i * 10)) * Second);
            Leave((11 + (i * 10)) * Second);
        }

        Assert.Equal(UpgradeState.Failed, Daemon.Upgrade);
        Assert.Contains("code 1", Daemon.UpgradeNote, StringComparison.Ordinal);
        Assert.Equal(["/bin/sleep", "1000"], Daemon.Command);
        Start(100 * Second);
        Assert.NotEqual(0, Daemon.Pid);
    }

    [Fact]
    public void Who_does_not_leave_is_killed_and_who_does_not_serve_too()
    {
        Daemon.Signal(19);

        // Of two signals that wait, the kernel gives the lower number first: it must stand still before it is asked.
        Assert.True(SpinWait.SpinUntil(() => IsStopped(Daemon.Pid), TimeSpan.FromSeconds(10)));
        Daemon.Replace(["/bin/sleep", "2000"], 10 * Second);
        Daemon.Turn(24 * Second);
        Assert.True(Directory.Exists($"/proc/{Daemon.Pid}"));

        Daemon.Turn(Daemon.TrialDueAt);
        var leaving = Reap(Daemon.Pid);
        Daemon.OnExited(26 * Second, 128 + leaving, leaving);
        Start(26 * Second);
        Daemon.Turn(Daemon.TrialDueAt);
        var silent = Reap(Daemon.Pid);

        Assert.Equal(9, leaving);
        Assert.Equal(9, silent);
    }

    public void Dispose() => _rig.Dispose();

    private void Start(long now) => _rig.StartDaemon(now);

    private void Leave(long now) => _rig.ReapDaemon(now);

    private static bool IsStopped(int pid) =>
        File.ReadAllText($"/proc/{pid}/stat").Contains(") T ", StringComparison.Ordinal);

    private static int Reap(int pid) => DaemonRig.Reap(pid, out _);
}
