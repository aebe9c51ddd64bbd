using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>Tiny files, rotation and retention all the time: followers, files and deaths between two steps of either.</summary>
public sealed class RetentionSpecs
{
    private const int Stop = 19;
    private const int Continue = 18;
    private const int Endless = 0;
    private static readonly string Kid = Path.Join(AppContext.BaseDirectory, "kid");

    [Fact]
    public async Task Followers_of_20000_lines_a_second_are_told_of_every_line()
    {
        const int lines = 140_000;
        await using var home = new TspmHome();
        var record = Path.Join(home.Root, "flow.record");
        var gate = Path.Join(home.Root, "flow.gate");
        await StartAsync(
            home,
            new LogFileSpec { FileBytes = 4096, MaxBytes = 128 * 1024 },
            "wait",
            gate,
            "flow",
            "20000",
            $"{lines}",
            "/",
            record,
            "exit",
            "0"
        );

        await using var client = await home.ConnectAsync();
        var target = Assert.Single(
            (await client.ResolveAsync(["flow"], TestContext.Current.CancellationToken)).Logs
        );
        var quick = FollowAsync(client, target, GapPolicy.Fill, Task.CompletedTask);
        var slow = FollowAsync(client, target, GapPolicy.Skip, quick);
        var watch = Stopwatch.StartNew();
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await quick;
        var rate = lines / watch.Elapsed.TotalSeconds;
        var logs = new[] { await quick, await slow };
        var printed = await PrintedAsync(record);
        var stored = await RowsAsync(home);

        Assert.InRange(rate, 4_000, 21_000);
        Assert.All(logs, log => Assert.Null(log.FindFault(printed)));
        Assert.Equal(0, logs[0].Lost);
        Assert.True(logs[1].Lost > 0, "the slow one was never behind");
        Assert.Contains(stored, row => row is { Kind: "gap", Reason: "expired" });
        CheckStored(stored, lines);

        // The broken variant: a follower that is not told of one gap is found out.
        var silent = new FollowedLog
        {
            Pieces = [.. logs[1].Pieces.Where(piece => piece.Stream is not null)],
        };
        Assert.NotNull(silent.FindFault(printed));
    }

    [Theory]
    [InlineData("keeper.rotating", 1)]
    [InlineData("keeper.rotating", 6)]
    [InlineData("daemon.index-file", 1)]
    [InlineData("daemon.index-file", 3)]
    [InlineData("daemon.expiring", 1)]
    [InlineData("daemon.expiring", 4)]
    [InlineData("daemon.expired", 1)]
    public async Task A_death_in_rotation_or_retention_costs_nothing_that_is_not_told(
        string point,
        int count
    )
    {
        await using var home = new TspmHome();
        var once = await ArmAsync(home, point, count);
        await FlowAsync(home, Endless);

        await CheckAsync(home, once, $"{point}:{count}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task A_keeper_that_dies_at_its_cap_has_told_what_it_was_about_to_drop(int count)
    {
        await using var home = new TspmHome();
        var once = await ArmAsync(home, "keeper.dropping", count);
        var daemon = await home.DaemonPidAsync();
        await FlowAsync(home, Endless);

        // A daemon that stands still deletes nothing: the keeper comes to its cap.
        TspmHome.Signal(daemon, Stop);
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), "the keeper died");
        TspmHome.Signal(daemon, Continue);

        await CheckAsync(home, once, $"keeper.dropping:{count}");
    }

