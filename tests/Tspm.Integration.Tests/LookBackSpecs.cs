using System.Globalization;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Looking back on real programs: ranges, order, context, reports, exports.</summary>
public sealed class LookBackSpecs
{
    [Fact]
    public async Task Ranges_of_time_are_those_of_a_naive_model()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.03; done");
        await home.EndedAsync("web");
        var all = await EntriesAsync(home, "logs", "web", "-n", "all", "-o", "json");
        var times = all.Select(one => one.Time).Distinct().ToList();
        Assert.True(times.Count > 3, "the lines came in one piece");

        foreach (var (since, until) in new[] { (0, 2), (1, 3), (2, times.Count - 1), (3, 3) })
        {
            var found = await EntriesAsync(
                home,
                "logs",
                "web",
                "--since",
                times[since],
                "--until",
                times[until],
                "-o",
                "json"
            );

            Assert.Equal(all.Where(one => Between(one.Time, times[since], times[until])), found);
        }
    }

    [Fact]
    public async Task Reverse_is_the_same_turned_round_over_all_processes()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("a", "print", "3000", "err", "x", "print", "5");
        await home.EndedAsync("a");
        await home.StartKidAsync("b", "print", "40");
        await home.EndedAsync("b");
        var forwards = await EntriesAsync(home, "logs", "-n", "all", "-o", "json");

        var backwards = await EntriesAsync(home, "logs", "-n", "all", "-r", "-o", "json");
        var newest = await EntriesAsync(home, "logs", "a", "-n", "7", "-r", "-o", "json");
        var matching = await EntriesAsync(home, "logs", "-r", "-g", "line 7$", "-o", "json");

        Assert.Equal(forwards.AsEnumerable().Reverse().Order(ByLog), backwards.Order(ByLog));
        Assert.Equal(forwards.Where(one => one.Name == "a").Reverse().Take(7), newest);
        Assert.Equal(
            ["line 7", "line 7"],
            matching.Where(one => one.Text.Length > 0).Select(one => one.Text)
        );
    }

    [Fact]
    public async Task Context_comes_with_separators_and_also_in_a_follow()
    {
        await using var home = new TspmHome();
        var go = Path.Join(home.Root, "go");
        await home.StartKidAsync("web", "print", "20", "wait", go, "print", "4", "sleep");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "web", "-n", "1")).Output.Contains(
                    "line 20",
                    StringComparison.Ordinal
                ),
            "20 lines"
        );

        var found = await home.RunAsync(
            "logs",
            "web",
            "-g",
            "line (4|5|12)$",
            "-C",
            "1",
            "--no-events"
        );
        var follow = home.StartFollow(
            "logs",
            "web",
            "-f",
            "-n",
            "all",
            "-g",
            "line 3$",
            "-B",
            "2",
            "--no-events"
        );
        var first = new[]
        {
            await follow.ReadAsync(),
            await follow.ReadAsync(),
            await follow.ReadAsync(),
        };
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        var second = await follow.ReadUntilAsync("line 3");

        Assert.Equal(
            ["line 3", "line 4", "line 5", "line 6", "--", "line 11", "line 12", "line 13"],
            found.Lines
        );
        Assert.Equal(["line 1", "line 2", "line 3"], first);
        Assert.Equal(["--", "line 1", "line 2", "line 3"], second);
    }

    [Fact]
    public async Task A_follow_with_an_end_ends_there()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "3", "sleep");

        var until = DateTimeOffset.UtcNow.AddSeconds(1).ToString("O", CultureInfo.InvariantCulture);
        var result = await home.RunAsync("logs", "web", "-f", "-n", "all", "--until", until);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("line 3", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--since", "2026-13-01")]
    [InlineData(2, "--since", "2999-01-01")]
    [InlineData(2, "--since", "1m", "--until", "2m")]
    [InlineData(2, "--around", "5s")]
    [InlineData(2, "-r", "-f")]
    [InlineData(2, "-C", "3")]
    [InlineData(2, "-n", "-5")]
    [InlineData(3, "--run", "99")]
    [InlineData(3, "--run", "-7")]
    public async Task Ranges_that_make_no_sense_are_refused(int exit, params string[] words)
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "3");
        await home.EndedAsync("web");

        var result = await home.RunAsync(["logs", "web", .. words]);

        Assert.Equal(exit, result.ExitCode);
        Assert.StartsWith("tspm: ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_run_has_a_report_that_outlives_its_log()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "1500", "err", "no port", "exit", "7");
        await home.EndedAsync("web");
        await TspmHome.UntilAsync(
            () => Task.FromResult(Files(home, "1.json").Length == 1),
            "the report is written"
        );

        foreach (var file in Files(home, "out.*"))
        {
            // As retention would.
            await File.WriteAllBytesAsync(file, [], TestContext.Current.CancellationToken);
        }

        var text = await home.RunAsync("why", "web");
        var json = await home.JsonAsync("why", "web", "-n", "1000", "--json");
        var list = await home.RunAsync("why", "web", "--list");

        Assert.Contains("exited with code 7", text.Output, StringComparison.Ordinal);
        Assert.Contains("! no port", text.Output, StringComparison.Ordinal);
        Assert.Contains("| line 1500", text.Output, StringComparison.Ordinal);
        Assert.Contains("policy never", text.Output, StringComparison.Ordinal);
        Assert.Equal(7, json.GetProperty("run").GetProperty("code").GetInt32());
        // The line of standard error comes along, however the two streams interleaved.
        Assert.InRange(json.GetProperty("run").GetProperty("entries").GetInt32(), 1000, 1001);
        Assert.Equal(501, json.GetProperty("run").GetProperty("entriesBefore").GetInt32());
        Assert.Contains("exited with code 7", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_tells_a_signal_that_nobody_of_tspm_sent_and_one_that_it_did()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("gone", "echo hi; kill -9 $$");
        await home.EndedAsync("gone");
        await home.StartKidAsync("web", "print", "1", "sleep");
        await home.RunAsync("stop", "web");

        var gone = await home.JsonAsync("why", "gone", "--json");
        var web = await home.JsonAsync("why", "web", "--json");

        Assert.Equal("KILL", gone.GetProperty("run").GetProperty("signal").GetString());
        Assert.Equal("unknown", gone.GetProperty("run").GetProperty("by").GetString());
        Assert.Equal("tspm", web.GetProperty("run").GetProperty("by").GetString());
    }

    [Fact]
    public async Task Events_of_all_come_in_one_order()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("a", "print", "1");
        await home.EndedAsync("a");
        await home.StartKidAsync("b", "exit", "3");
        await home.EndedAsync("b");

        var all = await home.RunAsync("events");
        var newest = await home.RunAsync("events", "-n", "1", "-o", "json");
        var follow = home.StartFollow("events", "-f", "-n", "1");
        var first = await follow.ReadAsync();
        await home.StartKidAsync("c", "print", "1");
        var next = await follow.ReadAsync();

        Assert.Equal(["a", "a", "b", "b"], all.Lines.Select(line => line.Split(' ')[0]));
        Assert.Contains("\"code\":3", Assert.Single(newest.Lines), StringComparison.Ordinal);
        Assert.Contains("exited with code 3", first, StringComparison.Ordinal);
        Assert.Contains("run 1 started", next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_holds_what_was_printed_and_never_replaces_a_file()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "40", "hex", "1b5b324a0d780a", "fill", "70000");
        await home.EndedAsync("web");
        var path = Path.Join(home.Root, "web.jsonl");

        var made = await home.RunAsync("logs", "export", "web", "--out", path);
        var again = await home.RunAsync("logs", "export", "web", "--out", path);
        var forced = await home.RunAsync("logs", "export", "web", "--out", path, "--force");
        var cri = await home.RunAsync("logs", "export", "web", "--format", "cri", "--no-events");
        var plain = await EntriesAsync(home, "logs", "web", "-n", "all", "-o", "json");

        Assert.Equal((0, 6, 0), (made.ExitCode, again.ExitCode, forced.ExitCode));
        Assert.Equal(
            plain,
            (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Select(Read)
        );
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(44, cri.Lines.Length);
        Assert.All(
            cri.Lines,
            line => Assert.Matches("^[0-9T:.-]{29}Z stdout [PF] [^\r\u001b]*$", line)
        );
        Assert.Equal(
            2,
            cri.Lines.Count(line => line.Contains(" stdout P ", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task An_export_of_a_window_of_all_is_the_same_in_each_form_and_what_is_missing_is_a_line_of_it()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("a", "print", "30");
        await home.EndedAsync("a");
        await home.StartKidAsync("b", "print", "20", "err", "oops");
        await home.EndedAsync("b");
        var since = (await EntriesAsync(home, "logs", "b", "-n", "all", "-o", "json"))[0].Time;
        string[] window = ["--since", since, "--no-events"];
        var expected = await EntriesAsync(home, ["logs", .. window, "-o", "json"]);

        foreach (var form in new[] { "log", "jsonl", "cri" })
        {
            var path = Path.Join(home.Root, "all." + form);
            var made = await home.RunAsync(["logs", "export", "--out", path, .. window]);
            var told = await home.RunAsync(["logs", "export", "--format", form, .. window]);
            var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);

            Assert.True(made.ExitCode == 0, made.ToString());
            Assert.Equal(text, told.Output);
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(expected.Count, lines.Length);
            Assert.Equal(
                expected.Select(one => one.Text),
                form == "jsonl"
                    ? lines.Select(line => Read(line).Text)
                    : lines.Select(line =>
                        expected
                            .First(one => line.EndsWith(one.Text, StringComparison.Ordinal))
                            .Text
                    )
            );
        }

        await home.RunAsync("flush", "a", "-y");
        var gap = await home.RunAsync("logs", "export", "a", "--format", "log", "--fail-on-gap");
        Assert.Equal(10, gap.ExitCode);
        Assert.Contains("flushed", gap.Output, StringComparison.Ordinal);
        var nowhere = await home.RunAsync("logs", "export", "a", "--out", home.Root + "/no/a.log");
        Assert.NotEqual(0, nowhere.ExitCode);
        Assert.Empty(Directory.GetFiles(home.Root, "*.new"));
    }

    [Fact]
    public async Task Describe_counts_what_the_log_holds()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "40", "err", "x", "fill", "70000");
        await home.EndedAsync("web");

        var counters = (await home.JsonAsync("describe", "web", "--json")).GetProperty("counters");

        var expected = Enumerable.Range(1, 40).Sum(i => $"line {i}\n".Length) + 2 + 70_000;
        Assert.Equal(43, counters.GetProperty("out").GetInt64());
        Assert.Equal(1, counters.GetProperty("err").GetInt64());
        Assert.Equal(2, counters.GetProperty("events").GetInt64());
        Assert.Equal(46, counters.GetProperty("entries").GetInt64());
        Assert.Equal(expected, counters.GetProperty("bytes").GetInt64());
        Assert.Equal(2, counters.GetProperty("parts").GetInt64());
        Assert.True(counters.GetProperty("diskBytes").GetInt64() > expected);
    }

    [Fact]
    public async Task What_was_flushed_is_a_gap_and_numbers_go_on()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "40");
        await home.EndedAsync("web");

        var refused = await home.RunAsync("flush", "web");
        var flushed = await home.RunAsync("flush", "web", "-y");
        var logs = await home.RunAsync("logs", "web", "-n", "all");
        var turned = await home.RunAsync("logs", "web", "-n", "all", "-r");
        var counters = (await home.JsonAsync("describe", "web", "--json")).GetProperty("counters");

        Assert.Equal((2, 0), (refused.ExitCode, flushed.ExitCode));
        Assert.Matches("42 entries flushed, [0-9.]+ (B|KiB) of disk free", flushed.Output);
        Assert.Contains(
            "42 entries missing (seq 1..42): the log was flushed",
            logs.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("the log was flushed", turned.Lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("line 7", logs.Output, StringComparison.Ordinal);
        var lost = Assert.Single(counters.GetProperty("lost").EnumerateArray());
        Assert.Equal("flushed", lost.GetProperty("reason").GetString());
        Assert.Equal(42, lost.GetProperty("count").GetInt64());
    }

    [Fact]
    public async Task Zeros_in_place_of_lines_are_a_gap_and_never_shown()
    {
        const int lines = 2_000;
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", $"{lines}");
        await home.EndedAsync("web");
        var path = Directory.GetFiles(home.Root, "out.*", SearchOption.AllDirectories).Single();
        ClearSecondBlock(path);

        var read = await home.RunAsync("logs", "web", "-n", "all", "--no-events");
        var stored = await home.RunAsync("logs", "web", "-n", "all", "-o", "json");
        var verify = await home.RunAsync("logs", "verify");

        Assert.DoesNotContain('\0', read.Output);
        var gaps = stored
            .Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.GetProperty("kind").GetString() == "gap")
            .ToList();
        Assert.All(gaps, gap => Assert.Equal("corrupt", gap.GetProperty("reason").GetString()));
        var missing = gaps.Sum(gap => gap.GetProperty("count").GetInt64());
        Assert.InRange(missing, 1, lines);
        Assert.Equal(lines + 2, stored.Lines.Length - gaps.Count + missing);
        Assert.Equal(12, verify.ExitCode);
    }

    /// <summary>Each stretch is a span; the pages after the first are holes from end to end, and as long as was guessed.</summary>
    [Fact]
    public async Task A_page_that_is_a_hole_from_end_to_end_ends_no_reading()
    {
        int[] stretches = [10, 10, 100, 100, 100];
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        await home.StartShellAsync(
            "web",
            string.Join(
                "; ",
                stretches.Select(
                    (count, i) =>
                        $"while [ ! -e {gate}.{i} ]; do sleep 0.01; done; printf 'line %s\\n' $(seq {count})"
                )
            )
        );
        for (var i = 0; i < stretches.Length; i++)
        {
            await File.WriteAllTextAsync($"{gate}.{i}", "", TestContext.Current.CancellationToken);
            var soFar = stretches[..(i + 1)].Sum();
            await TspmHome.UntilAsync(
                async () => (await LinesOfAsync(home)).Length == soFar,
                $"{soFar} lines are there"
            );
            File.Delete($"{gate}.{i}");
        }

        await home.EndedAsync("web");
        var path = Directory.GetFiles(home.Root, "out.*", SearchOption.AllDirectories).Single();
        var first = (await LinesOfAsync(home))[..stretches[0]].Sum(line => line.Length + 1);
        ClearFrom(path, first);

        var rows = (await home.RunAsync("logs", "web", "-n", "all", "--no-events", "-o", "json"))
            .Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        var gaps = rows.Where(row => row.GetProperty("kind").GetString() == "gap").ToList();

        Assert.All(gaps, gap => Assert.Equal("corrupt", gap.GetProperty("reason").GetString()));
        Assert.Equal(stretches[1..].Sum(), gaps.Sum(gap => gap.GetProperty("count").GetInt64()));
        Assert.Equal(stretches[0], rows.Count - gaps.Count);
    }

    private static async Task<string[]> LinesOfAsync(TspmHome home) =>
        (await home.RunAsync("logs", "web", "-n", "all", "--no-events", "--raw")).Lines;

    private static void ClearFrom(string path, int offset)
    {
        using var file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete
        );
        var length = (int)file.Length - offset;
        file.Position = offset;
        file.Write(new byte[length]);
    }

    private static void ClearSecondBlock(string path)
    {
        const int block = 4096;
        using var file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Write,
            FileShare.ReadWrite | FileShare.Delete
        );
        file.Position = block;
        file.Write(new byte[block]);
    }

    [Fact]
    public async Task A_flipped_bit_is_found()
    {
        await using var home = new TspmHome();
        await home.StartKidAsync("web", "print", "40");
        await home.EndedAsync("web");
        var good = await home.RunAsync("logs", "verify");
        var file = Files(home, "out.*").Single();
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[20] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        var bad = await home.RunAsync("logs", "verify");

        Assert.Equal(0, good.ExitCode);
        Assert.Contains("good", good.Output, StringComparison.Ordinal);
        Assert.Equal(12, bad.ExitCode);
        Assert.Contains("DAMAGED", bad.Output, StringComparison.Ordinal);
    }

    private static IComparer<Entry> ByLog { get; } =
        Comparer<Entry>.Create((left, right) => string.CompareOrdinal(left.Name, right.Name));

    private static string[] Files(TspmHome home, string pattern) =>
        Directory.GetFiles(home.Root, pattern, SearchOption.AllDirectories);

    private static bool Between(string time, string since, string until) =>
        string.CompareOrdinal(time, since) >= 0 && string.CompareOrdinal(time, until) <= 0;

    private static async Task<List<Entry>> EntriesAsync(TspmHome home, params string[] words)
    {
        var result = await home.RunAsync(words);
        Assert.True(result.ExitCode == 0, result.ToString());
        return [.. result.Lines.Select(Read)];
    }

    private static Entry Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new Entry(
            root.GetProperty("name").GetString()!,
            root.GetProperty("seq").GetInt64(),
            root.GetProperty("ts").GetString()!,
            root.TryGetProperty("msg", out var text) ? text.GetString()! : ""
        );
    }

    private sealed record Entry(string Name, long Seq, string Time, string Text);
}
