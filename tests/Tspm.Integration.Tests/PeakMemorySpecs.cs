using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>What is told of the peak memory of a run is the program's own, or a bound; never the keeper's as if it were its.</summary>
public sealed class PeakMemorySpecs
{
    private const long Mebi = 1024 * 1024;
    private const bool Plain = false;
    private const bool Limited = true;

    /// <summary>A block that dd takes, reads full and gives back: far above what keeper and helper have, as a library of .NET too.</summary>
    private const long Block = 400 * Mebi;

    private const string Small = "exit 0";
    private static readonly string Large = $"exec dd if=/dev/zero of=/dev/null bs={Block} count=1";

    [Theory]
    [InlineData(Plain)]
    [InlineData(Limited)]
    public async Task A_small_program_has_not_the_peak_of_its_keeper_and_a_large_one_has_its_own(
        bool isLimited
    )
    {
        await using var home = new TspmHome();

        var small = await RunAsync(home, "small", Small, isLimited);
        var large = await RunAsync(home, "large", Large, isLimited);

        Assert.Null(PeakOf(small));
        Assert.InRange(small.GetProperty("memoryAtMostBytes").GetInt64(), 1, Block / 2);
        Assert.InRange(PeakOf(large) ?? 0, Block, Block + (16 * Mebi));
        Assert.False(large.TryGetProperty("memoryAtMostBytes", out _));
    }

    [Fact]
    public async Task It_stays_so_when_keeper_and_daemon_go_on_in_place()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync("small", $"while [ ! -e {gate} ]; do sleep 0.02; done");
        await home.StartShellAsync(
            "large",
            $"dd if=/dev/zero of=/dev/null bs={Block} count=1; while [ ! -e {gate} ]; do sleep 0.02; done"
        );

        var upgraded = await home.RunAsync("daemon", "upgrade");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await home.EndedAsync("small");
        await home.EndedAsync("large");
        File.Delete(gate);

        Assert.True(upgraded.ExitCode == 0, upgraded.ToString());
        Assert.Null(PeakOf(await LastRunAsync(home, "small")));
        Assert.InRange(PeakOf(await LastRunAsync(home, "large")) ?? 0, Block, Block + (16 * Mebi));
    }

    [Fact]
    public async Task People_are_told_a_bound_as_a_bound()
    {
        await using var home = new TspmHome();
        await RunAsync(home, "small", "exit 3", isLimited: false);

        Assert.Contains(
            "peak at most ",
            (await home.RunAsync("logs", "small", "-n", "all")).Output
        );
        Assert.Contains("peak at most ", (await home.RunAsync("why", "small")).Output);
        Assert.Contains("peak at most ", (await home.RunAsync("describe", "small")).Output);
    }

    private static async Task<JsonElement> RunAsync(
        TspmHome home,
        string name,
        string line,
        bool isLimited
    )
    {
        // With a limit it is started by another program of ours, which becomes it.
        string[] limits = isLimited ? ["--nice", "1"] : [];
        string[] words = ["start", "--name", name, "--restart", "never", .. limits, "--"];
        var started = await home.RunAsync([.. words, "/bin/sh", "-c", line]);
        Assert.True(started.ExitCode is 0 or 1, started.ToString());
        await home.EndedAsync(name);
        return await LastRunAsync(home, name);
    }

    private static async Task<JsonElement> LastRunAsync(TspmHome home, string name) =>
        (await home.JsonAsync("describe", name, "--json")).GetProperty("runs")[0];

    private static long? PeakOf(JsonElement run) =>
        run.TryGetProperty("maxMemoryBytes", out var bytes) ? bytes.GetInt64() : null;
}
