using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>All commands and their options: one table for the parser, the help and the tests.</summary>
internal static class CommandTree
{
    private const string Running = "run programs";
    private const string Looking = "look";
    private const string Whole = "tspm itself";

    private static readonly OptionSpec[] StartOptions =
    [
        new(["--name", "-n"], "NAME", "its name; default: that of the program"),
        new(["--namespace"], "NS", "its namespace; default: default"),
        new(["--cwd"], "DIR", "working directory; default: this one"),
        new(["--env", "-e"], "NAME=VALUE", "a variable; may be repeated", IsRepeatable: true),
        new(["--env-file"], "FILE", "variables, one NAME=VALUE a line", IsRepeatable: true),
        new(["--pty"], null, "give it a terminal"),
        new(["--merge"], null, "both outputs through one pipe, in exact order"),
        new(["--stop-signal"], "SIG", "what asks it to end; default: TERM"),
        new(["--stop-timeout"], "DUR", "time until it is killed; default: 10s"),
    ];

    private static readonly OptionSpec[] LogOptions =
    [
        new(["--follow", "-f"], null, "go on with what comes"),
        new(["--no-follow", "--nostream"], null, "do not"),
        new(["--tail", "-n", "--lines"], "N|all", "the newest N lines of each; default: 20"),
        new(["--no-tail"], null, "all lines"),
        new(["--since", "-S"], "TIME", "from this time on: 10m, 14:05, \"2026-01-31 14:05\""),
        new(["--timestamps", "-t"], "iso|time|rel|delta|unix", "show when", IsValueOptional: true),
        new(["--utc"], null, "times in UTC"),
        new(["--out", "--stdout"], null, "standard output only"),
        new(["--err", "--stderr"], null, "standard error only"),
        new(["--no-events"], null, "without starts and exits"),
        new(["--prefix"], null, "put the name before each line"),
        new(["--no-prefix", "--no-log-prefix"], null, "do not"),
        new(["--raw"], null, "the bytes as they were printed; same as -o raw"),
        new(["--no-sanitize"], null, "let all escape sequences through"),
        new(["--gap"], "fill|skip", "what left the ring is read from disk (fill) or told (skip)"),
        new(["--fail-on-gap"], null, "exit 10 if entries could not be delivered"),
        new(
            ["--reconnect"],
            "DUR|never|forever",
            "how long to try when the daemon is away; default: forever"
        ),
        new(
            ["--grep", "-g"],
            "RE",
            "lines that match; may be repeated (one must match)",
            IsRepeatable: true
        ),
        new(["--exclude"], "RE", "no lines that match; may be repeated", IsRepeatable: true),
        new(["--ignore-case", "-i"], null, "with capitals too; default if no pattern has one"),
        new(["--run"], "N|current|previous|-K|all", "lines of one run"),
        new(["--previous", "-p"], null, "same as --run previous"),
        new(["--after-cursor"], "CURSOR", "begin after what was seen"),
        new(["--show-cursor"], null, "at the end, tell where the next reader can go on"),
        new(["--cursor-file"], "FILE", "begin after the cursor in it, and keep it up to date"),
        new(["--no-new"], null, "do not follow processes that are made later"),
        new(["--receipt"], null, "at the end, tell what became of every entry (stderr)"),
    ];

    /// <summary>Options of every command.</summary>
    public static IReadOnlyList<OptionSpec> Global { get; } =
    [
        new(
            ["--output", "-o"],
            "FORMAT",
            "table, json, jsonl, name; logs: short, full, raw, cat, json"
        ),
        new(["--json"], null, "same as -o json"),
        new(["--home"], "DIR", "another home; also TSPM_HOME"),
        new(["--no-autostart"], null, "fail with 4 instead of starting a daemon"),
        new(["--color"], "auto|always|never", "colour"),
        new(["--no-color"], null, "no colour"),
        new(["--quiet", "-q"], null, "less talk; -qq also hides gaps", IsRepeatable: true),
        new(["--yes", "-y"], null, "do not ask"),
        new(["--help", "-h"], null, "help"),
        new(["--version"], null, "version"),
    ];

