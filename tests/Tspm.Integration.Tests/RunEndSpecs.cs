using System.Diagnostics;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>The two steps of a run's end: the leader was reaped, the output is complete or cut; and who may start a daemon.</summary>
public sealed class RunEndSpecs
{
    [Fact]
    public async Task A_grandchild_that_keeps_the_pipe_delays_no_exit_and_its_late_lines_are_of_its_run()
    {
        await using var home = new TspmHome();
        var gate = home.Root + ".gate";
        try
        {
            var watch = Stopwatch.StartNew();
            await home.StartShellAsync(
                "web",
                $"(while [ ! -e {gate} ]; do sleep 0.05; done; echo late) & echo early; exit 3"
            );
            var state = await home.RunAsync("wait", "web", "--for", "exited", "--timeout", "20s");
            Assert.Equal(0, state.ExitCode);
            await TspmHome.UntilAsync(
                async () => (await EntriesAsync(home)).Any(one => one.What == "run-exit"),
                "the end is told though the pipe is open"
            );

            // Nothing waits for it: the next run is there before the orphan ends.
            Assert.Equal(0, (await home.RunAsync("start", "web")).ExitCode);
            await TspmHome.UntilAsync(
                async () => (await EntriesAsync(home)).Count(one => one.Text == "early") == 2,
                "the next run prints"
            );
            await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
            await TspmHome.UntilAsync(
                async () => (await EntriesAsync(home)).Count(one => one.Text == "late") == 2,
                "what the orphans of both runs print is there: none waits for the gate any more"
            );

            var entries = await EntriesAsync(home);
            var exit = entries.First(one => one is { What: "run-exit", Run: 1 });
            Assert.Equal((3, "cut"), (exit.Code, exit.Drain));
            var late = entries.First(one => one is { Text: "late", Run: 1 });
            Assert.True(late.Seq > exit.Seq, $"late {late.Seq}, exit {exit.Seq}");
            Assert.DoesNotContain(
                entries,
                one => one.Run == 1 && one.Seq > exit.Seq && one.Text is not ("late" or "")
            );
        }
        finally
        {
            File.Delete(gate);
        }
    }

    [Fact]
    public async Task Started_by_tspm_eight_times_over_no_daemon_is_started()
    {
        await using var home = new TspmHome();
        home.Variables["TSPM_DEPTH"] = "8";

        var refused = await home.RunAsync("start", "--name", "web", "--", "/bin/sleep", "600");
        var isThere = File.Exists(Path.Join(home.Root, "keeper.lock"));
        home.Variables["TSPM_DEPTH"] = "7";
        var allowed = await home.RunAsync("start", "--name", "web", "--", "/bin/sleep", "600");

        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("8 times over", refused.Errors, StringComparison.Ordinal);
        Assert.False(isThere);
        Assert.Equal(0, allowed.ExitCode);
    }

    private static async Task<List<Entry>> EntriesAsync(TspmHome home)
    {
        var result = await home.RunAsync("logs", "web", "-n", "all", "-o", "json");
        return [.. result.Lines.Select(line => Entry.Of(JsonDocument.Parse(line).RootElement))];
    }

    private sealed record Entry(long Seq, int Run, string Text, string What, int Code, string Drain)
    {
        public static Entry Of(JsonElement row) =>
            new(
                row.GetProperty("seq").GetInt64(),
                row.GetProperty("run").GetInt32(),
                TextOf(row, "msg"),
                TextOf(row, "what"),
                row.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number
                    ? code.GetInt32()
                    : -1,
                TextOf(row, "drain")
            );

        private static string TextOf(JsonElement row, string name) =>
            row.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : "";
    }
}