    [Theory]
    [InlineData("daemon.flushing")]
    [InlineData("daemon.flushed")]
    public async Task A_flush_whose_daemon_dies_is_whole_soon_after(string point)
    {
        await using var home = new TspmHome();
        var once = home.Root + ".once";
        await home.ShellAsync($"TSPM_CRASH_AT={point} TSPM_CRASH_ONCE={once} $T daemon start");
        await FlowAsync(home, 3_000);
        await home.EndedAsync("flow");
        File.Delete(home.Root + ".count");

        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        await home.RunAsync("flush", "flow", "-y");
        Assert.False(File.Exists(once), $"{point} was not passed");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("list")).ExitCode == 0
                && Directory
                    .GetFiles(home.Root, "out.*", SearchOption.AllDirectories)
                    .All(file => !File.ReadAllBytes(file).AsSpan().ContainsAnyExcept((byte)0)),
            "nothing of what was flushed is on the disk"
        );
        var rows = await RowsAsync(home);
        var verify = await home.RunAsync("logs", "verify");

        Assert.Equal(("gap", 1L, "flushed"), (rows[0].Kind, rows[0].From, rows[0].Reason));
        Assert.True(rows[0].To >= 3_000, rows[0].ToString());
        Assert.DoesNotContain(rows, row => row.Line > 0);
        Assert.Equal(0, verify.ExitCode);
    }

    private static async Task<string> ArmAsync(TspmHome home, string point, int count)
    {
        var once = home.Root + ".once";
        await File.WriteAllTextAsync(once, "", TestContext.Current.CancellationToken);
        var at = string.Create(CultureInfo.InvariantCulture, $"{point}:{count}");
        await home.ShellAsync($"TSPM_CRASH_AT={at} TSPM_CRASH_ONCE={once} $T daemon start");
        return once;
    }

    private static async Task FlowAsync(TspmHome home, int lines)
    {
        string[] verbs =
        [
            "flow",
            "10000",
            $"{lines}",
            home.Root + ".stop",
            home.Root + ".count",
            "exit",
            "0",
        ];
        for (var i = 0; i < 20; i++)
        {
            try
            {
                await StartAsync(
                    home,
                    new LogFileSpec { FileBytes = 4096, MaxBytes = 64 * 1024 },
                    verbs
                );
                return;
            }
            catch (TspmException)
            {
                // The daemon died under the one who asked; nothing of it is there.
            }
        }

        Assert.Fail("it could not be started");
    }

    /// <summary>How often a point is passed in a second is the machine's business: the flow goes on until it was.</summary>
    private static async Task CheckAsync(TspmHome home, string once, string point)
    {
        var stop = home.Root + ".stop";
        await TspmHome.UntilAsync(() => Task.FromResult(!File.Exists(once)), $"{point} is passed");
        await File.WriteAllTextAsync(stop, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            async () => (await home.RunAsync("wait", "flow", "--for", "exited")).ExitCode == 0,
            "flow has ended"
        );
        var told = await File.ReadAllTextAsync(
            home.Root + ".count",
            TestContext.Current.CancellationToken
        );
        var lines = int.Parse(told, CultureInfo.InvariantCulture);
        File.Delete(home.Root + ".count");
        File.Delete(stop);

        CheckStored(await RowsAsync(home), lines);
        Assert.Equal(0, (await home.RunAsync("logs", "verify")).ExitCode);
    }

    private static async Task StartAsync(TspmHome home, LogFileSpec disk, params string[] verbs)
    {
        await home.RunAsync("list");
        await using var client = await home.ConnectAsync();
        var spec = new ProcessSpec
        {
            Name = "flow",
            Command = [Kid, .. verbs],
            Cwd = "/",
            Restart = new RestartSpec { Policy = RestartPolicies.Never },
            Disk = disk,
        };
        var reply = await client.StartAsync(
            new StartRequest { Spec = spec },
            TestContext.Current.CancellationToken
        );
        Assert.True(reply.Results[0].Error is null or "conflict", reply.Results[0].Message);
    }

    private static async Task<FollowedLog> FollowAsync(
        TspmIpcClient client,
        LogTarget target,
        GapPolicy gaps,
        Task pause
    )
    {
        var log = new FollowedLog();
        var options = new LogFollowOptions { Tail = long.MaxValue, Gaps = gaps };
        await using var follower = new LogFollower(client, [target], options);
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        await foreach (var told in follower.ReadAsync(deadline.Token))
        {
            log.Add(told);
            if (log.HasEnded)
            {
                break;
            }

            // Whoever reads on only after all has been printed is behind.
            await pause;
        }

        return log;
    }

    /// <summary>What the child wrote, by the number of lines that it recorded.</summary>
    private static async Task<byte[]> PrintedAsync(string record)
    {
        var count = await File.ReadAllTextAsync(record, TestContext.Current.CancellationToken);
        var printed = new MemoryStream();
        var line = new byte[FlowLines.MaxBytes];
        for (var number = 1L; number <= long.Parse(count, CultureInfo.InvariantCulture); number++)
        {
            printed.Write(line.AsSpan(0, FlowLines.Write(number, line)));
        }

        return printed.ToArray();
    }

    /// <summary>Every seq once, and between two lines that are not neighbours, and after the last, at least as many numbers told missing.</summary>
    private static void CheckStored(List<Row> rows, int lines)
    {
        long next = 1;
        long line = 0;
        long missing = 0;
        foreach (var row in rows)
        {
            Assert.Equal(next, row.From);
            next = row.To + 1;
            if (row.Kind == "gap")
            {
                missing += row.To - row.From + 1;
            }
            else if (row.Line > 0)
            {
                // Starts, exits, and lines that a pause has cut in two have numbers too.
                Assert.InRange(
                    missing - (row.Line - line - 1),
                    0,
                    missing == 0 ? 0 : Math.Max(600, lines / 50)
                );
                (line, missing) = (row.Line, 0);
            }
            else
            {
                missing += row.Kind == "log" ? 1 : 0;
            }
        }

        // The index counts too: where it alone is as large as all may be, nothing but the newest file is kept.
        Assert.InRange(missing - (lines - line), 0, missing == 0 ? 0 : Math.Max(600, lines / 50));
    }

    private static async Task<List<Row>> RowsAsync(TspmHome home)
    {
        var read = await home.RunAsync("logs", "flow", "-n", "all", "-o", "json");
        Assert.True(read.ExitCode == 0, read.ToString());
        return [.. read.Lines.Select(Read)];
    }

    private static Row Read(string text)
    {
        using var json = JsonDocument.Parse(text);
        var root = json.RootElement;
        var kind = root.GetProperty("kind").GetString()!;
        if (kind == "gap")
        {
            return new Row(
                kind,
                root.GetProperty("from").GetInt64(),
                root.GetProperty("to").GetInt64(),
                0,
                root.GetProperty("reason").GetString()!
            );
        }

        var seq = root.GetProperty("seq").GetInt64();
        var words = root.TryGetProperty("msg", out var told) ? told.GetString()! : "";
        var isWhole = FlowLines.TryRead(Encoding.UTF8.GetBytes(words), out var number);
        var line = isWhole ? number : 0;
        return new Row(kind, seq, seq, line, "");
    }

    private sealed record Row(string Kind, long From, long To, long Line, string Reason);
}