    /// <summary>All commands; the one without a name is plain <c>tspm</c>.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = [""],
            Help = "what runs, or how to begin",
            Run = OverviewCommand.RunAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["start"],
            Group = Running,
            Arguments = "[NAME… | 'SHELL LINE' | -- CMD ARGS…]",
            Help = "start a program in the background, or known ones again",
            Details =
                "After -- comes the program with its arguments. One quoted argument with a blank in it is a shell line.",
            Options =
            [
                .. StartOptions,
                new(["--restart"], "POLICY", "always, on-failure (default) or never"),
                new(
                    ["--max-restarts"],
                    "N",
                    "short runs in 5 minutes after which it is given up; default: 16"
                ),
                new(["--replace"], null, "if the name is taken: stop and forget the old one"),
                new(["--attach", "-f"], null, "follow its log at once"),
            ],
            Examples =
            [
                "tspm start -- node server.js",
                "tspm start --name web 'PORT=3000 exec ./server'",
                "tspm start web worker",
            ],
            Run = StartCommand.RunAsync,
        },
        new()
        {
            Names = ["run"],
            Group = Running,
            Arguments = "[options] -- CMD ARGS…",
            Help = "run a program in the foreground and pass its exit code on",
            Details =
                "Its output is captured like any other. Signals are passed on to it. It is forgotten at the end unless --keep.",
            Options = [.. StartOptions, new(["--keep"], null, "do not forget it at the end")],
            Examples = ["tspm run -- make test"],
            Run = RunCommand.RunAsync,
        },
        new()
        {
            Names = ["stop"],
            Group = Running,
            Arguments = "SEL…",
            Help = "stop: its signal, grace, SIGKILL, then what it left behind",
            Options =
            [
                new(["--signal"], "SIG", "instead of its own"),
                new(["--timeout"], "DUR", "grace instead of its own"),
            ],
            Examples = ["tspm stop web", "tspm stop all"],
            Run = ChangeCommands.StopAsync,
        },
        new()
        {
            Names = ["restart"],
            Group = Running,
            Arguments = "SEL…",
            Help = "stop and start: a new run",
            Run = ChangeCommands.RestartAsync,
        },
        new()
        {
            Names = ["delete", "rm", "remove"],
            Group = Running,
            Arguments = "SEL…",
            Help = "stop, forget, and drop the log",
            Options = [new(["--keep-logs"], null, "leave the files of the log")],
            Run = ChangeCommands.DeleteAsync,
        },
        new()
        {
            Names = ["signal"],
            Group = Running,
            Arguments = "SIG SEL…",
            Help = "send a signal",
            Options = [new(["--group"], null, "to the whole process group")],
            Examples = ["tspm signal HUP web"],
            Run = ChangeCommands.SignalAsync,
        },
        new()
        {
            Names = ["logs"],
            Group = Looking,
            Arguments = "[SEL…]",
            Help = "what programs printed; -f to follow",
            Details =
                "Without a name: all. A selector is a name, an id, ns/name, a glob, /regex/ or all.",
            Options = LogOptions,
            Examples =
            [
                "tspm logs web -f",
                "tspm logs web -n 100 --err",
                "tspm logs 'web*' db -f -t",
                "tspm logs web -o json | jq .msg",
            ],
            Run = LogsCommand.RunAsync,
        },
        new()
        {
            Names = ["tail"],
            Group = Looking,
            Arguments = "[SEL…]",
            Help = "same as logs -f",
            Options = LogOptions,
            Run = LogsCommand.TailAsync,
        },
        new()
        {
            Names = ["wait"],
            Group = Looking,
            Arguments = "SEL…",
            Help = "block until a state is reached or a line was printed",
            Details =
                "log:/RE/ looks at the current run from its beginning, then at what comes. Exit 7: not seen in time; 10: not seen, but entries were lost meanwhile.",
            Options =
            [
                new(["--for"], "STATE|log:/RE/", "running (default), stopped, exited, or a line"),
                new(["--timeout"], "DUR", "how long; default: 30s"),
                new(["--ignore-case", "-i"], null, "of the line"),
            ],
            Examples = ["tspm wait web --for 'log:/listening on/' --timeout 30s"],
            Run = WaitCommand.RunAsync,
        },
        new()
        {
            Names = ["list", "ls", "ps", "status"],
            Group = Looking,
            Arguments = "[SEL…]",
            Help = "all processes",
            Run = ListCommand.ListAsync,
        },
        new()
        {
            Names = ["jlist"],
            Help = "same as list -o json",
            Run = ListCommand.JsonListAsync,
        },
        new()
        {
            Names = ["describe", "show", "inspect", "info"],
            Group = Looking,
            Arguments = "SEL…",
            Help = "all facts about a process",
            Run = ListCommand.DescribeAsync,
        },
        new()
        {
            Names = ["followers"],
            Group = Looking,
            Help = "who follows what, and how far behind",
            Run = ListCommand.FollowersAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["doctor"],
            Group = Whole,
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
            Group = Whole,
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
            Group = Whole,
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
            Group = Whole,
            Arguments = "[COMMAND]",
            Help = "help about a command, or exit-codes",
            Run = OverviewCommand.HelpAsync,
        },
    ];

    /// <summary>How a command is called, with the command above it.</summary>
    public static string PathOf(CommandSpec command)
    {
        var parent = Commands.FirstOrDefault(above => above.Subcommands.Contains(command));
        return parent is null ? command.Names[0] : $"{parent.Names[0]} {command.Names[0]}";
    }
}
