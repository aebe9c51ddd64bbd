using System.Globalization;

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

    [Fact]
    public async Task A_keeper_that_dies_while_it_adopts_is_replaced_like_any_other()
    {
        await using var home = new TspmHome();
        var once = home.Root + ".once";
        var gate = home.Root + ".gate";

        // Nobody can remove a file that is not there: the first keeper lives.
        await home.ShellAsync(
            $"TSPM_CRASH_AT=keeper.adopting TSPM_CRASH_ONCE={once} $T daemon start"
        );
        await home.StartShellAsync(
            "job",
            $"while [ ! -e {gate} ]; do sleep 0.02; done; echo done; exit 8"
        );
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        var status = await home.JsonAsync("daemon", "status", "--json");
        TspmHome.Signal(status.GetProperty("keeperPid").GetInt32(), 9);
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), "the adopter died");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await home.EndedAsync("job");

        var view = await home.JsonAsync("describe", "job", "--json");
        Assert.Equal(8, view.GetProperty("exitCode").GetInt32());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
        File.Delete(gate);
    }

    [Fact]
    public async Task A_daemon_that_dies_while_it_recovers_is_replaced_like_any_other()
    {
        await using var home = new TspmHome();
        var once = home.Root + ".once";
        await home.ShellAsync(
            $"TSPM_CRASH_AT=daemon.recovering TSPM_CRASH_ONCE={once} $T daemon start"
        );
        await StartAsync(home, "first", "/");
        await home.EndedAsync("first");
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);

        TspmHome.Signal(await home.DaemonPidAsync(), 9);
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), "the next died too");

        await StartAsync(home, "second", "/");
        await home.EndedAsync("second");
        await CheckAsync(home, "first");
        await CheckAsync(home, "second");
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
