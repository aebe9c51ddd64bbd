using System.Globalization;

namespace Tspm.Integration.Tests;

/// <summary>What becomes of programs when tspm or the machine ends: nothing starts by surprise, and nothing is forgotten.</summary>
public sealed class BootSpecs
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigStop = 19;

    [Fact]
    public async Task After_a_reboot_nothing_starts_by_surprise_and_resurrect_is_named_and_works()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);
        await RebootAsync(home);

        var first = await home.RunAsync("list", "-o", "name");
        var list = await home.JsonAsync("list", "--json");

        Assert.Contains("tspm resurrect", first.Errors);
        Assert.All(list.EnumerateArray(), process => Assert.Equal("stopped", Status(process)));
        var dry = await home.RunAsync("resurrect", "--dry-run");
        Assert.Equal(["a would be started", "c would be started"], dry.Lines);
        var real = await home.RunAsync("resurrect");
        Assert.True(real.ExitCode == 0, real.ToString());
        Assert.Equal("running stopped running", await StatusesAsync(home));
        Assert.DoesNotContain("resurrect", (await home.RunAsync("list")).Errors);
    }

    [Fact]
    public async Task After_a_reboot_the_unit_s_keeper_starts_what_ran_in_its_order()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);
        await home.RunAsync("restart", "a");
        await RebootAsync(home);

        var keeper = home.StartKeeper("--resurrect");

        Assert.Equal("ready", await keeper.StandardOutput.ReadLineAsync(Token));
        await TspmHome.UntilAsync(
            async () => await StatusesAsync(home) == "running stopped running",
            "a and c run again, b does not"
        );
        var pids = (await home.JsonAsync("list", "--json"))
            .EnumerateArray()
            .Where(process => Status(process) == "running")
            .Select(process => StartTime(process.GetProperty("pid").GetInt32()))
            .ToList();
        Assert.True(pids[1] <= pids[0], "a was restarted after c, so c comes first");
    }

    [Fact]
    public async Task A_shutdown_is_remembered_and_a_program_that_was_stopped_stays_so()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);

        await home.RunAsync("shutdown", "--timeout", "1s");

        Assert.Equal("stopped stopped stopped", await StatusesAsync(home));
        var real = await home.RunAsync("resurrect");
        Assert.Equal(2, real.Lines.Length);
        Assert.Equal("running stopped running", await StatusesAsync(home));
    }

    [Fact]
    public async Task SIGTERM_to_the_keeper_is_a_shutdown()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);
        var keeper = await home.KeeperPidAsync();

        TspmHome.Signal(keeper, SigTerm);
        await TspmHome.GoneAsync(keeper);

        Assert.Equal("stopped stopped stopped", await StatusesAsync(home));
        Assert.Equal(2, (await home.RunAsync("resurrect", "--dry-run")).Lines.Length);
    }

    [Fact]
    public async Task A_second_SIGTERM_to_the_keeper_kills()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "deaf",
            "--stop-timeout",
            "10m",
            "--",
            "/bin/sh",
            "-c",
            "trap '' TERM; while :; do sleep 1; done"
        );
        var keeper = await home.KeeperPidAsync();

        TspmHome.Signal(keeper, SigTerm);
        await TspmHome.UntilAsync(
            async () => await StatusesAsync(home) == "stopping",
            "the first one is seen: two at once are one"
        );
        TspmHome.Signal(keeper, SigTerm);

        await TspmHome.GoneAsync(keeper);
    }

    [Fact]
    public async Task A_copy_of_the_list_brings_its_processes_to_another_home()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);
        var file = Path.Join(home.Root, "frozen");

        var saved = await home.RunAsync("save", "--file", file);

        Assert.True(saved.ExitCode == 0, saved.ToString());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using var other = new TspmHome();
        var real = await other.RunAsync("resurrect", "--file", file);
        Assert.True(real.ExitCode == 0, real.ToString());
        Assert.Equal("running stopped running", await StatusesAsync(other));
    }

    [Fact]
    public async Task A_damaged_copy_is_refused_and_left_alone()
    {
        await using var home = new TspmHome();
        await StartThreeAsync(home);
        var file = Path.Join(home.Root, "frozen");
        await home.RunAsync("save", "--file", file);
        var bytes = await File.ReadAllBytesAsync(file, Token);
        bytes[^2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Token);

        var refused = await home.RunAsync("resurrect", "--file", file);
        var overwritten = await home.RunAsync("save", "--file", file);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("checksum", refused.Errors);
        Assert.Equal(6, overwritten.ExitCode);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file, Token));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>a and c run, b was stopped.</summary>
    private static async Task StartThreeAsync(TspmHome home)
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            var started = await home.StartShellAsync(name, "exec sleep 1000");
            Assert.True(started.ExitCode == 0, started.ToString());
        }

        await home.RunAsync("stop", "b");
    }

    /// <summary>Everything dies at one moment, and the kernel has another boot id.</summary>
    private static async Task RebootAsync(TspmHome home)
    {
        List<int> pids = [await home.KeeperPidAsync(), await home.DaemonPidAsync()];
        pids.AddRange(
            (await home.JsonAsync("list", "--json"))
                .EnumerateArray()
                .Where(process => process.TryGetProperty("pid", out _))
                .Select(process => process.GetProperty("pid").GetInt32())
        );
        pids.ForEach(pid => TspmHome.Signal(pid, SigStop));
        pids.ForEach(pid => TspmHome.Signal(pid, SigKill));
        foreach (var pid in pids)
        {
            await TspmHome.UntilAsync(() => Task.FromResult(HasEnded(pid)), $"the end of {pid}");
        }

        var boot = Path.Join(home.Root, "boot-id");
        await File.WriteAllTextAsync(boot, Guid.NewGuid().ToString(), Token);
        home.Variables["TSPM_BOOT_ID_FILE"] = boot;
    }

    private static bool HasEnded(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string? Status(System.Text.Json.JsonElement process) =>
        process.GetProperty("status").GetString();

    private static long StartTime(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return long.Parse(
            stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19],
            CultureInfo.InvariantCulture
        );
    }

    private static async Task<string> StatusesAsync(TspmHome home) =>
        string.Join(' ', (await home.JsonAsync("list", "--json")).EnumerateArray().Select(Status));
}
