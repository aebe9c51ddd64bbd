using System.Globalization;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>The seed's four, and what a follower is promised, on real processes.</summary>
public sealed class StreamingSpecs
{
    [Fact]
    public async Task History_and_live_come_as_one_sequence()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.02; done"
        );

        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
        var lines = await follow.ReadUntilAsync("line 60");

        Assert.Equal(Enumerable.Range(1, 60).Select(i => $"line {i}"), lines);
    }

    [Fact]
    public async Task A_flood_reaches_the_follower_without_a_gap()
    {
        const int count = 300_000;
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "flood",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            $"seq 1 {count}"
        );

        var result = await home.ShellAsync(
            $"$T logs flood -f -n all --no-events | head -n {count} | sha256sum; seq 1 {count} | sha256sum"
        );

        Assert.Equal(2, result.Lines.Length);
        Assert.Equal(result.Lines[1], result.Lines[0]);
    }

    [Fact]
    public async Task A_restart_is_told_between_the_last_line_of_one_run_and_the_first_of_the_next()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "echo begin; exec sleep 600"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-o", "json");
        await follow.ReadUntilAsync("\"msg\":\"begin\"");

        await home.RunAsync("restart", "web");
        var lines = await follow.ReadUntilAsync("\"msg\":\"begin\"");

        var kinds = lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(
            ["stopping", "run-exit", "run-start"],
            kinds
                .Where(kind => kind.GetProperty("kind").GetString() == "event")
                .Select(kind => kind.GetProperty("what").GetString())
        );
        Assert.Equal(2, kinds[^1].GetProperty("run").GetInt32());
        var seqs = kinds.Select(kind => kind.GetProperty("seq").GetInt64()).ToList();
        Assert.Equal(Enumerable.Range(0, seqs.Count).Select(i => seqs[0] + i), seqs);
    }

    [Fact]
    public async Task A_killed_daemon_costs_the_follower_nothing()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.005; done"
        );
        var before = await home.JsonAsync("describe", "web", "--json");
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
        var lines = await follow.ReadUntilAsync("line 50");

        TspmHome.Signal(await home.DaemonPidAsync(), 9);
        lines.AddRange(await follow.ReadUntilAsync("line 400"));

        var numbers = lines
            .Where(line => line.StartsWith("line ", StringComparison.Ordinal))
            .Select(line => int.Parse(line[5..], CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(1, 400), numbers);
        Assert.Contains(
            lines,
            line => line.Contains("reconnected to a new daemon", StringComparison.Ordinal)
        );
        var after = await home.JsonAsync("describe", "web", "--json");
        Assert.Equal(before.GetProperty("pid").GetInt32(), after.GetProperty("pid").GetInt32());
        Assert.Equal(1, after.GetProperty("run").GetInt32());
    }

    [Fact]
    public async Task What_left_the_ring_comes_from_disk_or_is_told_exactly()
    {
        const int count = 50_000;
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            $"i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo line $i; done"
        );
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
                == "exited",
            "the program ends"
        );

        var filled = await home.RunAsync("logs", "web", "-n", "all", "--no-events", "--receipt");

        Assert.Equal(Enumerable.Range(1, count).Select(i => $"line {i}"), filled.Lines);
        Assert.Contains($"{count} shown", filled.Errors, StringComparison.Ordinal);
        Assert.Contains("0 lost", filled.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_line_without_newline_comes_before_the_exit()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "echo one; printf two"
        );
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
                == "exited",
            "the program ends"
        );

        var result = await home.RunAsync("logs", "web", "-o", "json");

        var entries = result.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal("two", entries[^2].GetProperty("msg").GetString());
        Assert.Equal("run-exit", entries[^1].GetProperty("what").GetString());
    }

    [Fact]
    public async Task Each_of_fifty_fast_exits_keeps_all_its_output()
    {
        await using var home = new TspmHome();
        var starts = Enumerable
            .Range(1, 50)
            .Select(i =>
                home.RunAsync(
                    "start",
                    "--restart",
                    "never",
                    "--name",
                    $"fast-{i}",
                    "--",
                    "/bin/sh",
                    "-c",
                    $"echo a{i}; echo b{i} >&2; printf c{i}"
                )
            );
        await Task.WhenAll(starts);
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))
                    .EnumerateArray()
                    .All(one => one.GetProperty("status").GetString() == "exited"),
            "all have ended"
        );

        for (var i = 1; i <= 50; i++)
        {
            var result = await home.RunAsync("logs", $"fast-{i}", "--no-events", "--no-prefix");
            Assert.Equal([$"a{i}", $"b{i}", $"c{i}"], result.Lines.Order());
        }
    }

    [Fact]
    public async Task Several_logs_are_merged_with_prefixes()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "a",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "echo from-a"
        );
        await home.RunAsync(
            "start",
            "--name",
            "bb",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "echo from-b >&2"
        );
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))
                    .EnumerateArray()
                    .All(one => one.GetProperty("status").GetString() == "exited"),
            "both have ended"
        );

        var result = await home.RunAsync("logs", "--no-events");

        Assert.Contains("a  | from-a", result.Output, StringComparison.Ordinal);
        Assert.Contains("bb ! from-b", result.Output, StringComparison.Ordinal);
    }
}
