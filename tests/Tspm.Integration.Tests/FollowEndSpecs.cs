using System.Text.Json;
using Tspm.Client;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>Where a follow ends and what it says of it: runs, receipts over several logs, ranges that cannot be.</summary>
public sealed class FollowEndSpecs
{
    [Theory]
    [InlineData(true, 10)]
    [InlineData(false, 130)]
    public async Task What_was_lost_decides_the_exit_code_before_Ctrl_C_does(
        bool losesSome,
        int expected
    )
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("flood", "seq 1 200000");
        await home.EndedAsync("flood");
        var follow = home.StartFollow([
            "logs",
            "flood",
            "-f",
            "-n",
            "0",
            "--gap",
            "skip",
            "--fail-on-gap",
            "--receipt",
        ]);
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("followers", "--json"))
                    .GetProperty("followers")
                    .GetArrayLength() == 1,
            "it follows"
        );
        if (losesSome)
        {
            TspmHome.Signal(follow.Pid, 19);
            await home.RunAsync("restart", "flood");
            await home.RunAsync("wait", "flood", "--for", "exited");
            TspmHome.Signal(follow.Pid, 18);
            await follow.ReadUntilAsync("entries missing");
        }

        TspmHome.Signal(follow.Pid, 2);
        await ReadToEndAsync(follow);

        Assert.Equal(expected, await follow.WaitAsync());
        Assert.Equal(
            losesSome,
            !(await follow.ReadErrorsAsync()).Contains(" 0 lost", StringComparison.Ordinal)
        );
    }

    private static async Task ReadToEndAsync(Follow follow)
    {
        try
        {
            while (true)
            {
                await follow.ReadAsync();
            }
        }
        catch (InvalidOperationException)
        {
            // That is how a follow tells that its output has ended.
        }
    }

    [Fact]
    public async Task A_receipt_of_a_log_that_was_made_again_has_a_row_for_each_log()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "seq 1 5; exec sleep 600");
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--receipt", "--json");
        await follow.ReadUntilAsync("\"5\"");
        await home.RunAsync(
            "start",
            "--replace",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "seq 11 13; exec sleep 600"
        );
        await follow.ReadUntilAsync("\"13\"");
        await home.RunAsync("delete", "web", "-y");
        await follow.WaitAsync();

        var receipts = (await follow.ReadErrorsAsync())
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.GetProperty("kind").GetString() == "receipt")
            .ToList();

        Assert.Equal(2, receipts.Count);
        Assert.NotEqual(
            receipts[0].GetProperty("log").GetString(),
            receipts[1].GetProperty("log").GetString()
        );
        Assert.All(
            receipts,
            one =>
                Assert.Equal(
                    one.GetProperty("last").GetInt64() - one.GetProperty("first").GetInt64() + 1,
                    one.GetProperty("shown").GetInt64()
                )
        );
        Assert.All(receipts, one => Assert.True(one.GetProperty("shown").GetInt64() > 3));
    }

    [Fact]
    public async Task Until_exit_a_follow_ends_with_its_runs_and_has_their_last_lines()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.StartKidAsync("a", "print", "10", "wait", go, "print", "20000", "exit", "3");
        await home.StartKidAsync("b", "print", "10", "wait", go, "print", "5", "exit", "0");
        await home.StartKidAsync("c", "print", "7", "exit", "0");
        await home.EndedAsync("c");
        string[] options = ["-n", "all", "--until-exit", "-g", "line", "--no-events", "-o", "cat"];
        var one = home.RunAsync(["logs", "a", .. options]);
        var all = home.RunAsync(["logs", .. options]);
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("followers", "--json"))
                    .GetProperty("followers")
                    .GetArrayLength() >= 2,
            "both follow"
        );

        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        var ofOne = await one;
        var ofAll = await all;
        var ended = await home.RunAsync(["logs", "c", .. options]);
        await home.RunAsync("restart", "c");

        Assert.Equal((0, 0, 0), (ofOne.ExitCode, ofAll.ExitCode, ended.ExitCode));
        Assert.Equal(20_010, ofOne.Lines.Length);
        Assert.Equal("line 20000", ofOne.Lines[^1]);
        Assert.Equal(20_010 + 15 + 7, ofAll.Lines.Length);
        Assert.Equal(7, ended.Lines.Length);
        File.Delete(go);
    }

    [Fact]
    public async Task A_page_from_beyond_the_head_is_a_typed_error_and_one_after_it_is_empty()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 20);
        await using var client = await home.ConnectAsync();
        var log = (await client.ResolveAsync(["web"], TestContext.Current.CancellationToken)).Logs[
            0
        ];

        var error = await Assert.ThrowsAsync<TspmException>(() => PageAsync(log.Head + 2));
        var far = await Assert.ThrowsAsync<TspmException>(() => PageAsync(long.MaxValue));
        using var next = await PageAsync(log.Head + 1);
        using var last = await PageAsync(log.Head);

        Assert.Equal(ErrorCodes.NotFound, error.Code);
        Assert.Equal(ErrorCodes.NotFound, far.Code);
        Assert.Equal(0, next.Batch.Spans.Length);
        Assert.Equal(1, last.Batch.Spans.Length);

        Task<LogPage> PageAsync(long from) =>
            client.GetLogsAsync(
                new GetLogsRequest { Id = log.Id, From = from },
                ct: TestContext.Current.CancellationToken
            );
    }

    [Fact]
    public async Task One_stream_alone_still_tells_that_another_run_begins()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo out; echo err >&2");
        await home.EndedAsync("web");
        await home.RunAsync("restart", "web");
        await home.EndedAsync("web");

        var one = await home.RunAsync("logs", "web", "--out");
        var without = await home.RunAsync("logs", "web", "--out", "--no-events");

        Assert.Equal(["out", "-- web: run 1 → 2 --", "out"], one.Lines);
        Assert.Equal(["out", "out"], without.Lines);
    }
}
