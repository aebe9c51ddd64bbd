using System.Text;
using System.Text.Json;
using Tspm.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>Receipts, filters, runs, joining processes and waiting, on real processes.</summary>
public sealed class FollowSpecs
{
    [Fact]
    public async Task A_receipt_adds_up_to_what_the_child_recorded()
    {
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        await home.StartKidAsync("web", "record", record, "print", "30000", "exit", "0");
        await home.EndedAsync("web");

        var result = await home.RunAsync(
            "logs",
            "web",
            "-n",
            "all",
            "--receipt",
            "--no-events",
            "-o",
            "json"
        );

        var receipt = JsonDocument.Parse(result.Errors).RootElement;
        var written = await File.ReadAllLinesAsync(record, TestContext.Current.CancellationToken);
        Assert.Equal(written.Length, receipt.GetProperty("shown").GetInt64());
        Assert.Equal(
            receipt.GetProperty("last").GetInt64() - receipt.GetProperty("first").GetInt64() + 1,
            receipt.GetProperty("shown").GetInt64()
                + receipt.GetProperty("filtered").GetInt64()
                + receipt.GetProperty("lost").GetInt64()
        );
        File.Delete(record);
    }

    [Fact]
    public async Task A_filter_takes_place_in_the_daemon_and_is_no_gap()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "seq 1 40000; echo Careful >&2");
        await home.EndedAsync("web");

        var sevens = await home.RunAsync("logs", "web", "-g", "77$", "--no-events", "--receipt");
        var newest = await home.RunAsync("logs", "web", "-g", "77$", "--no-events", "-n", "2");
        var none = await home.RunAsync(
            "logs",
            "web",
            "-n",
            "all",
            "--exclude",
            "[0-9]",
            "--no-events"
        );
        var careful = await home.RunAsync("logs", "web", "-g", "careful", "--no-events");
        var exact = await home.RunAsync("logs", "web", "-g", "CAREFUL", "--no-events");

        Assert.Equal(
            Enumerable.Range(1, 40000).Where(i => i % 100 == 77).Select(i => $"{i}"),
            sevens.Lines
        );
        Assert.Contains(" 0 lost", sevens.Errors);
        Assert.DoesNotContain("missing", sevens.Output);
        Assert.Equal(["39877", "39977"], newest.Lines);
        Assert.Equal(["Careful"], none.Lines);
        Assert.Equal(["Careful"], careful.Lines);
        Assert.Equal("", exact.Output);
    }

    [Theory]
    [InlineData("(?=x)", "back-tracking")]
    [InlineData("(", "cannot be read")]
    public async Task An_expression_that_cannot_be_linear_is_refused(string pattern, string words)
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 3);

        var read = await home.RunAsync("logs", "web", "--grep", pattern);
        var follow = await home.RunAsync("logs", "web", "-f", "--grep", pattern);

        Assert.Equal((2, 2), (read.ExitCode, follow.ExitCode));
        Assert.Contains(words, read.Errors);
        Assert.Equal("", read.Output);
    }

    [Fact]
    public async Task Runs_are_chosen_and_one_that_there_is_not_is_an_error()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo run $TSPM_RUN; exec sleep 600");
        await home.ShellAsync("$T wait web --for log:/run/");
        await home.RunAsync("restart", "web");
        await home.ShellAsync("$T wait web --for log:/run/");

        var current = await home.RunAsync("logs", "web", "--run", "current", "--no-events");
        var previous = await home.RunAsync("logs", "web", "-p", "--no-events");
        var all = await home.RunAsync("logs", "web", "--run", "all", "--no-events");
        var missing = await home.RunAsync("logs", "web", "--run", "9");

        Assert.Single(current.Lines);
        Assert.Single(previous.Lines);
        Assert.Equal(2, all.Lines.Length);
        Assert.Equal(3, missing.ExitCode);
        Assert.Contains("runs are 1 to 2", missing.Errors);
    }

    [Fact]
    public async Task A_process_that_is_made_later_joins_a_follow_of_a_pattern()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web1", "echo one; exec sleep 600");
        var follow = home.StartFollow("logs", "web*", "-f", "-n", "all", "--no-events");
        await follow.ReadUntilAsync("one");

        await home.StartShellAsync("other", "echo no; exec sleep 600");
        await home.StartShellAsync("web2", "echo two; exec sleep 600");
        var lines = await follow.ReadUntilAsync("two");

        Assert.DoesNotContain(lines, line => line.Contains("no", StringComparison.Ordinal));
        Assert.StartsWith("web2", lines[^1]);
    }

    [Fact]
    public async Task A_name_that_is_made_again_is_followed_on_and_one_that_is_not_ends_the_follow()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo old; exec sleep 600");
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
        await follow.ReadUntilAsync("old");

        await home.RunAsync(
            "start",
            "--replace",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "echo new; exec sleep 600"
        );
        var lines = await follow.ReadUntilAsync("new");
        await home.RunAsync("delete", "web", "-y");

        Assert.Contains(
            lines,
            line => line.Contains("this is a new log", StringComparison.Ordinal)
        );
        Assert.Contains("end of log", (await follow.ReadUntilAsync("end of log"))[^1]);
        Assert.Equal(0, await follow.WaitAsync());
    }

    [Fact]
    public async Task A_follow_of_a_pattern_that_means_nothing_yet_waits()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");
        var follow = home.StartFollow("logs", "late*", "-f", "--no-events");

        await home.StartShellAsync("late1", "echo here; exec sleep 600");

        Assert.Contains("here", (await follow.ReadUntilAsync("here"))[^1]);
    }

    [Fact]
    public async Task Wait_sees_a_line_of_the_past_and_of_the_future_and_tells_what_it_did_not_see()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            TspmHome.KidPath,
            "print",
            "20",
            "wait",
            go,
            "print",
            "3",
            "sleep"
        );

        var past = await home.RunAsync("wait", "web", "--for", "log:/./");
        var waiting = home.ShellAsync(
            "$T start --name w -- /bin/sh -c 'exec sleep 600' >/dev/null; $T wait web --for stopped --timeout 20s"
        );
        var unseen = await home.RunAsync(
            "wait",
            "web",
            "--for",
            "log:/no such line/",
            "--timeout",
            "200ms"
        );
        await home.RunAsync("stop", "web");
        var stopped = await waiting;
        var nobody = await home.RunAsync("wait", "nobody");
        var wrong = await home.RunAsync("wait", "web", "--for", "happiness");

        Assert.Equal((0, 7, 0), (past.ExitCode, unseen.ExitCode, stopped.ExitCode));
        Assert.Contains("entries were looked at", unseen.Errors);
        Assert.Equal((3, 2), (nobody.ExitCode, wrong.ExitCode));
    }

    [Fact]
    public async Task Pages_and_a_single_request_give_the_same_bytes()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "seq 1 50000; seq 1 3000 >&2");
        await home.EndedAsync("web");
        await using var client = await home.ConnectAsync();
        var logs = (await client.ResolveAsync(["web"], TestContext.Current.CancellationToken)).Logs;

        var outputs = new List<string>();
        foreach (var tail in new long[] { 100, 30_000, long.MaxValue })
        {
            foreach (
                var selection in new[]
                {
                    new LogSelection(),
                    new LogSelection { Grep = ["7"] },
                }
            )
            {
                var same = new HashSet<string>();
                foreach (
                    var (single, catchup) in new[]
                    {
                        (false, true),
                        (false, false),
                        (true, true),
                        (true, false),
                    }
                )
                {
                    var options = new LogFollowOptions
                    {
                        Tail = tail,
                        Selection = selection,
                        IsSingleRequest = single,
                        Catchup = catchup,
                    };
                    same.Add(await ReadAsync(client, logs, options));
                }

                outputs.Add(Assert.Single(same));
            }
        }

        // There are fewer than 30,000 sevens: those two are the same.
        Assert.Equal(5, outputs.Distinct().Count());
    }

    [Theory]
    [InlineData(9, 3)]
    [InlineData(-1, 5)]
    [InlineData(1, -5)]
    public async Task An_absurd_range_is_a_typed_error_and_no_empty_success(long from, long to)
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 20);
        await using var client = await home.ConnectAsync();
        var id = (await client.ResolveAsync(["web"], TestContext.Current.CancellationToken))
            .Logs[0]
            .Id;

        var error = await Assert.ThrowsAsync<TspmException>(() =>
            client.GetLogsAsync(
                new GetLogsRequest
                {
                    Id = id,
                    From = from,
                    To = to,
                },
                ct: TestContext.Current.CancellationToken
            )
        );

        Assert.Equal(ErrorCodes.BadRequest, error.Code);
    }

    [Fact]
    public async Task A_page_by_bytes_holds_what_fits_and_one_by_entries_as_many_as_asked_for()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 60_000);
        await using var client = await home.ConnectAsync();
        var ct = TestContext.Current.CancellationToken;
        var id = (await client.ResolveAsync(["web"], ct)).Logs[0].Id;
        var asked = new GetLogsRequest
        {
            Id = id,
            From = 1,
            MaxEntries = 10_000,
        };

        using var few = await client.GetLogsAsync(asked, ct: ct);
        using var many = await client.GetLogsAsync(asked with { ByBytes = true }, ct: ct);
        using var small = await client.GetLogsAsync(
            asked with
            {
                ByBytes = true,
                MaxBytes = 4096,
            },
            ct: ct
        );

        Assert.Equal(10_000, few.Header.UpTo);
        Assert.InRange(many.Header.UpTo, 20_000, 60_010);
        Assert.InRange(small.Header.UpTo, 100, 500);
    }

    [Fact]
    public async Task The_followers_table_tells_lag_and_policy()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 10);
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all");
        await follow.ReadUntilAsync("exited");

        var row = (await home.JsonAsync("followers", "--json")).GetProperty("followers")[0];

        Assert.Equal(0, row.GetProperty("lagBytes").GetInt64());
        Assert.Equal("fill", row.GetProperty("policy").GetString());
    }

    [Fact]
    public async Task The_followers_table_tells_how_far_one_that_stands_still_is_behind()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.StartShellAsync(
            "web",
            $"echo first; while [ ! -e {go} ]; do sleep 0.02; done; seq 1 300000"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all");
        await follow.ReadUntilAsync("first");
        TspmHome.Signal(follow.Pid, 19);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await home.EndedAsync("web");

        await TspmHome.UntilAsync(
            async () =>
                await RowAsync(home) is var row
                && row.GetProperty("sentEntries").GetInt64() > 1
                && row.GetProperty("head").GetInt64() > 300_000
                && row.GetProperty("position").GetInt64() < row.GetProperty("head").GetInt64()
                && row.GetProperty("lagBytes").GetInt64() != 0,
            "the table tells what it was sent and what not"
        );
        TspmHome.Signal(follow.Pid, 18);
        await follow.ReadUntilAsync("exited");
        await TspmHome.UntilAsync(
            async () =>
                await RowAsync(home) is var row
                && row.GetProperty("position").GetInt64() == row.GetProperty("head").GetInt64()
                && row.GetProperty("lagBytes").GetInt64() == 0,
            "it is told as having everything"
        );
        File.Delete(go);
    }

    private static async Task<System.Text.Json.JsonElement> RowAsync(TspmHome home) =>
        (await home.JsonAsync("followers", "--json")).GetProperty("followers")[0];

    [Fact]
    public async Task The_self_test_finds_its_canary_whole()
    {
        await using var home = new TspmHome();

        var result = await home.RunAsync(
            "doctor",
            "logs",
            "--lines",
            "200",
            "--burst",
            "20000",
            "--json"
        );

        Assert.True(result.ExitCode == 0, result.ToString());
        var told = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(20_200, told.GetProperty("received").GetInt64());
        Assert.Equal(0, told.GetProperty("toldLost").GetInt64());
        Assert.True(told.GetProperty("latencyP50Ns").GetInt64() > 0);
        Assert.Equal("[]\n", (await home.RunAsync("jlist")).Output);
    }

    private static async Task<string> ReadAsync(
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options
    )
    {
        await using var follower = new LogFollower(client, logs, options);
        var text = new StringBuilder();
        await foreach (var told in follower.ReadAsync(TestContext.Current.CancellationToken))
        {
            switch (told)
            {
                case LogBatch batch:
                    text.Append(Encoding.UTF8.GetString(batch.Bytes));
                    break;
                case LogGap gap:
                    text.Append($"gap {gap.From}..{gap.To}\n");
                    break;
                case CaughtUp:
                    Assert.True(follower.Receipts[0].Receipt.IsBalanced);
                    return text.ToString();
                default:
                    break;
            }
        }

        throw new InvalidOperationException("the log ended");
    }
}
