using System.Globalization;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>A real file system of 1 MiB that is full: before, during and after, with a follower attached.</summary>
public sealed class DiskFullSpecs
{
    private const int Lines = 12_000;
    private const int Flow = 3000;

    [Fact]
    public async Task A_full_disk_stops_nobody_is_told_and_is_left_again()
    {
        await using var disk = SmallDisk.Mount();
        await using var home = disk.NewHome();
        var (fill, free) = (disk.Gate("fill"), disk.Gate("free"));
        await home.StartKidAsync(
            "web",
            "print",
            "500",
            "wait",
            fill,
            "print",
            $"{Lines}",
            "wait",
            free,
            "flow",
            "500",
            "3000",
            "/",
            disk.Gate("count"),
            "sleep"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));

        disk.Fill();
        await File.WriteAllTextAsync(fill, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync($"\"line {Lines}\"")));
        var during = await StateAsync(home);
        disk.Free();
        await File.WriteAllTextAsync(free, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"resumed\"")));
        await TspmHome.UntilAsync(async () => await StateAsync(home) == "ok", "all is well again");
        var events = await home.RunAsync("events", "web");
        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var verify = await home.RunAsync("logs", "verify");

        Assert.Equal("full", during);
        Assert.Equal("full", rows.First(row => row.What == "disk").State);
        Assert.Contains(
            "the disk is full; output goes on in memory",
            events.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("the disk takes output again", events.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(rows, row => row.Kind == "gap");
        Assert.Equal(
            Enumerable.Range(1, rows.Count).Select(seq => (long)seq),
            rows.Select(row => row.Seq)
        );
        Assert.Contains(rows, row => !row.IsDurable);
        CheckLines(rows);
        CheckLines(stored);
        Assert.True(verify.ExitCode == 0, verify.Output + verify.Errors);
    }

    [Fact]
    public async Task A_program_that_prints_nothing_more_is_told_as_resumed_when_there_is_space()
    {
        await using var disk = SmallDisk.Mount();
        await using var home = disk.NewHome();
        var fill = disk.Gate("fill");
        await home.StartKidAsync("web", "print", "500", "wait", fill, "print", $"{Lines}", "sleep");
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));

        disk.Fill();
        await File.WriteAllTextAsync(fill, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync($"\"line {Lines}\"")));
        await TspmHome.UntilAsync(async () => await StateAsync(home) == "full", "it is full");
        disk.Free();
        rows.AddRange(Rows(await follow.ReadUntilAsync("\"resumed\"")));

        await TspmHome.UntilAsync(async () => await StateAsync(home) == "ok", "all is well again");
        Assert.Equal(
            ["full", "resumed"],
            rows.Where(row => row.What == "disk").Select(row => row.State)
        );
        Assert.DoesNotContain(rows, row => row.Kind == "gap");
    }

    [Theory]
    [InlineData("keeper.spilling")]
    [InlineData("keeper.returning")]
    [InlineData("")]
    public async Task A_keeper_that_dies_or_goes_on_as_another_while_the_disk_is_full_loses_no_line(
        string point
    )
    {
        await using var disk = SmallDisk.Mount();
        await using var home = disk.NewHome();
        var (fill, free, once) = (disk.Gate("fill"), disk.Gate("free"), disk.Gate("once"));
        home.Variables["TSPM_CRASH_AT"] = point;
        home.Variables["TSPM_CRASH_ONCE"] = once;
        await home.StartKidAsync(
            "web",
            "print",
            "500",
            "wait",
            fill,
            "print",
            $"{Lines}",
            "wait",
            free,
            "flow",
            "500",
            $"{Flow}",
            "/",
            disk.Gate("count"),
            "sleep"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
        var rows = Rows(await follow.ReadUntilAsync("\"line 500\""));
        if (point.Length > 0)
        {
            await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        }

        disk.Fill();
        await File.WriteAllTextAsync(fill, "", TestContext.Current.CancellationToken);
        rows.AddRange(Rows(await follow.ReadUntilAsync($"\"line {Lines}\"")));
        if (point.Length == 0)
        {
            var upgraded = await home.RunAsync("daemon", "upgrade");
            Assert.True(upgraded.ExitCode == 0, upgraded.ToString());
        }

        disk.Free();
        await File.WriteAllTextAsync(free, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            () => Task.FromResult(!File.Exists(once)),
            $"{point} was not passed"
        );
        await TspmHome.UntilAsync(async () => await StateAsync(home) == "ok", "all is well again");
        while (Joined(rows).Count(row => row.Text.Length > 0) < 500 + Lines + Flow)
        {
            rows.AddRange(Rows(await follow.ReadUntilAsync("")));
        }

        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);

        Assert.DoesNotContain(rows, row => row.Kind == "gap");
        CheckLines(Joined(rows));
        CheckLines(Joined(stored));
        Assert.Equal(
            ["full", "resumed"],
            rows.Where(row => row.What == "disk").Select(row => row.State)
        );
        var view = await home.JsonAsync("describe", "web", "--json");
        Assert.Equal(1, view.GetProperty("run").GetInt32());
    }

    [Fact]
    public async Task What_memory_cannot_hold_is_dropped_and_counted()
    {
        const int many = 1_100_000; // 12 MiB
        await using var disk = SmallDisk.Mount();
        await using var home = disk.NewHome();
        var fill = disk.Gate("fill");
        await home.StartKidAsync("web", "print", "500", "wait", fill, "print", $"{many}", "sleep");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "web", "-n", "1")).Output.Contains(
                    "line 500",
                    StringComparison.Ordinal
                ),
            "500 lines"
        );

        disk.Fill();
        await File.WriteAllTextAsync(fill, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "web", "-n", "1")).Output.Contains(
                    $"line {many}",
                    StringComparison.Ordinal
                ),
            "all lines"
        );
        var stored = Rows((await home.RunAsync("logs", "web", "-n", "all", "-o", "json")).Lines);
        var counters = (await home.JsonAsync("describe", "web", "--json")).GetProperty("counters");
        var wide = await home.RunAsync("list", "-o", "wide");

        var gaps = stored.Where(row => row.Kind == "gap").ToList();
        var shown = stored.Count(row => row.Text.Length > 0);
        var lost = gaps.Sum(row => row.Count);
        Assert.All(gaps, gap => Assert.Equal("dropped", gap.Reason));
        Assert.InRange(lost, many / 10, many);
        Assert.Equal(500 + many, shown + lost);
        Assert.Equal(
            lost,
            counters
                .GetProperty("lost")
                .EnumerateArray()
                .Sum(one => one.GetProperty("count").GetInt64())
        );
        Assert.Matches($"LOST.*\n.* {lost} .* full ", wide.Output);
    }

    /// <summary>All lines up to where it was read, each once.</summary>
    private static void CheckLines(List<Row> rows)
    {
        var lines = rows.Where(row => row.Text.Length > 0).Select(row => row.Text).ToList();
        var expected = Expected().ToList();
        Assert.Equal(expected, lines.Take(expected.Count));
        var after = lines.Skip(expected.Count).Select(line => line.Split(' ')[0]).ToList();
        Assert.Equal(
            Enumerable.Range(1, after.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)),
            after
        );
    }

    /// <summary>Lines that a pause has cut are one again.</summary>
    private static List<Row> Joined(List<Row> rows)
    {
        var whole = new List<Row>();
        var begun = "";
        foreach (var row in rows)
        {
            if (row.IsPart)
            {
                begun += row.Text;
            }
            else if (row.Kind == "log")
            {
                whole.Add(row with { Text = begun + row.Text });
                begun = "";
            }
        }

        return whole;
    }

    private static IEnumerable<string> Expected() =>
        new[] { 500, Lines }.SelectMany(count =>
            Enumerable
                .Range(1, count)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"))
        );

    private static async Task<string> StateAsync(TspmHome home) =>
        (await home.JsonAsync("describe", "web", "--json"))
            .GetProperty("counters")
            .GetProperty("diskState")
            .GetString()!;

    private static List<Row> Rows(IEnumerable<string> lines) => [.. lines.Select(Read)];

    private static Row Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new Row(
            Text("kind"),
            root.TryGetProperty("seq", out var seq) ? seq.GetInt64() : 0,
            Text("msg"),
            Text("what"),
            Text("state"),
            Text("reason"),
            root.TryGetProperty("count", out var count) ? count.GetInt64() : 0,
            !root.TryGetProperty("durable", out var durable) || durable.GetBoolean(),
            root.TryGetProperty("part", out var part) && !part.GetProperty("last").GetBoolean()
        );

        string Text(string name) =>
            root.TryGetProperty(name, out var text) ? text.GetString()! : "";
    }

    private sealed record Row(
        string Kind,
        long Seq,
        string Text,
        string What,
        string State,
        string Reason,
        long Count,
        bool IsDurable,
        bool IsPart
    );
}
