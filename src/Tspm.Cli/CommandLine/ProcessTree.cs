using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands that run programs, stop them and forget them.</summary>
internal static class ProcessTree
{
    private const string Group = "run programs";

    private static readonly OptionSpec[] StartOptions =
    [
        new(["--name", "-n"], "NAME", "its name; default: that of the program"),
        new(["--namespace"], "NS", "its namespace; default: default"),
        new(["--cwd"], "DIR", "working directory; default: this one"),
        new(["--env", "-e"], "NAME=VALUE", "a variable; may be repeated", IsRepeatable: true),
        new(
            ["--env-file"],
            "FILE",
            "variables, one NAME=VALUE a line, read at each start; may be repeated",
            IsRepeatable: true
        ),
        new(
            ["--inherit-env"],
            "all|none|NAME,…",
            "what it gets of this shell's environment; default: all"
        ),
        new(["--clean-env"], null, "same as --inherit-env none"),
        new(["--pty"], null, "give it a terminal"),
        new(["--stdin"], null, "give it a stdin for send and attach; without: an empty one"),
        new(["--merge"], null, "both outputs through one pipe, in exact order"),
        .. SupervisionTree.StopOptions,
    ];

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["start"],
            Group = Group,
            Arguments = "[NAME… | 'SHELL LINE' | -- CMD ARGS…]",
            Help = "start a program in the background, or known ones again",
            Details =
                "After -- comes the program with its arguments. One quoted argument with a blank in it is a shell line.",
            Options =
            [
                .. StartOptions,
                .. SupervisionTree.StartOptions,
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
            Group = Group,
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
            Group = Group,
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
            Group = Group,
            Arguments = "SEL…",
            Help = "stop and start: a new run",
            Examples = ["tspm restart web", "tspm restart all"],
            Options = SupervisionTree.RestartOptions,
            Run = ChangeCommands.RestartAsync,
        },
        new()
        {
            Names = ["delete", "rm", "remove"],
            Group = Group,
            Arguments = "SEL…",
            Help = "stop, forget, and drop the log",
            Options = [new(["--keep-logs"], null, "leave the files of the log")],
            Examples = ["tspm delete web", "tspm delete -y 'old-*'", "tspm rm web --keep-logs"],
            Run = ChangeCommands.DeleteAsync,
        },
        new()
        {
            Names = ["signal"],
            Group = Group,
            Arguments = "SIG SEL…",
            Help = "send a signal",
            Details =
                "SIG is a name with or without SIG, or a number from 1 to 64. It goes to the program itself.",
            Options =
            [
                new(["--group"], null, "to its process group"),
                new(["--tree"], null, "to its group and to all that it started"),
            ],
            Examples = ["tspm signal HUP web", "tspm signal USR1 web --tree"],
            Run = ChangeCommands.SignalAsync,
        },
        new()
        {
            Names = ["send"],
            Group = Group,
            Arguments = "NAME [TEXT | -]",
            Help = "write a line, or this command's stdin (-), into the stdin of a program",
            Details = "The program needs --stdin or --pty. One that does not read is waited for.",
            Options =
            [
                new(["--eof"], null, "then the end of input: close it; on a terminal Ctrl+D"),
                new(["--no-newline"], null, "the text alone"),
                new(["--timeout"], "DUR", "how long it may read nothing; default: 5s"),
            ],
            Examples = ["tspm send web reload", "tspm send db - --eof"],
            Run = SendCommand.RunAsync,
            MaxArguments = 2,
        },
        new()
        {
            Names = ["attach"],
            Group = Group,
            Arguments = "NAME",
            Help = "see what it prints and type into it; Ctrl+] and then d leaves",
            Details =
                "With --pty the program has this terminal, with its size; Ctrl+] twice sends one. Without, lines go to its stdin and Ctrl+C leaves. It runs on in any case.",
            Options = [new(["--no-stdin"], null, "only look")],
            Examples = ["tspm attach web"],
            Run = AttachCommand.RunAsync,
            MaxArguments = 1,
        },
        .. SupervisionTree.Commands,
    ];
}
