using System.Globalization;
using System.Reflection;
using Tspm.CaptureLog;

namespace Tspm.Integration.Tests;

/// <summary>Keeper and daemon killed exactly between two steps (CrashPoint): nothing lost, doubled or started twice.</summary>
public sealed class CrashPointSpecs
{
    [Theory]
    [InlineData("keeper.intent", 1)]
    [InlineData("keeper.intent", 2)]
    [InlineData("keeper.spawned", 1)]
    [InlineData("keeper.spawned", 2)]
    [InlineData("keeper.spliced", 1)]
    [InlineData("keeper.spliced", 5)]
    [InlineData("keeper.exited", 1)]
    [InlineData("daemon.numbered", 2)]
    [InlineData("daemon.numbered", 4)]
    [InlineData("daemon.indexed", 2)]
    [InlineData("daemon.indexed", 4)]
    [InlineData("daemon.saving", 1)]
    [InlineData("daemon.saving", 3)]
    public async Task A_death_between_two_steps_costs_nothing(string point, int count)
    {
        await using var home = new TspmHome();
        var once = home.Root + ".once";
        var gate = home.Root + ".gate";
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        var at = string.Create(CultureInfo.InvariantCulture, $"{point}:{count}");
        await home.ShellAsync($"TSPM_CRASH_AT={at} TSPM_CRASH_ONCE={once} $T daemon start");

        await StartAsync(home, "first", gate);
        await StartAsync(home, "second", gate);
        await WholeAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await EndedAsync(home, "first");
        await EndedAsync(home, "second");
        File.Delete(gate);

        Assert.False(File.Exists(once), $"{point} was not passed {count} times");
        await CheckAsync(home, "first");
        await CheckAsync(home, "second");
    }

    [Theory]
    [InlineData("keeper.answering", "start")]
    [InlineData("keeper.ending", "end")]
    [InlineData("keeper.journal", "kill the keeper")]
    [InlineData("keeper.adopting", "kill the keeper")]
    [InlineData("keeper.synced", "start")]
    [InlineData("keeper.daemon", "kill the daemon")]
    [InlineData("keeper.executing", "upgrade")]
    [InlineData("keeper.executed", "upgrade")]
    [InlineData("daemon.spawned", "start")]
    [InlineData("daemon.saved", "start")]
    [InlineData("daemon.recovering", "kill the daemon")]
    [InlineData("daemon.serving", "kill the daemon")]
    [InlineData("daemon.signalled", "stop")]
    public async Task A_death_in_the_middle_of_something_costs_nothing(string point, string trigger)
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        var once = await ArmedAsync(home, point);
        await StartAsync(home, "first", gate);
        await StartAsync(home, "idle", "/");
        await home.EndedAsync("idle");
        await home.RunAsync(
            "start",
            "--name",
            "stopped",
            "--restart",
            "always",
            "--",
            "/bin/sleep",
            "1000"
        );

        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        await TriggerAsync(home, trigger, gate);
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), $"{point} is passed");
        await WholeAsync(home);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await EndedAsync(home, "first");
        File.Delete(gate);

        await CheckAsync(home, "first");
        await CheckAsync(home, "idle");
        var stopped = await home.JsonAsync("describe", "stopped", "--json");
        Assert.Equal(1, stopped.GetProperty("run").GetInt32());
        var isStopped = trigger == "stop";
        Assert.Equal(isStopped ? "stopped" : "running", stopped.GetProperty("status").GetString());
        if (trigger == "start")
        {
            await EndedAsync(home, "second");
            await CheckAsync(home, "second");
        }
    }

    [Fact]
    public void Every_point_of_the_code_has_its_death_here()
    {
        var known = typeof(CrashPoint)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!)
            .Order(StringComparer.Ordinal);
        var tested = new[] { typeof(CrashPointSpecs), typeof(RetentionSpecs) }
            .SelectMany(specs => specs.GetMethods())
            .SelectMany(method => method.GetCustomAttributes<InlineDataAttribute>())
            .Select(data => data.Data[0] as string)
            .OfType<string>()
            // RetentionSpecs arms it with numbers alone.
            .Append(CrashPoint.InDrop)
            .Distinct()
            .Order(StringComparer.Ordinal);

        Assert.Equal(known, tested);
    }

    /// <summary>Nobody can remove a file that is not there: everybody lives until it is.</summary>
    private static async Task<string> ArmedAsync(TspmHome home, string point)
    {
        var once = home.Root + ".once";
        await home.ShellAsync($"TSPM_CRASH_AT={point} TSPM_CRASH_ONCE={once} $T daemon start");
        return once;
    }

    private static async Task TriggerAsync(TspmHome home, string trigger, string gate)
    {
        switch (trigger)
        {
            case "start":
                await StartAsync(home, "second", "/");
                break;
            case "end":
                await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
                break;
            case "stop":
                await home.RunAsync("stop", "stopped");
                break;
            case "upgrade":
                await home.RunAsync("daemon", "upgrade");
                break;
            case "kill the keeper":
                TspmHome.Signal(await home.KeeperPidAsync(), 9);
                break;
            default:
                TspmHome.Signal(await home.DaemonPidAsync(), 9);
                break;
        }
    }

    private static async Task StartAsync(TspmHome home, string name, string gate)
    {
        var result = await home.StartShellAsync(
            name,
            $"for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.01; done; while [ ! -e {gate} ]; do sleep 0.02; done; exit 5"
        );

        // 1: it has ended already. 4: the answer went down with the daemon; then it is there, or nothing of it is.
        Assert.True(result.ExitCode is 0 or 1 or 4, result.ToString());
        if (result.ExitCode == 4 && (await home.RunAsync("describe", name)) is { ExitCode: 3 })
        {
            await StartAsync(home, name, gate);
        }
    }

    /// <summary>The daemon may die under the one who asks.</summary>
    private static Task EndedAsync(TspmHome home, string name) =>
        TspmHome.UntilAsync(
            async () => (await home.RunAsync("wait", name, "--for", "exited")).ExitCode == 0,
            $"{name} has ended"
        );

    private static async Task WholeAsync(TspmHome home)
    {
        await home.RunAsync("list");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("daemon", "status", "--json")) is { ExitCode: 0 } status
                && !status.Output.Contains("\"keeperPid\":0", StringComparison.Ordinal),
            "keeper and daemon are there"
        );
    }

    private static async Task CheckAsync(TspmHome home, string name)
    {
        var view = await home.JsonAsync("describe", name, "--json");
        var log = await home.RunAsync("logs", name, "-n", "all", "--no-events");

        Assert.Equal(5, view.GetProperty("exitCode").GetInt32());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"line {i}"), log.Lines);
    }
}
