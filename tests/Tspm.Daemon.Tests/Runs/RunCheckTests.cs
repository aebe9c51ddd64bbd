using System.Net;
using System.Net.Sockets;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Runs;

/// <summary>Readiness and health by the test's own clock, against a real listener.</summary>
public sealed class RunCheckTests : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public RunCheckTests() => _listener.Start();

    private ProbeSpec Probe =>
        new()
        {
            Check = $"tcp:127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}",
            EveryMs = (int)Every.TotalMilliseconds,
            Failures = 2,
            Action = HealthActions.Restart,
        };

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Health_is_looked_at_once_in_each_interval_and_so_many_failures_stop_the_program()
    {
        await using var rig = await RunRig.StartAsync(spec => spec with { Health = Probe });

        await PassIntervalAsync(rig, 1);
        using (await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken)) { }
        await PassIntervalAsync(rig, 2);
        using (await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken)) { }
        Assert.False(_listener.Pending());
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 3, "the next look is set");
        _listener.Stop();
        await PassIntervalAsync(rig, 3);
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 4, "the next look is set");
        await rig.SettleAsync();
        Assert.Equal(ProcessStatus.Running, rig.Process.Status);
        rig.Time.Advance(Every);

        await rig.UntilAsync(() => rig.Keeper.SignalsSent.Count == 1, "the stop");
        Assert.Equal(ProcessStatus.Stopping, rig.Process.Status);
        await rig.EndAsync(code: 0, signal: 15);
        await rig.UntilAsync(() => rig.Keeper.Spawned.Count == 2, "the restart");
        Assert.Contains(rig.ReadEvents(), one => one.What == LogEvents.Unhealthy);
    }

    [Fact]
    public async Task An_hour_that_passes_at_once_is_one_look_at_the_health()
    {
        await using var rig = await RunRig.StartAsync(spec => spec with { Health = Probe });
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 1, "the first look is set");

        rig.Time.Advance(TimeSpan.FromHours(1));
        using (await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken)) { }
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 2, "the next look is set");

        Assert.False(_listener.Pending());
        Assert.Equal(ProcessStatus.Running, rig.Process.Status);
    }

    [Fact]
    public async Task What_is_not_ready_in_time_is_told_once_and_may_still_become_ready()
    {
        var late = TimeSpan.FromSeconds(20);
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        var ready = Probe with { DeadlineMs = (int)late.TotalMilliseconds };
        _listener.Stop();
        await using var rig = await RunRig.StartAsync(spec => spec with { Ready = ready });
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 1, "it was looked at");

        rig.Time.Advance(late);
        await rig.SettleAsync();
        Assert.Contains(rig.ReadEvents(), one => one.What == LogEvents.NotReady);
        Assert.Equal(ProcessStatus.Running, rig.Process.Status);
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 2, "the next look is set");
        using var again = new TcpListener(IPAddress.Loopback, port);
        again.Start();
        rig.Time.Advance(Every);

        await rig.UntilAsync(ProcessStatus.Ready);
        Assert.Single(rig.ReadEvents(), one => one.What == LogEvents.NotReady);
    }

    [Fact]
    public async Task Checks_end_with_the_run()
    {
        await using var rig = await RunRig.StartAsync(spec =>
            spec with
            {
                Health = Probe,
                Restart = new RestartSpec { Policy = RestartPolicies.Never },
            }
        );
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == 1, "the first look is set");

        await rig.EndAsync(code: 1);
        await rig.UntilAsync(ProcessStatus.Exited);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.SettleAsync();

        Assert.False(_listener.Pending());
        Assert.Equal(1, rig.Time.CountTimers(Every));
    }

    private static async Task PassIntervalAsync(RunRig rig, int number)
    {
        await rig.UntilAsync(() => rig.Time.CountTimers(Every) == number, "the look is set");
        rig.Time.Advance(Every - Instant);
        await rig.SettleAsync();
        rig.Time.Advance(Instant);
    }
}
