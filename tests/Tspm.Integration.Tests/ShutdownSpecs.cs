namespace Tspm.Integration.Tests;

/// <summary>A shutdown ends everything, tells times and survivors, and needs no daemon.</summary>
public sealed class ShutdownSpecs
{
    private const int SigKill = 9;
    private const int SigStop = 19;

    [Fact]
    public async Task The_newest_is_asked_first_and_times_stand_against_their_limits()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("first", "exec sleep 100");
        await home.StartShellAsync("second", "exec sleep 100");
        await home.StartShellAsync("deaf", "trap '' TERM; while :; do sleep 0.1; done");

        var ended = await home.RunAsync("shutdown", "--timeout", "1s");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Equal(["deaf", "second", "first"], ended.Lines.Select(line => line.Split(' ')[0]));
        Assert.All(ended.Lines, line => Assert.Matches(@"stopped after [\d.]+s of 1s$", line));
        Assert.Contains("tspm is shut down", ended.Errors);
    }

    [Fact]
    public async Task Without_a_daemon_the_keeper_stops_everything()
    {
        await using var home = new TspmHome();
        var place = Path.Join(home.Root, "bin");
        var binary = Copy(place);
        var started = await home.ShellAsync(
            $"{binary} start --name good -- sleep 100 && {binary} start --name deaf --stop-timeout 1s -- /bin/sh -c \"trap '' TERM; echo deaf; while :; do sleep 0.1; done\""
        );
        Assert.True(started.ExitCode == 0, started.ToString());
        await home.RunAsync("wait", "deaf", "--for", "log:/deaf/");
        var pids = (await home.JsonAsync("list", "--json"))
            .EnumerateArray()
            .Select(process => process.GetProperty("pid").GetInt32())
            .ToList();
        var keeper = await home.KeeperPidAsync();
        var daemon = await home.DaemonPidAsync();

        // No daemon can be started any more, and the one there is dies.
        File.Delete(binary);
        TspmHome.Signal(daemon, SigKill);
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("daemon", "status")).Errors.Contains(
                    "keeps dying",
                    StringComparison.Ordinal
                ),
            "no daemon"
        );
        var status = await home.RunAsync("daemon", "status");
        var ended = await home.RunAsync("shutdown");

        Assert.Equal(4, status.ExitCode);
        Assert.Contains("programs run on", status.Errors);
        Assert.Contains("; 2 programs", status.Output);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Equal(["good", "deaf"], ended.Lines.Select(line => line.Split(' ')[0]));
        Assert.All(pids.Append(keeper), pid => Assert.False(TspmHome.IsAlive(pid)));

        // What was stopped without a daemon is not tried again by the next one.
        var next = await home.RunAsync("list");
        Assert.Contains("2 programs ran", next.Errors);
        Assert.Equal(2, next.Output.Split("stopped").Length - 1);
    }

    [Fact]
    public async Task A_daemon_that_hangs_does_not_keep_anything_alive()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "exec sleep 100");
        var keeper = await home.KeeperPidAsync();
        TspmHome.Signal(await home.DaemonPidAsync(), SigStop);

        var ended = await home.RunAsync("shutdown", "--timeout", "1s");

        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains("the keeper stops everything", ended.Errors);
        Assert.False(TspmHome.IsAlive(keeper));
    }

    [Fact]
    public async Task Who_is_alive_after_a_shutdown_is_named_and_the_command_ends_with_9()
    {
        await using var home = new TspmHome();

        // The child inherits that SIGTERM is ignored; its parent, the leader, does not ignore it any more when it tells.
        await home.StartShellAsync(
            "web",
            "trap '' TERM; sleep 1000 & trap - TERM; echo child $! here; wait"
        );
        await home.RunAsync("wait", "web", "--for", "log:/here/");
        var log = await home.RunAsync("logs", "web", "-n", "all", "--no-events", "--raw");
        var child = int.Parse(
            log.Lines[0].Split(' ')[1],
            System.Globalization.CultureInfo.InvariantCulture
        );
        TspmHome.Signal(await home.DaemonPidAsync(), SigStop);

        // The grace is the leader's, which ends at once; were it killed for being slow, its group would be too.
        var ended = await home.RunAsync("shutdown", "--timeout", "50s");

        var isAlive = TspmHome.IsAlive(child);
        if (isAlive)
        {
            TspmHome.Signal(child, SigKill);
            await TspmHome.GoneAsync(child);
        }

        Assert.True(isAlive && ended.ExitCode == 9, ended.ToString());
        Assert.Contains($"web: still alive: pid {child}", ended.Errors);
    }

    [Fact]
    public async Task Where_nothing_runs_there_is_nothing_to_do()
    {
        await using var home = new TspmHome();

        var ended = await home.RunAsync("shutdown");

        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("no daemon runs", ended.Errors);
    }

    /// <summary>The program in a place of its own, so that it can be taken away.</summary>
    private static string Copy(string place)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!, (UnixFileMode)0x1C0);
        Directory.CreateDirectory(place);
        var source = Path.GetDirectoryName(TspmHome.Binary)!;
        var isSingle = !File.Exists(Path.Join(source, "tspm.dll"));
        foreach (var file in isSingle ? [TspmHome.Binary] : Directory.GetFiles(source))
        {
            File.Copy(file, Path.Join(place, Path.GetFileName(file)));
        }

        return Path.Join(place, "tspm");
    }
}
