using Tspm.Cli.Commands;
using Tspm.Keeper;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands about tspm itself: its daemon, its health.</summary>
internal static class SelfTree
{
    private const string Group = "tspm itself";

    private static readonly OptionSpec[] ShutdownOptions =
    [
        new(["--timeout"], "DUR", "grace instead of each one's own"),
    ];

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["doctor"],
            UsesSettings = false,
            Group = Group,
            Arguments = "[logs]",
            Help = "checks of this installation, with a remedy for each fault",
            Details =
                "Exit 0 if nothing is wrong, 1 if something is. --fix mends what can be mended without risk: modes of the home, a socket that nobody serves.",
            Options = [new(["--fix"], null, "mend what is safe to mend")],
            Examples =
            [
                "tspm doctor",
                "tspm doctor -o json",
                "tspm doctor --fix",
                "tspm doctor logs",
            ],
            Run = HealthCommand.RunAsync,
            Subcommands =
            [
                new()
                {
                    Names = ["logs"],
                    Help =
                        "send numbered lines through everything and tell loss, order and latency",
                    Details =
                        "Starts a program that prints numbered lines, first paced, then at once, follows it, and deletes it again. Exit 0 if each line came once and in order.",
                    Options =
                    [
                        new(["--lines"], "N", "paced lines, whose latency counts; default: 2000"),
                        new(["--rate"], "N", "paced lines per second; default: 1000"),
                        new(
                            ["--burst"],
                            "N",
                            "lines after them, as fast as can be; default: 100000"
                        ),
                        new(["--timeout"], "DUR", "how long at the most; default: 30s"),
                    ],
                    Run = DoctorCommand.LogsAsync,
                    MaxArguments = 0,
                },
            ],
        },
        new()
        {
            Names = ["bug-report"],
            UsesSettings = false,
            Group = Group,
            Help = "a directory of facts for a report, without secrets, arguments or log lines",
            Options = [new(["--file"], "DIR", "where to; default: tspm-bug-report-TIME here")],
            Examples = ["tspm bug-report", "tspm bug-report --file /tmp/report"],
            Run = BugReportCommand.RunAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["__canary"],
            Help = "",
            Options =
            [
                new(["--lines"], "N", "paced lines"),
                new(["--rate"], "N", "per second"),
                new(["--burst"], "N", "lines after them"),
            ],
            Run = CanaryCommand.RunAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["daemon"],
            Group = Group,
            Arguments = "COMMAND",
            Help =
                "the daemon: start, status, restart, upgrade, logs, stop; no program is touched but by stop",
            Examples =
            [
                "tspm daemon status",
                "tspm daemon restart",
                "tspm daemon upgrade",
                "tspm daemon logs -n 20",
            ],
            Subcommands =
            [
                new()
                {
                    Names = ["start"],
                    Help = "start it if it does not run",
                    Run = DaemonCommands.StartAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["status"],
                    Help = "facts about it and the keeper, and what to do if their builds differ",
                    Run = StatusCommand.RunAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["restart"],
                    Help = "replace it; programs and followers go on",
                    Run = DaemonCommands.RestartAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["upgrade"],
                    Help = "go on with another program; programs and followers go on",
                    Details =
                        "The new program is checked first. If it cannot start, the one before stays in charge.",
                    Options =
                    [
                        new(["--binary"], "PATH", "the new program; default: this one"),
                        new(["--keep-keeper"], null, "replace the daemon only"),
                    ],
                    Examples = ["tspm daemon upgrade", "tspm daemon upgrade --binary ./tspm"],
                    Run = UpgradeCommand.RunAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["logs"],
                    Help = "its own log",
                    Options =
                    [
                        new(["--tail", "-n", "--lines"], "N", "the newest N lines; default: 50"),
                    ],
                    Run = DaemonCommands.LogsAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["stop"],
                    Help = "same as shutdown",
                    Options = ShutdownOptions,
                    Run = ShutdownCommand.RunAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["run"],
                    Help = "",
                    Options = [new(["--resurrect"], null, "start what ran before")],
                    Run = DaemonCommands.RunAsync,
                    MaxArguments = 0,
                },
            ],
        },
        .. BootTree.Commands,
        new()
        {
            Names = ["shutdown"],
            Group = Group,
            Help = "stop all programs in order, then tspm itself",
            Details =
                "The newest is asked first, each has its own grace. Exit 9, with names, if something survived. What ran is remembered: tspm resurrect.",
            Options = ShutdownOptions,
            Examples = ["tspm shutdown", "tspm shutdown --timeout 2s"],
            Run = ShutdownCommand.RunAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["kill"],
            Help = "same as shutdown",
            Options =
            [
                .. ShutdownOptions,
                new(["--signal", "-s"], "SIG", "never: see the message"),
            ],
            Run = ShutdownCommand.KillAsync,
        },
        new()
        {
            Names = ["keeper"],
            Help = "",
            Options =
            [
                new(["--resurrect"], null, "start what ran before"),
                new(["--handover"], "FD", "go on where the program before stopped"),
            ],
            Run = DaemonCommands.KeeperAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = [BuildReport.Command],
            Help = "",
            Run = DaemonCommands.BuildAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["completion"],
            UsesSettings = false,
            Group = Group,
            Arguments = "bash|zsh|fish|pwsh",
            Help = "a script that teaches your shell to complete names and options",
            Examples =
            [
                "source <(tspm completion bash)",
                "source <(tspm completion zsh)",
                "tspm completion fish | source",
                "tspm completion pwsh | Out-String | Invoke-Expression",
            ],
            Run = Completion.CompleteCommand.PrintScriptAsync,
            MaxArguments = 1,
        },
        new()
        {
            Names = ["__complete"],
            Help = "",
            Run = Completion.CompleteCommand.AnswerAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["help"],
            UsesSettings = false,
            Group = Group,
            Arguments = "[COMMAND|TOPIC]",
            Help = "help about a command or a topic",
            Options = [new(["--man"], "DIR", "write the manual pages there instead")],
            Details = $"Topics: {string.Join(", ", HelpTopics.Names)}.",
            Examples =
            [
                "tspm help logs",
                "tspm help selectors",
                "tspm help --man ~/.local/share/man/man1",
            ],
            Run = OverviewCommand.HelpAsync,
        },
    ];
}
