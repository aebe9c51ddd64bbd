namespace Tspm.Integration.Tests;

/// <summary>Completion in real shells on a terminal, and what it must never do.</summary>
public sealed class CompletionSpecs
{
    private const string Prompt = "ready-for-input";

    // Ctrl+C would get away from the line too, but a shell that is still inside its completion takes the signal for that
    // and shows no new prompt. What is typed waits its turn: the line is emptied, and Enter gives the next prompt.
    private const string NextLine = "\u0015\r";

    [Theory]
    [InlineData(
        "/bin/bash",
        "exec bash --norc --noprofile -i",
        "PS1='ready-''for-input '; source <(tspm completion bash)\r"
    )]
    [InlineData(
        "/usr/bin/zsh",
        "exec zsh -f -i",
        "PS1='ready-''for-input '; autoload -Uz compinit && compinit -u -D; source <(tspm completion zsh)\r"
    )]
    [InlineData(
        "/usr/bin/fish",
        "exec fish --no-config -i",
        "function fish_prompt; echo -n ready-'for-input '; end; tspm completion fish | source\r"
    )]
    public async Task A_shell_completes_commands_options_names_and_values(
        string shell,
        string start,
        string setUp
    )
    {
        Assert.SkipUnless(File.Exists(shell), $"{shell} is not installed");
        await using var home = new TspmHome();
        await home.StartShellAsync("webserver", "exec sleep 600");
        await home.StartShellAsync("database", "exec sleep 600");
        var bin = Directory.CreateDirectory(Path.Join(home.Root, "bin"));
        File.CreateSymbolicLink(Path.Join(bin.FullName, "tspm"), TspmHome.Binary);

        await Terminal.TypeAsync(
            home,
            $"export TERM=xterm TSPM_COMPLETION_MS=5000 HOME={bin.FullName} PATH={bin.FullName}:$PATH; cd {bin.FullName}; {start}",
            (setUp, Prompt),
            ("tspm descr\t", "describe"),
            ("webs\t", "webserver"),
            (NextLine, Prompt),
            ("tspm logs --no-sani\t", "--no-sanitize"),
            (NextLine, Prompt),
            ("tspm logs --gap sk\t", "skip"),
            (NextLine, Prompt),
            ("tspm stop d\t", "database"),
            (NextLine, Prompt),
            ("tspm set webs\t", "webserver"),
            ("umas\t077", "umask=077"),
            (NextLine, Prompt),
            ("exit\r", "exit")
        );
    }

    [Fact]
    public async Task Completion_starts_no_daemon_and_says_nothing_when_it_cannot()
    {
        await using var home = new TspmHome();

        var names = await home.RunAsync("__complete", "--", "stop", "");
        var commands = await home.RunAsync("__complete", "--", "lo");

        Assert.Equal((0, "", ""), (names.ExitCode, names.Output, names.Errors));
        Assert.Contains("logs\t", commands.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(home.Root));
    }

    [Fact]
    public async Task Completion_gives_up_when_nobody_answers()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "exec sleep 600");
        var daemon = await home.DaemonPidAsync();
        TspmHome.Signal(daemon, 19);
        try
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            var result = await home.RunAsync("__complete", "--", "stop", "");

            Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Errors));
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"{watch.Elapsed}"); // 100 ms and a cold start on a busy machine
        }
        finally
        {
            TspmHome.Signal(daemon, 18);
        }
    }

    [Fact]
    public async Task Names_come_with_their_state()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "exec sleep 600");

        var result = await home.ShellAsync("TSPM_COMPLETION_MS=5000 $T __complete -- stop w");

        Assert.StartsWith("web\trunning, up ", result.Output, StringComparison.Ordinal);
    }
}
