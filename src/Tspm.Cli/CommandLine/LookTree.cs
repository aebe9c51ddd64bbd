using Tspm.Cli.Commands;

namespace Tspm.Cli.CommandLine;

/// <summary>Commands that show what runs.</summary>
internal static class LookTree
{
    private const string Group = "look";

    /// <summary>The commands, in the order of help.</summary>
    public static IReadOnlyList<CommandSpec> Commands { get; } =
    [
        new()
        {
            Names = ["list", "ls", "ps", "status"],
            Group = Group,
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
            Group = Group,
            Arguments = "SEL…",
            Help = "all facts about a process",
            Run = ListCommand.DescribeAsync,
        },
        new()
        {
            Names = ["followers"],
            Group = Group,
            Help = "who follows what, and how far behind",
            Run = ListCommand.FollowersAsync,
            MaxArguments = 0,
        },
    ];
}
