using System.Globalization;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Another program goes on as daemon and keeper: no program, no line and no exit code is lost, and what cannot take over changes nothing.</summary>
public sealed class UpgradeSpecs
{
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public async Task Daemon_and_keeper_are_replaced_in_place_under_a_flood()
    {
        await using var home = new TspmHome();
        var stop = Path.Join(Path.GetTempPath(), Path.GetRandomFileName());
        await home.StartShellAsync(
            "flood",
            $"i=0; while [ ! -e {stop} ]; do i=$((i+1)); echo $i; done; echo end; exit 7"
        );
        var pty = await home.RunAsync(
            "start",
            "--name",
            "pty",
            "--pty",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            $"while [ ! -e {stop} ]; do sleep 0.05; done; echo over; exit 5"
        );
        Assert.Equal(0, pty.ExitCode);
        var follow = home.StartFollow("logs", "flood", "-f", "--no-tail", "--raw", "--out", "-qq");
        await follow.ReadUntilAsync("1000");
        var before = await home.JsonAsync("daemon", "status", "--json");
        var pids = await PidsAsync(home);

        var upgraded = await home.RunAsync("daemon", "upgrade", "--binary", Wrap(home, "new1"));

        Assert.True(upgraded.ExitCode == 0, upgraded.ToString());
        var after = await home.JsonAsync("daemon", "status", "--json");
        Assert.Equal("new1", after.GetProperty("build").GetString());
        Assert.Equal("new1", after.GetProperty("keeper").GetProperty("build").GetString());
        Assert.Equal(1, after.GetProperty("keeper").GetProperty("reexecs").GetInt32());
        Assert.Equal(KeeperPid(before), KeeperPid(after));
        Assert.NotEqual(before.GetProperty("pid").GetInt32(), after.GetProperty("pid").GetInt32());
        Assert.Equal(pids, await PidsAsync(home));
        await File.WriteAllTextAsync(stop, "", TestContext.Current.CancellationToken);
        var next = 0;
        foreach (var line in await follow.ReadUntilAsync("end"))
        {
            if (next == 0)
            {
                next = int.Parse(line, CultureInfo.InvariantCulture);
            }

            Assert.Equal(line == "end" ? "end" : next.ToString(CultureInfo.InvariantCulture), line);
            next++;
        }

        await home.EndedAsync("flood");
        await home.EndedAsync("pty");
        Assert.Equal(7, await ExitCodeAsync(home, "flood"));
        Assert.Equal(5, await ExitCodeAsync(home, "pty"));
        Assert.Contains("over", (await home.RunAsync("logs", "pty", "--raw")).Output);
        File.Delete(stop);
    }

    [Fact]
    public async Task A_keeper_that_went_on_in_place_goes_on_again_and_spawns_and_stops()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("one", "exec sleep 100");
        await home.RunAsync("daemon", "upgrade", "--binary", Wrap(home, "new1"));

        var second = await home.RunAsync("daemon", "upgrade", "--binary", Wrap(home, "new2"));

        Assert.True(second.ExitCode == 0, second.ToString());
        await home.StartShellAsync("two", "echo hello; exec sleep 100");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "two", "--raw")).Output.Contains(
                    "hello",
                    StringComparison.Ordinal
                ),
            "a line of a program that was started after both"
        );
        var status = await home.JsonAsync("daemon", "status", "--json");
        Assert.Equal(2, status.GetProperty("keeper").GetProperty("reexecs").GetInt32());
        var stopped = await home.RunAsync("stop", "one", "two");
        Assert.True(stopped.ExitCode == 0, stopped.ToString());
    }

    [Fact]
    public async Task A_new_daemon_that_cannot_start_leaves_the_old_one_in_charge()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "exec sleep 100");
        var pids = await PidsAsync(home);
        var broken = Script(
            home,
            "broken",
            $"if [ \"$1\" = daemon ]; then exit 3; fi\nexec {TspmHome.Binary} \"$@\""
        );

        var refused = await home.RunAsync("daemon", "upgrade", "--binary", broken);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("could not start", refused.Errors);
        Assert.Contains("in charge again", refused.Errors);
        var status = await home.JsonAsync("daemon", "status", "--json");
        Assert.Equal("failed", status.GetProperty("keeper").GetProperty("upgrade").GetString());
        Assert.Equal(0, status.GetProperty("keeper").GetProperty("reexecs").GetInt32());
        Assert.Equal(pids, await PidsAsync(home));
    }

    [Theory]
    [InlineData("exit 0", "no tspm")]
    [InlineData("exit 9", "code 9")]
    [InlineData(
        "echo '{\"version\":\"9\",\"build\":\"b\",\"formats\":{\"protocol\":[9,9]}}'",
        "protocol 9"
    )]
    public async Task A_program_that_cannot_take_over_changes_nothing(string body, string reason)
    {
        await using var home = new TspmHome();
        var before = await home.DaemonPidOfStartAsync();

        var refused = await home.RunAsync(
            "daemon",
            "upgrade",
            "--binary",
            Script(home, "other", body)
        );

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(reason, refused.Errors);
        Assert.Contains("nothing was changed", refused.Errors);
        Assert.Equal(before, await home.DaemonPidAsync());
    }

    private static string Wrap(TspmHome home, string build) =>
        Script(home, build, $"TSPM_BUILD_ID={build} exec {TspmHome.Binary} \"$@\"");

    private static string Script(TspmHome home, string name, string body)
    {
        var path = Path.Join(home.Root, name);
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, Executable);
        return path;
    }

    private static int KeeperPid(JsonElement status) => status.GetProperty("keeperPid").GetInt32();

    private static async Task<string> PidsAsync(TspmHome home) =>
        string.Join(
            ' ',
            (await home.JsonAsync("list", "--json"))
                .EnumerateArray()
                .Select(process => process.GetProperty("pid").GetInt32())
        );

    private static async Task<int> ExitCodeAsync(TspmHome home, string name) =>
        (await home.JsonAsync("describe", name, "--json")).GetProperty("exitCode").GetInt32();
}
