using System.Globalization;

namespace Tspm.Integration.Tests;

/// <summary>System calls of the real keeper and daemon fail, by a preloaded library (tests/faults/faults.c): short writes, EIO, failed syncs.</summary>
/// <remarks>Only the published binary is linked with libc, so that its calls can be caught.</remarks>
public sealed class PreloadedFaultSpecs
{
    private const string InputOutput = "\"errno\":5";

    [Fact]
    public async Task Short_writes_cost_nothing()
    {
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        faults.Plan("short");

        await home.PrintedAsync("web", 20_000);
        var rows = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var verify = await home.RunAsync("logs", "verify");

        Assert.Equal(Numbered(20_000), Lines(rows));
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task A_disk_that_answers_EIO_for_a_while_is_told_and_costs_nothing()
    {
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        var (fail, heal) = (home.Root + ".fail", home.Root + ".heal");
        var follow = await FollowGatedAsync(home, fail, heal);
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));
        faults.Plan("write");
        await File.WriteAllTextAsync(fail, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 3000\"")));
        faults.Plan("");
        await File.WriteAllTextAsync(heal, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 700\"")));
        if (!rows.Any(row => row.Of("state") == "resumed"))
        {
            rows.AddRange(Rows(await follow.ReadUntilAsync("\"resumed\"")));
        }

        File.Delete(fail);
        File.Delete(heal);
        Assert.Equal(
            Enumerable.Range(1, rows.Count).Select(seq => (long)seq),
            rows.Select(row => row.Seq)
        );
        Assert.Equal(Numbered(500, 3_000, 700), Lines(rows));
        var told = rows.First(row => row.What == "disk");
        Assert.Equal("failed", told.Of("state"));
        Assert.Contains(InputOutput, told.Fields.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quota_that_is_used_up_is_told_as_such_and_costs_nothing()
    {
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        var (fail, heal) = (home.Root + ".fail", home.Root + ".heal");
        var follow = await FollowGatedAsync(home, fail, heal);
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));

        faults.Plan("quota");
        await File.WriteAllTextAsync(fail, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 3000\"")));
        await StateIsAsync(home, "quota");
        faults.Plan("");
        // Its stream and its index come home although it prints nothing.
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"resumed\"")));
        await StateIsAsync(home, "ok");
        await File.WriteAllTextAsync(heal, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 700\"")));
        var events = await home.RunAsync("events", "web");
        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var verify = await home.RunAsync("logs", "verify");
        File.Delete(fail);
        File.Delete(heal);

        Assert.Equal(Numbered(500, 3_000, 700), Lines(rows));
        Assert.Equal(Numbered(500, 3_000, 700), Lines(stored));
        Assert.Equal(
            ["quota", "resumed"],
            rows.Where(row => row.What == "disk").Select(row => row.Of("state"))
        );
        Assert.Contains("quota", events.Output, StringComparison.Ordinal);
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task A_daemon_that_is_killed_while_its_home_is_read_only_costs_no_line_and_no_program()
    {
        const int last = 20_000;
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        var (fail, done) = (home.Root + ".fail", home.Root + ".done");
        await home.StartKidAsync(
            "web",
            [
                "print",
                "500",
                "wait",
                fail,
                "print",
                $"{last}",
                "flow",
                "1000",
                "1",
                "/",
                done,
                "sleep",
            ]
        );
        var pid = (await home.JsonAsync("describe", "web", "--json")).GetProperty("pid").GetInt32();
        var daemon = await home.DaemonPidAsync();
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));

        faults.Plan("readonly");
        TspmHome.Signal(daemon, 9);
        await TspmHome.GoneAsync(daemon);
        await File.WriteAllTextAsync(fail, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            () => Task.FromResult(File.Exists(done)),
            "the program ran on without a daemon"
        );
        faults.Plan("");
        rows.AddRange(Rows(await follow.ReadUntilAsync($"\"line {last}\"")));
        await StateIsAsync(home, "ok");
        var view = await home.JsonAsync("describe", "web", "--json");
        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var verify = await home.RunAsync("logs", "verify");
        File.Delete(fail);
        File.Delete(done);

        Assert.Equal(pid, view.GetProperty("pid").GetInt32());
        Assert.Equal(1, view.GetProperty("run").GetInt32());
        Assert.Equal(Numbered(500, last), Lines(rows).Where(IsNumbered));
        Assert.Equal(Numbered(500, last), Lines(stored).Where(IsNumbered));
        Assert.DoesNotContain(rows, row => row.Kind == "gap");
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task A_sync_that_fails_is_told_and_so_is_one_that_works_again_though_nothing_more_is_printed()
    {
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        var more = home.Root + ".more";
        await home.StartKidAsync("web", ["print", "500", "wait", more, "print", "700", "sleep"]);
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));
        faults.Plan("sync");
        await File.WriteAllTextAsync(more, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 700\"")));
        if (!rows.Any(row => row.What == "disk"))
        {
            rows.AddRange(Rows(await follow.ReadUntilAsync("\"disk\"")));
        }

        // Nothing more is printed, and yet it is seen that the device works.
        faults.Plan("");
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"resumed\"")));
        await StateIsAsync(home, "ok");
        File.Delete(more);
        Assert.Equal(Numbered(500, 700), Lines(rows));
        Assert.Equal("sync-failed", rows.First(row => row.What == "disk").Of("state"));
        var verify = await home.RunAsync("logs", "verify");
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task While_nothing_takes_a_byte_programs_are_stopped_all_the_same_and_it_is_entered_in_order_when_something_does()
    {
        await using var home = new TspmHome();
        using var faults = OfPublished(home);
        await home.StartKidAsync("web", "print", "500", "sleep");
        var pid = (await home.JsonAsync("describe", "web", "--json")).GetProperty("pid").GetInt32();
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));
        faults.Plan("write spill");
        var stop = home.StartFollow("stop", "web");
        await TspmHome.GoneAsync(pid);

        // Neither its index nor the journal can be written now.
        faults.Plan("");
        var code = await stop.WaitAsync();
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"run-exit\"")));

        Assert.Equal(0, code);
        Assert.Equal(
            Enumerable.Range(1, rows.Count).Select(seq => (long)seq),
            rows.Select(row => row.Seq)
        );
        Assert.Equal(Numbered(500), Lines(rows));
        Assert.Equal(
            ["run-start", "stopping", "run-exit"],
            rows.Select(row => row.What)
                .Where(what => what is "run-start" or "stopping" or "run-exit")
        );
        await home.RunAsync("start", "web");
        Assert.Equal(0, (await home.RunAsync("logs", "verify")).ExitCode);
    }

    /// <summary>500 lines, 3,000 when the disk has begun to fail, 700 when it is well again.</summary>
    private static async Task<Follow> FollowGatedAsync(TspmHome home, string fail, string heal)
    {
        await home.StartKidAsync(
            "web",
            ["print", "500", "wait", fail, "print", "3000", "wait", heal, "print", "700", "sleep"]
        );
        return home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
    }

    private static Task StateIsAsync(TspmHome home, string state) =>
        TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("describe", "web", "--json"))
                    .GetProperty("counters")
                    .GetProperty("diskState")
                    .GetString() == state,
            $"its disk is {state}"
        );

    private static PreloadedFaults OfPublished(TspmHome home)
    {
        Assert.SkipWhen(
            File.Exists(TspmHome.Binary + ".dll"),
            "not the published binary: its calls do not pass a preloaded library"
        );
        return new PreloadedFaults(home);
    }

    private static List<LogRow> Rows(IEnumerable<string> lines) => [.. lines.Select(LogRow.Read)];

    private static IEnumerable<string> Lines(IEnumerable<LogRow> rows) =>
        rows.Where(row => row.Kind == "log").Select(row => row.Text);

    /// <summary>Not one of the lines that tell a gate's time.</summary>
    private static bool IsNumbered(string line) =>
        line.StartsWith("line ", StringComparison.Ordinal);

    private static IEnumerable<string> Numbered(params int[] counts) =>
        counts
            .SelectMany(count => Enumerable.Range(1, count))
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"));
}
