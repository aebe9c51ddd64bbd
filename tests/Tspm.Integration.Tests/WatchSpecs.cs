using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Programs that are restarted when their files change, and by the clock.</summary>
public sealed class WatchSpecs : IAsyncLifetime
{
    private const string Line = "echo up; exec sleep 1000";
    private readonly TspmHome _home = new();
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-watch-");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        _work.Delete(recursive: true);
    }

    [Fact]
    public async Task A_changed_file_restarts_it_and_the_log_tells_which()
    {
        Directory.CreateDirectory(At("src"));
        await WatchAsync("--watch-ignore", "*.tmp");

        await File.WriteAllTextAsync(
            At("src/skip.tmp"),
            "x",
            TestContext.Current.CancellationToken
        );
        await File.WriteAllTextAsync(At("src/app.js"), "x", TestContext.Current.CancellationToken);

        await RunIsAsync(2);
        var log = await LogAsync();
        Assert.Contains("changed on disk: src/app.js", log, StringComparison.Ordinal);
        Assert.DoesNotContain("skip.tmp", log, StringComparison.Ordinal);
        Assert.Contains("is being stopped by watch", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_that_was_killed_is_followed_by_one_that_watches_on_and_a_stopped_process_stays_stopped()
    {
        await WatchAsync();
        TspmHome.Signal(await _home.DaemonPidAsync(), 9);
        await HasAsync("its files are watched", 2);

        await File.WriteAllTextAsync(At("a"), "x", TestContext.Current.CancellationToken);
        await RunIsAsync(2);

        await OkAsync("stop", "dev");
        await File.WriteAllTextAsync(At("a"), "y", TestContext.Current.CancellationToken);
        await OkAsync("start", "dev");
        Assert.Equal(3, await RunAsync());
        var log = await LogAsync();
        Assert.Equal(1, Count(log, "changed on disk"));
    }

    [Fact]
    public async Task What_crashed_for_good_is_started_again_by_an_edit()
    {
        var script = At("app.sh");
        await File.WriteAllTextAsync(script, "exit 3", TestContext.Current.CancellationToken);
        await _home.RunAsync(
            "start",
            "--name",
            "dev",
            "--cwd",
            _work.FullName,
            "--watch",
            "--restart",
            "never",
            "--",
            "sh",
            "app.sh"
        );
        await HasAsync("exited with code 3", 1);
        await HasAsync("its files are watched", 1);

        await File.WriteAllTextAsync(script, Line, TestContext.Current.CancellationToken);

        await RunIsAsync(2);
    }

    [Fact]
    public async Task Set_watches_something_else_at_once_and_nothing_when_it_is_empty()
    {
        Directory.CreateDirectory(At("one"));
        Directory.CreateDirectory(At("two"));
        await _home.RunAsync(
            "start",
            "--name",
            "dev",
            "--cwd",
            _work.FullName,
            "--watch=one",
            "--",
            "sh",
            "-c",
            Line
        );
        await HasAsync("its files are watched", 1);

        await OkAsync("set", "dev", "watch=two");
        await HasAsync("its files are watched", 2);
        await File.WriteAllTextAsync(At("one/a"), "x", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(At("two/b"), "x", TestContext.Current.CancellationToken);
        await RunIsAsync(2);
        Assert.DoesNotContain("one/a", await LogAsync(), StringComparison.Ordinal);

        await OkAsync("set", "dev", "watch=");
        var bad = await _home.RunAsync("set", "dev", "watch-debounce=1s");
        Assert.Contains("set watch first", bad.Errors + bad.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schedule_restarts_it_and_tells_the_next_time()
    {
        await _home.RunAsync(
            "start",
            "--name",
            "tick",
            "--schedule",
            "* * * * * *",
            "--",
            "sh",
            "-c",
            Line
        );

        await HasAsync("due by its schedule: 20", 2, "tick");

        var shown = await _home.JsonAsync("describe", "tick", "-o", "json");
        Assert.NotNull(Of(shown).GetProperty("nextDue").GetString());
        Assert.Contains(
            "is being stopped by schedule",
            await LogAsync("tick"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_job_is_not_started_before_its_time_never_beside_itself_and_not_when_it_is_stopped()
    {
        await OkAsync(
            "start",
            "--name",
            "yearly",
            "--schedule",
            "0 3 1 1 *",
            "--schedule-action",
            "run",
            "--",
            "sh",
            "-c",
            Line
        );
        Assert.Equal(0, await RunAsync("yearly"));
        Assert.Contains(
            "due 20",
            (await OkAsync("list", "yearly")).Output,
            StringComparison.Ordinal
        );

        await OkAsync(
            "start",
            "--name",
            "job",
            "--schedule",
            "* * * * * *",
            "--schedule-action",
            "run",
            "--",
            "sh",
            "-c",
            Line
        );
        await HasAsync("a time of its schedule is skipped", 2, "job");
        Assert.Equal(1, await RunAsync("job"));

        await OkAsync("stop", "job");
        Assert.False(
            Of(await _home.JsonAsync("describe", "job", "-o", "json"))
                .TryGetProperty("nextDue", out _)
        );
    }

    [Theory]
    [InlineData("--schedule", "61 * * * *", "not a cron expression")]
    [InlineData("--schedule-zone", "Mars/Olympus", "set schedule first")]
    [InlineData("--schedule-action", "walk", "\"walk\" is not one of restart, run")]
    [InlineData("--watch-debounce", "x", "not a duration")]
    public async Task A_wrong_setting_is_named(string option, string value, string wanted)
    {
        var result = await _home.RunAsync("start", "--name", "bad", option, value, "--", "true");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(wanted, result.Errors, StringComparison.Ordinal);
    }

    private async Task WatchAsync(params string[] options)
    {
        await OkAsync([
            "start",
            "--name",
            "dev",
            "--cwd",
            _work.FullName,
            "--watch",
            .. options,
            "--",
            "sh",
            "-c",
            Line,
        ]);
        await HasAsync("its files are watched", 1);
    }

    private string At(string path) => Path.Join(_work.FullName, path);

    private async Task RunIsAsync(int run)
    {
        await TspmHome.UntilAsync(
            async () =>
                Of(await _home.JsonAsync("describe", "dev", "-o", "json")) is var shown
                && shown.GetProperty("run").GetInt32() >= run
                && shown.GetProperty("status").GetString() == "running",
            $"run {run} lives"
        );
        Assert.Equal(run, await RunAsync());
    }

    private async Task<int> RunAsync(string name = "dev") =>
        Of(await _home.JsonAsync("describe", name, "-o", "json")).GetProperty("run").GetInt32();

    private Task HasAsync(string text, int times, string name = "dev") =>
        TspmHome.UntilAsync(
            async () => Count(await LogAsync(name), text) >= times,
            $"{times} times \"{text}\""
        );

    private async Task<string> LogAsync(string name = "dev") =>
        (await _home.RunAsync("logs", name, "--no-tail", "--no-follow")).Output;

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static JsonElement Of(JsonElement shown) =>
        shown.ValueKind == JsonValueKind.Array ? shown[0] : shown;

    private async Task<CommandResult> OkAsync(params string[] arguments)
    {
        var result = await _home.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }
}
