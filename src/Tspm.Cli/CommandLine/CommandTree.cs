using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>All commands and their options: one table for the parser, the help, completion, the manual and the tests.</summary>
internal static class CommandTree
{
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
        new(["--verbose", "-v"], null, "codes of errors", IsRepeatable: true),
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
            UsesSettings = false,
            Run = OverviewCommand.RunAsync,
            MaxArguments = 0,
        },
        .. ProcessTree.Commands,
        .. LogTree.Commands,
        .. LookTree.Commands,
        .. SelfTree.Commands,
    ];

    /// <summary>How a command is called, with the command above it.</summary>
    public static string PathOf(CommandSpec command)
    {
        var parent = Commands.FirstOrDefault(above => above.Subcommands.Contains(command));
        return parent is null ? command.Names[0] : $"{parent.Names[0]} {command.Names[0]}";
    }
}
