namespace Tspm.Integration.Tests;

/// <summary>Waiting for a line: it is seen when it comes, and "not seen" is said only of what was looked at.</summary>
public sealed class WaitForLineSpecs
{
    private const int Stop = 19;
    private const int GoOn = 18;

    [Fact]
    public async Task A_line_that_comes_later_ends_the_wait_and_is_printed()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.StartShellAsync(
            "web",
            $"echo before; while [ ! -e {go} ]; do sleep 0.02; done; echo listening on 80; exec sleep 600"
        );
        var wait = home.StartFollow("wait", "web", "--for", "log:/listening on/");
        await FollowsAsync(home);

        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);

        Assert.Equal(["listening on 80"], await wait.ReadRestAsync());
        Assert.Equal(0, await wait.WaitAsync());
        File.Delete(go);
    }

    [Fact]
    public async Task What_was_lost_while_it_looked_is_told_in_place_of_not_seen()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.StartShellAsync(
            "web",
            $"echo before; while [ ! -e {go} ]; do sleep 0.02; done; seq 1 1000; echo needle; seq 1 1000"
        );
        var wait = home.StartFollow("wait", "web", "--for", "log:/needle/");
        await FollowsAsync(home);
        TspmHome.Signal(wait.Pid, Stop);
        try
        {
            // The daemon looks for the line: only who is not connected can miss it.
            await home.RunAsync("daemon", "restart");
            await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
            await home.EndedAsync("web");
            Assert.Equal(0, (await home.RunAsync("flush", "web", "-y")).ExitCode);
        }
        finally
        {
            TspmHome.Signal(wait.Pid, GoOn);
        }

        await FollowsAsync(home);
        await home.RunAsync("delete", "web", "-y");

        Assert.Empty(await wait.ReadRestAsync());
        Assert.Equal(10, await wait.WaitAsync());
        Assert.Contains("entries were lost between seq", await wait.ReadErrorsAsync());
        File.Delete(go);
    }

    /// <summary>One follows, and the daemon has looked at everything for it.</summary>
    private static Task FollowsAsync(TspmHome home) =>
        TspmHome.UntilAsync(
            async () =>
            {
                var all = (await home.JsonAsync("followers", "--json")).GetProperty("followers");
                return all.GetArrayLength() == 1
                    && all[0].GetProperty("position").GetInt64()
                        == all[0].GetProperty("head").GetInt64();
            },
            "it follows and nothing is left to look at"
        );
}
