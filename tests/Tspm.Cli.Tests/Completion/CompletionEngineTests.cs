using Tspm.Cli.CommandLine;
using Tspm.Cli.Completion;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Completion;

/// <summary>What is offered where.</summary>
public sealed class CompletionEngineTests
{
    [Theory]
    [InlineData("logs", "lo")]
    [InlineData("--follow", "logs", "--fo")]
    [InlineData("web", "logs", "w")]
    [InlineData("shop/api", "stop", "web", "shop")]
    [InlineData("shop/", "stop", "sh")]
    [InlineData("all", "stop", "a")]
    [InlineData("7", "logs", "web", "--run", "7")]
    [InlineData("--run=6", "logs", "web", "--run=6")]
    [InlineData("previous", "logs", "web", "--run", "p")]
    [InlineData("skip", "logs", "--gap", "s")]
    [InlineData("restart", "daemon", "re")]
    [InlineData("on-failure", "start", "--restart", "on")]
    [InlineData("HUP", "signal", "HU")]
    [InlineData("web", "signal", "HUP", "we")]
    [InlineData("stopped", "wait", "web", "--for", "st")]
    [InlineData("selectors", "help", "sel")]
    [InlineData("fish", "completion", "f")]
    [InlineData("mem", "list", "--sort", "m")]
    [InlineData("json-seq", "logs", "-o", "json-")]
    [InlineData("--home", "--ho")]
    [InlineData("redact=", "set", "web", "red")]
    [InlineData("env.", "set", "web", "umask=022", "e")]
    [InlineData("web", "set", "w")]
    [InlineData("shop", "start", "--namespace", "sh")]
    [InlineData(":files", "start", "--cwd", "")]
    [InlineData(":files", "run", "--", "ma")]
    public void A_word_that_can_stand_there_is_offered(string expected, params string[] words) =>
        Assert.Contains(expected, Texts(words));

    [Theory]
    [InlineData("web", "stop", "web", "")]
    [InlineData("web", "list", "--sort", "")]
    [InlineData("keeper", "")]
    [InlineData("__complete", "")]
    [InlineData("--follow", "stop", "--")]
    [InlineData("web", "logs", "x")]
    public void A_word_that_cannot_stand_there_is_not(string word, params string[] words) =>
        Assert.DoesNotContain(word, Texts(words));

    [Fact]
    public void Names_are_described_by_their_state() =>
        Assert.Contains(
            Complete("stop", "").Select(one => $"{one.Text}: {one.Description}"),
            text => text == "web: running, up 3m02s"
        );

    [Fact]
    public void Options_alone_ask_no_daemon()
    {
        var engine = new CompletionEngine(
            CommandTree.Commands,
            CommandTree.Global,
            () => throw new InvalidOperationException("asked")
        );

        Assert.NotEmpty(engine.Complete(["logs", "--"]));
        Assert.NotEmpty(engine.Complete([""]));
    }

    [Fact]
    public void Nobody_answering_gives_no_names() =>
        Assert.Empty(
            new CompletionEngine(CommandTree.Commands, CommandTree.Global, () => []).Complete([
                "stop",
                "",
            ])
        );

    [Fact]
    public void The_script_for_PowerShell_is_this_text()
    {
        var script = CompletionScripts.Of("pwsh");

        Assert.Contains(
            "Register-ArgumentCompleter -Native -CommandName tspm -ScriptBlock {\n",
            script,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "param($wordToComplete, $commandAst, $cursorPosition)\n",
            script,
            StringComparison.Ordinal
        );
        Assert.Contains("__complete -- @words 2>$null", script, StringComparison.Ordinal);
        Assert.Contains(
            "[System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)",
            script,
            StringComparison.Ordinal
        );
        Assert.Equal(script.Count(letter => letter == '{'), script.Count(letter => letter == '}'));
    }

    private static List<string> Texts(string[] words) =>
        [.. Complete(words).Select(one => one.Text)];

    private static IReadOnlyList<Candidate> Complete(params string[] words) =>
        new CompletionEngine(
            CommandTree.Commands,
            CommandTree.Global,
            () => [SomeProcess.With("web", "default", 7), SomeProcess.With("api", "shop", 2)]
        ).Complete(words);
}

/// <summary>Processes for tests of what shows them.</summary>
internal static class SomeProcess
{
    public static ProcessView With(
        string name,
        string ns,
        uint run,
        string status = "running",
        uint id = 0
    ) =>
        new()
        {
            Id = id,
            Name = name,
            Ns = ns,
            Status = status,
            StatusText = status,
            Pid = status == "running" ? 4711 : null,
            Run = run,
            UptimeSeconds = status == "running" ? 182 : null,
            Restarts = 4,
            CpuPercent = 12.5,
            MemoryBytes = 84 << 20,
            Command = ["node", "server.js"],
            Cwd = "/srv",
            Restart = "on-failure",
            NextTrySeconds = status == "backoff" ? 12 : null,
        };
}
