using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands about what outlives tspm and the machine: the list, and who starts it at boot.</summary>
internal static class BootTree
{
    private const string Group = "tspm itself";

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["save"],
            Group = Group,
            Help = "the list is always saved; --file FILE makes a copy",
            Options = [new(["--file"], "FILE", "where the copy goes")],
            Examples = ["tspm save --file ~/programs.tspm"],
            Run = SaveCommands.SaveAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["resurrect"],
            Group = Group,
            Help = "start what ran when the machine or tspm ended",
            Options =
            [
                new(["--dry-run"], null, "tell what would be started, and start nothing"),
                new(["--file"], "FILE", "what a copy made by save holds, instead"),
            ],
            Examples = ["tspm resurrect --dry-run", "tspm resurrect"],
            Run = SaveCommands.ResurrectAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["startup"],
            Group = Group,
            Help = "have tspm started at boot, by a systemd user unit",
            Details =
                "What ran is started again then. Without systemd a cron line is offered, and --cron installs it.",
            Options =
            [
                new(["--print"], null, "show what would be installed, and change nothing"),
                new(["--system-linger"], null, "run loginctl enable-linger: without a login too"),
                new(["--cron"], null, "install a cron @reboot line instead"),
            ],
            Examples = ["tspm startup --print", "tspm startup"],
            Run = StartupCommands.StartupAsync,
            MaxArguments = 0,
        },
        new()
        {
            Names = ["unstartup"],
            Group = Group,
            Help = "undo startup; nothing is stopped",
            Examples = ["tspm unstartup"],
            Run = StartupCommands.UnstartupAsync,
            MaxArguments = 0,
        },
    ];
}
