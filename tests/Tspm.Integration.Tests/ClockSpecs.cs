using System.Globalization;

namespace Tspm.Integration.Tests;

/// <summary>The wall clock of keeper, daemon and programs is set while they run (tests/faults): numbers, order and timers do not care, readers are told.</summary>
public sealed class ClockSpecs
{
    private const double Hour = 3_600;
    private const double TenYears = 10 * 365 * 24 * Hour;

    [Fact]
    public async Task A_clock_that_is_set_back_and_forth_costs_nothing_and_is_told_where_it_happened()
    {
        await using var home = new TspmHome();
        using var clock = new PreloadedFaults(home);
        var (back, forth) = (home.Root + ".back", home.Root + ".forth");
        await home.StartKidAsync(
            "web",
            ["print", "500", "wait", back, "print", "500", "wait", forth, "print", "500", "sleep"]
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json", "--receipt");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));
        clock.SetClock(-Hour);
        await File.WriteAllTextAsync(back, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 500\"")));
        clock.SetClock(TenYears);
        await File.WriteAllTextAsync(forth, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"line 500\"")));
        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var shown = await home.RunAsync("logs", "web", "-n", "all");
        File.Delete(back);
        File.Delete(forth);

        Assert.Equal(
            Enumerable.Range(1, rows.Count).Select(seq => (long)seq),
            rows.Select(row => row.Seq)
        );
        Assert.Equal(Numbered(500, 500, 500), Lines(rows));
        Assert.Equal(
            rows.Select(row => row.Fields.ToString()),
            stored.Select(row => row.Fields.ToString())
        );
        var steps = rows.Where(row => row.What == "clock-step").ToList();
        Assert.Equal(2, steps.Count);
        Assert.Equal(-Hour, Delta(steps[0]), 1.0);
        Assert.Equal(TenYears + Hour, Delta(steps[1]), 1.0);

        // Each stands between the last line of the old time and the first of the new one.
        Assert.Equal("line 500", rows[(int)steps[0].Seq - 2].Text);
        Assert.Equal("line 1", rows[(int)steps[0].Seq].Text);
        Assert.Equal("line 500", rows[(int)steps[1].Seq - 2].Text);
        Assert.Contains("clock moved back 3600.", shown.Output, StringComparison.Ordinal);
        Assert.Contains("clock moved forward 3153", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timers_go_on_when_the_clock_is_set_back()
    {
        await using var home = new TspmHome();
        using var clock = new PreloadedFaults(home);
        await home.RunAsync(
            "start",
            "--name",
            "crash",
            "--",
            "/bin/sh",
            "-c",
            "sleep 0.05; exit 1"
        );
        await RunReachedAsync(home, 2);
        clock.SetClock(-Hour);

        // Its back-off is not an hour longer, and an unfinished line shows while its program goes on.
        await RunReachedAsync(home, await RunAsync(home) + 2);
        await home.StartShellAsync("prompt", "printf 'name? '; exec sleep 600");
        var follow = home.StartFollow("logs", "prompt", "-f", "-n", "all", "-o", "json");

        Assert.Contains(
            "name? ",
            (await follow.ReadUntilAsync("name?"))[^1],
            StringComparison.Ordinal
        );
    }

    private static Task RunReachedAsync(TspmHome home, int run) =>
        TspmHome.UntilAsync(async () => await RunAsync(home) >= run, $"run {run}");

    private static async Task<int> RunAsync(TspmHome home) =>
        (await home.JsonAsync("describe", "crash", "--json")).GetProperty("run").GetInt32();

    private static double Delta(LogRow row) => row.Fields.GetProperty("deltaSeconds").GetDouble();

    private static List<LogRow> Rows(IEnumerable<string> lines) => [.. lines.Select(LogRow.Read)];

    private static IEnumerable<string> Lines(IEnumerable<LogRow> rows) =>
        rows.Where(row => row.Kind == "log").Select(row => row.Text);

    private static IEnumerable<string> Numbered(params int[] counts) =>
        counts
            .SelectMany(count => Enumerable.Range(1, count))
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"));
}
