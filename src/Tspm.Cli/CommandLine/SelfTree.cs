using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands about tspm itself: its daemon, its health.</summary>
internal static class SelfTree
{
    private const string Group = "tspm itself";

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["doctor"],
            Group = Group,
            Arguments = "COMMAND",
            Help = "checks of this installation: logs",
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
                "the daemon: start, status, restart, logs, stop; no program is touched but by stop",
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
                    Help = "facts about it",
                    Run = DaemonCommands.StatusAsync,
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
                    Run = DaemonCommands.ShutdownAsync,
                    MaxArguments = 0,
                },
                new()
                {
                    Names = ["run"],
                    Help = "",
                    Run = DaemonCommands.RunAsync,
                    MaxArguments = 0,
                },
            ],
        },
        new()
        {
            Names = ["shutdown"],
            Group = Group,
            Help = "stop all programs in order, then tspm itself",
            Options = [new(["--timeout"], "DUR", "grace instead of each one's own")],
            Run = DaemonCommands.ShutdownAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["kill"],
            Help = "same as shutdown",
            Run = DaemonCommands.KillAsync,
        },
        new()
        {
            Names = ["keeper"],
            Help = "",
            Run = DaemonCommands.KeeperAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["help"],
            Group = Group,
            Arguments = "[COMMAND]",
            Help = "help about a command, or exit-codes",
            Run = OverviewCommand.HelpAsync,
        },
    ];
}
