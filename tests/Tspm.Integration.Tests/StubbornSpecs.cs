using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Supervision where something stands in its way: stopped children, deleted directories, daemons that die in the middle.</summary>
public sealed class StubbornSpecs : IAsyncLifetime
{
    private readonly TspmHome _home = new();
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-work-");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        if (_work.Exists)
        {
            _work.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_program_that_stands_still_is_stopped_all_the_same()
    {
        await OkAsync(
            "start",
            "--name",
            "still",
            "--wait",
            "--ready",
            "log:/up/",
            "--",
            "sh",
            "-c",
            "sleep 1000 & echo up; wait"
        );
        var pid = int.Parse(
            await FieldAsync("still", "pid"),
            System.Globalization.CultureInfo.InvariantCulture
        );
        TspmHome.Signal(pid, 19);

        var stopped = await OkAsync("stop", "still", "--timeout", "200ms");

        Assert.Contains("still stopped", stopped.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists($"/proc/{pid}"));
        Assert.Contains("SIGKILL", await LogAsync("still"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_gone_is_named_and_the_state_stays_defined()
    {
        var directory = _work.CreateSubdirectory("here").FullName;
        await OkAsync("start", "--name", "web", "--cwd", directory, "--", "sleep", "1000");
        Directory.Delete(directory);
        Assert.Equal("running", await FieldAsync("web", "status"));

        var restarted = await _home.RunAsync("restart", "web");

        Assert.NotEqual(0, restarted.ExitCode);
        Assert.Contains(directory, restarted.Errors, StringComparison.Ordinal);
        Assert.Contains(await FieldAsync("web", "status"), new[] { "failed", "backoff" });

        Directory.CreateDirectory(directory);
        await OkAsync("restart", "web");
        Assert.Equal("running", await FieldAsync("web", "status"));
    }

    [Fact]
    public async Task Dependants_are_stopped_before_and_started_after()
    {
        await OkAsync(
            "start",
            "--name",
            "db",
            "--ready",
            "log:/up/",
            "--wait",
            "--",
            "sh",
            "-c",
            "echo up; exec sleep 1000"
        );
        await OkAsync("start", "--name", "web", "--depends-on", "db:ready", "--", "sleep", "1000");
        await OkAsync("start", "--name", "other", "--", "sleep", "1000");

        await OkAsync("restart", "db", "--with-dependants");

        await TspmHome.UntilAsync(
            async () => await FieldAsync("web", "status") == "running",
            "web runs again"
        );
        var told = (
            await OkAsync("logs", "db", "web", "other", "--no-tail", "--no-follow")
        ).Lines.ToList();
        var order = new[]
        {
            ("web", "run 1 killed"),
            ("web", "run 1 stopped"),
            ("db", "run 1 stopped"),
            ("db", "run 2 started"),
            ("web", "run 2 started"),
        }
            .Select(wanted =>
                (
                    wanted,
                    told.FindIndex(line =>
                        line.Contains(wanted.Item1, StringComparison.Ordinal)
                        && line.Contains(wanted.Item2, StringComparison.Ordinal)
                    )
                )
            )
            .Where(found => found.Item2 >= 0)
            .ToList();
        Assert.Equal(4, order.Count);
        Assert.Equal(
            order.Select(found => found.Item2).Order(),
            order.Select(found => found.Item2)
        );
        Assert.Equal("1", await FieldAsync("other", "run"));
    }

    [Fact]
    public async Task A_daemon_that_dies_in_the_middle_of_a_reload_is_followed_by_one_that_keeps_the_newer_run()
    {
        var go = Path.Join(_work.FullName, "go");
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await OkAsync(
            "start",
            "--name",
            "web",
            "--cwd",
            _work.FullName,
            "--ready",
            "log:/serving/",
            "--ready-timeout",
            "50s",
            "--wait",
            "--",
            "sh",
            "-c",
            "while [ ! -e go ]; do sleep 0.02; done; echo serving; exec sleep 1000"
        );
        var old = await FieldAsync("web", "pid");
        File.Delete(go);
        var reload = _home.StartFollow("reload", "web");
        await TspmHome.UntilAsync(
            async () =>
                (await RunsAsync()).Any(run =>
                    run.GetProperty("run").GetInt32() == 2 && run.GetProperty("pid").GetInt32() > 0
                ),
            "the new run lives"
        );

        TspmHome.Signal(await _home.DaemonPidAsync(), 9);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);

        await TspmHome.UntilAsync(
            () => Task.FromResult(!Directory.Exists($"/proc/{old}")),
            "the old run is ended"
        );
        await TspmHome.UntilAsync(
            async () =>
                await FieldAsync("web", "run") == "2"
                && await FieldAsync("web", "status") == "ready",
            "the new run serves"
        );
        Assert.NotEqual(0, await reload.WaitAsync());
        Assert.Contains(
            "run 1 is being stopped: another run has taken its place",
            await LogAsync("web"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_log_tells_who_wanted_a_reload()
    {
        await OkAsync(
            "start",
            "--name",
            "web",
            "--ready",
            "log:/up/",
            "--wait",
            "--",
            "sh",
            "-c",
            "echo up; exec sleep 1000"
        );

        await OkAsync("reload", "web");

        await TspmHome.UntilAsync(
            async () => (await LogAsync("web")).Contains("run 1 stopped", StringComparison.Ordinal),
            "the old run is over"
        );
        Assert.Matches(
            "run 1 is being stopped by uid \\d+ pid \\d+ \\(tspm[^)]*\\): another run has taken its place",
            await LogAsync("web")
        );
    }

    private async Task<string> LogAsync(string name) =>
        (await _home.RunAsync("logs", name, "--no-tail", "--no-follow")).Output;

    private async Task<List<JsonElement>> RunsAsync()
    {
        var shown = await _home.JsonAsync("describe", "web", "-o", "json");
        var one = shown.ValueKind == JsonValueKind.Array ? shown[0] : shown;
        return [.. one.GetProperty("runs").EnumerateArray()];
    }

    private async Task<string> FieldAsync(string name, string field)
    {
        var list = await _home.JsonAsync("list", name, "-o", "json");
        return list[0].TryGetProperty(field, out var value) ? value.ToString() : "";
    }

    private async Task<CommandResult> OkAsync(params string[] arguments)
    {
        var result = await _home.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result}");
        return result;
    }
}
