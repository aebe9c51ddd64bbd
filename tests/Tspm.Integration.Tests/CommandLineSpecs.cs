using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Exit codes, errors, pipes and signals, on the binary.</summary>
public sealed class CommandLineSpecs
{
    [Fact]
    public async Task Fifty_first_commands_give_one_keeper_and_one_daemon()
    {
        await using var home = new TspmHome();

        var results = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => home.RunAsync("daemon", "start", "--json"))
        );

        Assert.All(results, result => Assert.True(result.ExitCode == 0, result.ToString()));
        var pids = results
            .Select(result => JsonDocument.Parse(result.Output).RootElement)
            .Select(status =>
                (status.GetProperty("pid").GetInt32(), status.GetProperty("keeperPid").GetInt32())
            );
        Assert.Single(pids.Distinct());
    }

    [Fact]
    public async Task Of_many_starts_of_one_name_one_wins()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");

        var results = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(_ => home.RunAsync("start", "--name", "web", "--", "sleep", "600"))
        );

        Assert.Single(results, result => result.ExitCode == 0);
        Assert.Equal(19, results.Count(result => result.ExitCode == 6));
    }

    [Theory]
    [InlineData(1, "no such file", "start", "--", "/no/such/program")]
    [InlineData(1, "not found in PATH", "start", "--", "no-such-program-at-all")]
    [InlineData(1, "no such directory", "start", "--cwd", "/no/such/dir", "--", "sleep", "1")]
    [InlineData(1, "not executable", "start", "--", "/etc/passwd")]
    [InlineData(2, "--follow", "logs", "--folow", "web")]
    [InlineData(2, "did you mean: start", "strat", "--", "sleep", "1")]
    [InlineData(2, "not a whole number", "logs", "-n", "many")]
    [InlineData(2, "is not one of", "start", "--restart", "allways", "--", "sleep", "1")]
    [InlineData(2, "takes no name", "kill", "web")]
    [InlineData(2, "add --yes", "delete", "web")]
    [InlineData(3, "no process matches", "stop", "nothing")]
    [InlineData(3, "no process matches", "logs", "nothing")]
    [InlineData(2, "is not a time", "logs", "--since", "soon")]
    public async Task A_mistake_has_its_exit_code_and_says_what_is_wrong(
        int exitCode,
        string words,
        params string[] arguments
    )
    {
        await using var home = new TspmHome();

        var result = await home.RunAsync(arguments);

        Assert.True(result.ExitCode == exitCode, result.ToString());
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.Empty((await home.JsonAsync("list", "--json")).EnumerateArray());
    }

    [Fact]
    public async Task A_script_without_a_first_line_is_refused_with_the_reason()
    {
        await using var home = new TspmHome();
        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, "echo hi\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(
            script,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );

        var result = await home.RunAsync("start", "--", script);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("#!", result.Errors, StringComparison.Ordinal);
        File.Delete(script);
    }

    [Fact]
    public async Task A_program_that_dies_at_once_shows_its_last_lines()
    {
        await using var home = new TspmHome();

        var result = await home.RunAsync(
            "start",
            "--name",
            "web",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "echo cannot bind >&2; exit 3"
        );

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("exited with code 3", result.Errors, StringComparison.Ordinal);
        Assert.Contains("cannot bind", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("exit 0", 0)]
    public async Task Run_passes_the_exit_code_on(string script, int exitCode)
    {
        await using var home = new TspmHome();

        var result = await home.RunAsync(
            "run",
            "--",
            "/bin/sh",
            "-c",
            $"echo out; echo err >&2; {script}"
        );

        Assert.True(result.ExitCode == exitCode, result.ToString());
        Assert.Equal("out\n", result.Output);
        Assert.Equal("err\n", result.Errors);
        Assert.Empty((await home.JsonAsync("list", "--json")).EnumerateArray());
    }

    [Theory]
    [InlineData(2, 130)]
    [InlineData(15, 143)]
    public async Task A_signal_ends_a_follow_by_that_signal_and_harms_nothing(
        int signal,
        int exitCode
    )
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "echo ready; exec sleep 600"
        );
        var follow = home.StartFollow("logs", "web", "-f");
        await follow.ReadUntilAsync("ready");

        TspmHome.Signal(follow.Pid, signal);

        Assert.Equal(exitCode, await follow.WaitAsync());
        Assert.Equal(
            "running",
            (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
        );
    }

    [Fact]
    public async Task A_follower_whose_reader_leaves_ends_idle_or_busy()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "idle",
            "--",
            "/bin/sh",
            "-c",
            "echo only; exec sleep 600"
        );
        await home.RunAsync(
            "start",
            "--name",
            "busy",
            "--",
            "/bin/sh",
            "-c",
            "while true; do echo again; done"
        );

        var idle = await home.ShellAsync(
            "$T logs idle -f --no-events | head -1; echo ${PIPESTATUS[0]}"
        );
        var busy = await home.ShellAsync(
            "$T logs busy -f --no-events | head -1; echo ${PIPESTATUS[0]}"
        );

        Assert.Equal(["only", "141"], idle.Lines);
        Assert.Equal(["again", "141"], busy.Lines);
    }

    [Fact]
    public async Task A_socket_path_over_107_bytes_works()
    {
        var root = Path.Join(
            Path.GetTempPath(),
            $"ts{Random.Shared.NextInt64():x}",
            new string('d', 120)
        );
        await using var home = new TspmHome(root);

        await home.RunAsync("start", "--name", "web", "--restart", "never", "--", "echo", "far");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "web")).Output.Contains(
                    "far",
                    StringComparison.Ordinal
                ),
            "the line is there"
        );
    }

    [Fact]
    public async Task A_home_that_is_open_to_others_is_refused()
    {
        await using var home = new TspmHome();
        Directory.CreateDirectory(
            home.Root,
            UnixFileMode.UserRead
                | UnixFileMode.UserWrite
                | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead
                | UnixFileMode.OtherRead
        );

        var result = await home.RunAsync("list");

        Assert.Equal(5, result.ExitCode);
        Assert.Contains("open to others", result.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Root));
        File.SetUnixFileMode(
            home.Root,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
    }

    [Fact]
    public async Task Stop_ends_the_whole_tree()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "tree",
            "--",
            "/bin/sh",
            "-c",
            $"sleep 60{Environment.ProcessId}1 & (setsid sleep 60{Environment.ProcessId}2 &) ; echo up; wait"
        );
        var follow = home.StartFollow("logs", "tree", "-f");
        await follow.ReadUntilAsync("up");

        var result = await home.RunAsync("stop", "tree");

        Assert.Equal(0, result.ExitCode);
        var left = await home.ShellAsync($"pgrep -f 'sleep 60{Environment.ProcessId}[12]' | wc -l");
        Assert.Equal("0", left.Output.Trim());
    }

    [Fact]
    public async Task A_program_starts_clean()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "facts",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "ls /proc/self/fd | tr '\\n' ' '; echo; grep -E 'SigBlk|SigIgn' /proc/self/status"
        );
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
                == "exited",
            "the program ends"
        );

        var result = await home.RunAsync("logs", "facts", "--no-events");

        Assert.Equal("0 1 2 3 ", result.Lines[0]); // 3 is what ls itself opened
        Assert.All(
            result.Lines[1..],
            line => Assert.EndsWith("0000000000000000", line, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_pty_program_has_a_terminal()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "term",
            "--pty",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "test -t 1 && echo terminal"
        );

        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "term", "--no-events")).Output.Contains(
                    "terminal",
                    StringComparison.Ordinal
                ),
            "it says so"
        );
    }

    [Fact]
    public async Task A_failing_program_is_restarted_and_in_the_end_given_up()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "crash",
            "--max-restarts",
            "2",
            "--",
            "/bin/sh",
            "-c",
            "exit 3"
        );

        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
                == "failed",
            "it is given up"
        );

        var process = (await home.JsonAsync("list", "--json"))[0];
        Assert.Equal(3, process.GetProperty("run").GetInt32());
        Assert.Equal(3, process.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Without_autostart_there_is_no_daemon()
    {
        await using var home = new TspmHome();

        var result = await home.RunAsync("list", "--no-autostart");

        Assert.Equal(4, result.ExitCode);
        Assert.False(Directory.Exists(home.Root));
    }

    [Fact]
    public async Task Daemon_restart_touches_no_program()
    {
        await using var home = new TspmHome();
        await home.RunAsync("start", "--name", "web", "--", "sleep", "600");
        var before = (await home.JsonAsync("list", "--json"))[0].GetProperty("pid").GetInt32();
        var daemon = await home.DaemonPidAsync();

        var result = await home.RunAsync("daemon", "restart");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.NotEqual(daemon, await home.DaemonPidAsync());
        Assert.Equal(
            before,
            (await home.JsonAsync("list", "--json"))[0].GetProperty("pid").GetInt32()
        );
    }

    [Fact]
    public async Task Escape_sequences_of_a_program_do_not_reach_a_reader_of_text()
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "evil",
            "--restart",
            "never",
            "--",
            "/bin/sh",
            "-c",
            "printf 'a\\033[2Jb\\033]52;c;eA==\\007c\\n'"
        );
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("list", "--json"))[0].GetProperty("status").GetString()
                == "exited",
            "the program ends"
        );

        var text = await home.RunAsync("logs", "evil", "--no-events");
        var raw = await home.RunAsync("logs", "evil", "--no-events", "--raw");

        Assert.DoesNotContain('\u001b', text.Output);
        Assert.Contains("\u001b[2J", raw.Output, StringComparison.Ordinal);
    }
}
