using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>What goes wrong around a program: it forks in a storm, its daemon cannot come up, it crashes again and again.</summary>
public sealed class StormSpecs : IAsyncLifetime
{
    private const int Most = 200;

    // Each forks every 10 ms and at every SIGTERM, into a session of its own, until there were 200 in all.
    private const string Storm = """
        import os, signal, sys, time
        count = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        def breed(*_):
            if os.fstat(count).st_size >= 200: return
            os.write(count, b".")
            if os.fstat(count).st_size <= 200 and os.fork() == 0: os.setsid()
        signal.signal(signal.SIGTERM, breed)
        while True:
            breed()
            time.sleep(0.01)
        """;

    private readonly TspmHome _home = new();
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-storm-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        _work.Delete(recursive: true);
    }

    [Fact]
    public async Task A_program_that_forks_in_a_storm_is_stopped_with_all_it_left()
    {
        var program = Path.Join(_work.FullName, "storm.py");
        var count = Path.Join(_work.FullName, "count");
        await File.WriteAllTextAsync(program, Storm, Ct);
        var started = await _home.RunAsync("start", "--name", "s", "--", "python3", program, count);
        Assert.Equal(0, started.ExitCode);
        await TspmHome.UntilAsync(
            () => Task.FromResult(File.Exists(count) && new FileInfo(count).Length >= Most / 4),
            "the storm is on its way"
        );

        var stopped = await _home.RunAsync("stop", "s", "--timeout", "300ms");

        Assert.True(stopped.ExitCode == 0, stopped.ToString());
        Assert.Empty(_home.Survivors());
    }

    [Fact]
    public async Task A_daemon_that_cannot_come_up_is_told_with_where_to_look()
    {
        await _home.StartKidAsync("web", "sleep");
        var keeper = await _home.KeeperPidAsync();
        var daemon = await _home.DaemonPidAsync();
        var socket = new FileInfo(await _home.SocketAsync());
        var path = Path.Join(socket.DirectoryName, "daemon.lock");
        FileStream? held = null;
        TspmHome.Signal(keeper, 19);
        try
        {
            TspmHome.Signal(daemon, 9);
            await TspmHome.UntilAsync(
                () => Task.FromResult((held = TryHold(path)) is not null),
                "the dead daemon has let go of its lock"
            );
        }
        finally
        {
            TspmHome.Signal(keeper, 18);
        }

        await using (held)
        {
            var refused = await _home.RunAsync("list");

            Assert.Equal(4, refused.ExitCode);
            Assert.Contains("no daemon of it answers", refused.Errors);
            Assert.Contains("daemon.log", refused.Errors);
            Assert.DoesNotContain("   at ", refused.Errors);
        }
    }

    private static FileStream? TryHold(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            // Its threads are still ending.
            return null;
        }
    }

    [Fact]
    public async Task The_report_of_a_crash_has_the_lines_of_its_run_and_no_other()
    {
        await _home.RunAsync(
            "start",
            "--name",
            "c",
            "--restart",
            "always",
            "--max-restarts",
            "3",
            "--backoff",
            "1ms",
            "--",
            "sh",
            "-c",
            "echo one of $TSPM_RUN; echo two of $TSPM_RUN >&2; exit 3"
        );
        await TspmHome.UntilAsync(
            async () => (await ProcessAsync()).GetProperty("status").GetString() == "failed",
            "it is given up"
        );

        foreach (var run in (await ProcessAsync()).GetProperty("runs").EnumerateArray())
        {
            var number = run.GetProperty("run").GetInt32();
            var answer = default(JsonElement);
            await TspmHome.UntilAsync(
                async () =>
                {
                    answer = (await _home.JsonAsync("why", "c", "--run", $"{number}", "--json"));
                    answer = answer.ValueKind == JsonValueKind.Array ? answer[0] : answer;
                    return answer.GetProperty("isReport").GetBoolean();
                },
                $"there is a report of run {number}"
            );
            var id = run.GetProperty("runId").GetString();
            Assert.Equal(
                [$"one of {id}", $"two of {id}"],
                answer
                    .GetProperty("lines")
                    .EnumerateArray()
                    .Select(line => line.GetProperty("msg").GetString()!)
                    .Order()
            );
        }
    }

    [Fact]
    public async Task A_process_is_moved_to_another_namespace_by_a_setting_and_its_log_goes_on()
    {
        await _home.RunAsync("start", "--name", "db", "--", "sleep", "600");
        await _home.RunAsync(
            "start",
            "--name",
            "web",
            "-i",
            "2",
            "--depends-on",
            "db",
            "--",
            "sleep",
            "600"
        );

        var moved = await _home.RunAsync("set", "web", "namespace=shop", "label.tier=front");
        var bad = await _home.RunAsync("set", "shop/web", "namespace=other", "max-restarts=many");
        var wrong = await _home.RunAsync("set", "shop/web", "namespace=a b");

        Assert.True(moved.ExitCode == 0, moved.ToString());
        Assert.Equal(2, bad.ExitCode);
        Assert.NotEqual(0, wrong.ExitCode);
        var list = await _home.JsonAsync("list", "shop/web", "--json");
        Assert.Equal(
            ["shop/web.0 web default/db:started", "shop/web.1 web default/db:started"],
            list.EnumerateArray()
                .Select(one =>
                    $"{one.GetProperty("ns")}/{one.GetProperty("name")} {one.GetProperty("group")} {one.GetProperty("dependsOn")[0]}"
                )
                .Order()
        );
        Assert.Equal(2, (await _home.JsonAsync("list", "@tier=front", "--json")).GetArrayLength());
        Assert.Contains("run 1 started", (await _home.RunAsync("logs", "shop/web.0")).Output);
    }

    private async Task<JsonElement> ProcessAsync()
    {
        var shown = await _home.JsonAsync("describe", "c", "--json");
        return shown.ValueKind == JsonValueKind.Array ? shown[0] : shown;
    }
}
