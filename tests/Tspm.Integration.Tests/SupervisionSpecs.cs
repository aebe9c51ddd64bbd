using System.Globalization;
using System.Text;

namespace Tspm.Integration.Tests;

/// <summary>Supervision with real programs: whole trees end, quick exits lose nothing, dependencies hold, checks tell.</summary>
public sealed class SupervisionSpecs : IAsyncLifetime
{
    private const int QuickRuns = 1_000;
    private const int QuickPrograms = 4;
    private const int Starters = 50;
    private readonly TspmHome _home = new();
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("tspm-work-");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        _work.Delete(recursive: true);
    }

    [Fact]
    public async Task A_stop_ends_what_was_forked_twice_what_left_the_session_and_what_ignores_SIGTERM()
    {
        const string tree =
            "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & "
            + "(sh -c 'sleep 1000 & sleep 1000' &) ; (setsid sleep 1000 </dev/null >/dev/null 2>&1 &) ; "
            + "echo up; while :; do sleep 1000; done";
        await OkAsync(
            "start",
            "--name",
            "tree",
            "--wait",
            "--ready",
            "log:/up/",
            "--",
            "sh",
            "-c",
            tree
        );
        var runId = await FieldAsync("tree", "runId");
        Assert.NotEmpty(MarkedPids(runId));

        var stopped = await OkAsync("stop", "tree", "--timeout", "300ms");

        Assert.Contains("tree stopped", stopped.Output, StringComparison.Ordinal);
        Assert.Empty(MarkedPids(runId));
    }

    [Fact]
    public async Task A_leader_scope_leaves_the_children_alone()
    {
        await OkAsync(
            "start",
            "--name",
            "lone",
            "--stop-scope",
            "leader",
            "--wait",
            "--ready",
            "log:/up/",
            "--",
            "sh",
            "-c",
            "sleep 1000 & echo up; exec sleep 1000"
        );
        var runId = await FieldAsync("lone", "runId");

        await OkAsync("stop", "lone");

        var left = Assert.Single(MarkedPids(runId));
        TspmHome.Signal(left, 9);
    }

    [Fact]
    public async Task A_thousand_runs_that_end_at_once_keep_every_line_and_each_exit_comes_after_it()
    {
        // Several at a time, and shells that start nothing: runs of a millisecond, and no waiting for one after the other.
        var names = Enumerable.Range(0, QuickPrograms).Select(i => $"quick{i}").ToList();
        foreach (var name in names)
        {
            var counter = Path.Join(Home(), name);
            await File.WriteAllTextAsync(counter, "0\n", TestContext.Current.CancellationToken);
            var script =
                $"read n <{counter}; n=$((n+1)); echo $n >{counter}; echo line $n; [ $n -lt {QuickRuns / QuickPrograms} ] || exit 7";
            await OkAsync(
                "start",
                "--name",
                name,
                "--restart",
                "always",
                "--min-uptime",
                "0ms",
                "--stop-codes",
                "7",
                "--",
                "sh",
                "-c",
                script
            );
        }

        await TspmHome.UntilAsync(
            async () =>
                (await _home.RunAsync("list", "-o", "json")).Output.Split("exited(7)").Length - 1
                == QuickPrograms,
            "the last runs ended with 7",
            TimeSpan.FromMinutes(2)
        );

        var expected = new List<string>();
        for (var n = 1; n <= QuickRuns / QuickPrograms; n++)
        {
            expected.AddRange([$"run {n} started", $"line {n}", $"run {n} exited"]);
        }

        foreach (var name in names)
        {
            var log = (await OkAsync("logs", name, "--no-tail", "--no-follow")).Lines;
            Assert.Equal(
                expected,
                log.Select(line => Shape(line, name)).Where(line => line.Length > 0)
            );
        }
    }

    [Fact]
    public async Task Of_fifty_starts_of_one_name_one_wins_and_the_others_say_conflict()
    {
        await OkAsync("daemon", "start");

        var results = await Task.WhenAll(
            Enumerable
                .Range(0, Starters)
                .Select(_ => _home.RunAsync("start", "--name", "one", "--", "sleep", "1000"))
        );

        Assert.Single(results, result => result.ExitCode == 0);
        Assert.Empty(
            results.Where(result => result.ExitCode is not (0 or 6)).Select(result => $"{result}")
        );
        Assert.Equal(Starters - 1, results.Count(result => result.ExitCode == 6));
        var list = await _home.JsonAsync("list", "-o", "json");
        Assert.Single(list.EnumerateArray());
    }

    [Fact]
    public async Task A_waiter_that_was_stopped_is_not_started_when_its_dependency_becomes_ready()
    {
        await OkAsync(
            "start",
            "--name",
            "db",
            "--ready",
            "exec:test -e ok",
            "--ready-interval",
            "20ms",
            "--cwd",
            Home(),
            "--",
            "sleep",
            "1000"
        );
        await OkAsync("start", "--name", "web", "--depends-on", "db:ready", "--", "sleep", "1000");
        await OkAsync(
            "start",
            "--name",
            "other",
            "--depends-on",
            "db:ready",
            "--",
            "sleep",
            "1000"
        );
        Assert.Equal("waiting", await FieldAsync("web", "status"));
        Assert.Equal("db (ready)", await FieldAsync("web", "waitsFor"));

        await OkAsync("restart", "web");
        await OkAsync("stop", "web");
        await File.WriteAllTextAsync(
            Path.Join(Home(), "ok"),
            "",
            Encoding.ASCII,
            TestContext.Current.CancellationToken
        );
        await OkAsync("wait", "db", "--for", "ready");
        await OkAsync("wait", "other", "--for", "running");

        Assert.Equal("stopped", await FieldAsync("web", "status"));
        Assert.Equal("0", await FieldAsync("web", "run"));
    }

    [Fact]
    public async Task A_circle_of_dependencies_is_refused_with_the_circle()
    {
        await OkAsync("start", "--name", "a", "--", "sleep", "1000");
        await OkAsync("start", "--name", "b", "--depends-on", "a", "--", "sleep", "1000");

        var refused = await _home.RunAsync("set", "a", "depends-on=b:ready");

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("b → a → b", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_says_over_the_socket_that_it_is_ready()
    {
        const string say =
            "import os,socket,time\n"
            + "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
            + "s.sendto(b'READY=1\\nSTATUS=up',os.environ['NOTIFY_SOCKET'])\n"
            + "time.sleep(1000)";

        var started = await _home.RunAsync(
            "start",
            "--name",
            "told",
            "--ready",
            "notify",
            "--wait",
            "--",
            "python3",
            "-c",
            say
        );

        Assert.Equal(0, started.ExitCode);
        Assert.Equal("ready", await FieldAsync("told", "status"));
    }

    [Fact]
    public async Task A_program_that_is_never_ready_is_told_in_time()
    {
        var late = await _home.RunAsync(
            "start",
            "--name",
            "mute",
            "--ready",
            "log:/never/",
            "--wait",
            "--wait-timeout",
            "300ms",
            "--",
            "sleep",
            "1000"
        );

        Assert.Equal(7, late.ExitCode);
        Assert.Contains("mute", late.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sick_program_is_started_again_and_its_log_tells_why()
    {
        await File.WriteAllTextAsync(
            Path.Join(Home(), "well"),
            "",
            Encoding.ASCII,
            TestContext.Current.CancellationToken
        );
        await OkAsync(
            "start",
            "--name",
            "sick",
            "--cwd",
            Home(),
            "--health",
            "exec:test -e well",
            "--health-interval",
            "20ms",
            "--health-failures",
            "2",
            "--health-action",
            "restart",
            "--",
            "sh",
            "-c",
            "trap 'exit 0' TERM; touch well; echo up; while :; do sleep 0.05; done"
        );
        await OkAsync("wait", "sick", "--for", "log:/up/");

        File.Delete(Path.Join(Home(), "well"));
        await OkAsync("wait", "sick", "--for", "running");
        await TspmHome.UntilAsync(
            async () =>
                int.Parse(await FieldAsync("sick", "run"), CultureInfo.InvariantCulture) >= 2,
            "it runs again"
        );

        var log = (await OkAsync("logs", "sick", "--no-tail", "--no-follow")).Output;
        Assert.Contains("is unhealthy: exited with code 1", log, StringComparison.Ordinal);
        Assert.Contains("is being stopped by health check", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_have_numbers_and_ports_and_their_name_means_all()
    {
        await OkAsync(
            "start",
            "--name",
            "web",
            "-i",
            "3",
            "--port-step",
            "10",
            "-e",
            "PORT=3000",
            "--",
            "sh",
            "-c",
            "echo I am $TSPM_INSTANCE on $PORT; exec sleep 1000"
        );
        await OkAsync("wait", "web", "--for", "log:/I am/");
        var log = (await OkAsync("logs", "web", "--no-events", "--no-follow", "--no-prefix")).Lines;
        Assert.Equal(["I am 0 on 3000", "I am 1 on 3010", "I am 2 on 3020"], log.Order());

        await OkAsync("scale", "web", "4", "-y");
        await OkAsync("wait", "web.3", "--for", "log:/I am 3 on 3030/");
        await OkAsync("scale", "web", "1", "-y");
        var rolled = await OkAsync("restart", "web", "--parallel", "1");

        Assert.Contains("web.0", rolled.Output, StringComparison.Ordinal);
        var list = await _home.JsonAsync("list", "-o", "json");
        Assert.Equal("web.0", Assert.Single(list.EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_reload_ends_the_old_run_when_the_new_one_is_ready_and_leaves_it_when_it_is_not()
    {
        const string script = "[ -e broken ] || echo serving as $$; while :; do sleep 0.05; done";
        await OkAsync(
            "start",
            "--name",
            "web",
            "--cwd",
            Home(),
            "--ready",
            "log:/serving/",
            "--ready-timeout",
            "500ms",
            "--wait",
            "--",
            "sh",
            "-c",
            script
        );
        var oldRun = await FieldAsync("web", "runId");

        var reloaded = await OkAsync("reload", "web");

        Assert.Contains("web reloaded", reloaded.Output, StringComparison.Ordinal);
        var newRun = await FieldAsync("web", "runId");
        Assert.NotEqual(oldRun, newRun);
        await TspmHome.UntilAsync(
            () => Task.FromResult(MarkedPids(oldRun).Count == 0),
            "the old run is gone"
        );

        await File.WriteAllTextAsync(
            Path.Join(Home(), "broken"),
            "",
            Encoding.ASCII,
            TestContext.Current.CancellationToken
        );
        var failed = await _home.RunAsync("reload", "web");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("not ready within 0.5 s", failed.Errors, StringComparison.Ordinal);
        Assert.Equal(newRun, await FieldAsync("web", "runId"));
        Assert.Equal("ready", await FieldAsync("web", "status"));
    }

    [Fact]
    public async Task A_label_selects_and_a_renamed_process_keeps_its_log()
    {
        await OkAsync(
            "start",
            "--name",
            "old",
            "--label",
            "tier=front",
            "--",
            "sh",
            "-c",
            "echo hello; exec sleep 1000"
        );
        await OkAsync("wait", "@tier=front", "--for", "log:/hello/");

        await OkAsync("rename", "old", "shop/new");

        var log = (await OkAsync("logs", "shop/new", "--no-follow", "--no-events")).Output;
        Assert.Contains("hello", log, StringComparison.Ordinal);
        Assert.Equal(3, (await _home.RunAsync("describe", "old")).ExitCode);
    }

    [Fact]
    public async Task A_stop_command_asks_and_signals_of_a_list_follow()
    {
        await OkAsync(
            "start",
            "--name",
            "asked",
            "--cwd",
            Home(),
            "--stop-command",
            "kill -USR1 $TSPM_PID",
            "--ready",
            "log:/up/",
            "--wait",
            "--",
            "sh",
            "-c",
            "trap 'echo bye; exit 0' USR1; trap '' TERM; echo up; while :; do sleep 0.02; done"
        );
        await OkAsync(
            "start",
            "--name",
            "second",
            "--stop-signal",
            "INT,TERM",
            "--stop-timeout",
            "600ms",
            "--ready",
            "log:/up/",
            "--wait",
            "--",
            "sh",
            "-c",
            "trap '' INT; trap 'echo term; exit 0' TERM; echo up; while :; do sleep 0.02; done"
        );

        await OkAsync("stop", "asked", "second");

        Assert.Contains(
            "bye",
            (await OkAsync("logs", "asked", "--no-follow")).Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "term",
            (await OkAsync("logs", "second", "--no-follow")).Output,
            StringComparison.Ordinal
        );
    }

    private static string Shape(string line, string name)
    {
        var words = line.Trim('-', ' ')
            .Replace($"{name}: ", "", StringComparison.Ordinal)
            .Split(' ');
        return words switch
        {
            ["line", var n, ..] => $"line {n}",
            ["run", var n, "started", ..] => $"run {n} started",
            ["run", var n, "exited", ..] => $"run {n} exited",
            _ => "",
        };
    }

    private string Home() => _work.FullName;

    private async Task<CommandResult> OkAsync(params string[] arguments)
    {
        var result = await _home.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result}");
        return result;
    }

    private async Task<string> FieldAsync(string name, string field)
    {
        var list = await _home.JsonAsync("list", name, "-o", "json");
        return list[0].TryGetProperty(field, out var value) ? value.ToString() : "";
    }

    /// <summary>Every process that carries the mark of a run, zombies excepted.</summary>
    private static List<int> MarkedPids(string runId)
    {
        var mark = $"TSPM_RUN={runId}";
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                !int.TryParse(
                    Path.GetFileName(folder),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var pid
                )
            )
            {
                continue;
            }

            try
            {
                if (File.ReadAllText(Path.Join(folder, "environ")).Split('\0').Contains(mark))
                {
                    found.Add(pid);
                }
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
            catch (UnauthorizedAccessException)
            {
                // Not ours.
            }
        }

        return found;
    }
}
