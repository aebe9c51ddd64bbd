using System.Text;

namespace Tspm.Cli.CommandLine;

/// <summary>Help, made from the same table that the parser uses.</summary>
internal static class HelpText
{
    private const int NameColumn = 30;

    /// <summary>All commands by task.</summary>
    public static string OfAll(
        IReadOnlyList<CommandSpec> commands,
        IReadOnlyList<OptionSpec> global
    )
    {
        var text = new StringBuilder();
        text.Append(
            "tspm - starts programs, keeps them running, and never loses a line of what they print\n\n"
        );
        text.Append("usage: tspm <command> [arguments] [options]\n");
        foreach (
            var group in commands
                .Where(command => command.Group is not null)
                .GroupBy(command => command.Group)
        )
        {
            text.Append($"\n{group.Key}:\n");
            foreach (var command in group)
            {
                Row(text, $"{command.Names[0]} {command.Arguments}".TrimEnd(), command.Help);
            }
        }

        text.Append("\noptions of every command:\n");
        foreach (var option in global)
        {
            Row(text, NameOf(option), option.Help);
        }

        text.Append("\nexamples:\n");
        text.Append("  tspm start -- node server.js      start a program in the background\n");
        text.Append(
            "  tspm logs web -f                  follow what it prints; Ctrl+C leaves it running\n"
        );
        text.Append("  tspm list                         what runs\n");
        text.Append(
            $"\nmore: tspm help <command>; tspm help {string.Join(", ", HelpTopics.Names)}\n"
        );
        return text.ToString();
    }

    /// <summary>One command.</summary>
    public static string Of(CommandSpec command, string path)
    {
        var text = new StringBuilder();
        text.Append($"{command.Help}\n\nusage: tspm {path} {command.Arguments}".TrimEnd())
            .Append('\n');
        if (command.Names.Count > 1)
        {
            text.Append($"also: {string.Join(", ", command.Names.Skip(1))}\n");
        }

        if (command.Details.Length > 0)
        {
            text.Append($"\n{command.Details}\n");
        }

        if (command.Subcommands.Count > 0)
        {
            text.Append("\ncommands:\n");
            foreach (var below in command.Subcommands.Where(below => below.Help.Length > 0))
            {
                Row(text, $"{below.Names[0]} {below.Arguments}".TrimEnd(), below.Help);
            }
        }

        if (command.Options.Count > 0)
        {
            text.Append("\noptions:\n");
            foreach (var option in command.Options)
            {
                Row(text, NameOf(option), option.Help);
            }
        }

        if (command.Examples.Count > 0)
        {
            text.Append("\nexamples:\n");
            foreach (var example in command.Examples)
            {
                text.Append($"  {example}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>What the exit codes mean.</summary>
    public static string OfExitCodes() =>
        """
            exit codes:
              0    done
              1    it was tried and failed
              2    wrong usage: unknown command or option, bad value
              3    nothing matched
              4    the daemon cannot be reached or started
              5    permission refused: the home or socket belongs to another user, or is open to others
              6    conflict: the name is taken, or means several processes
              7    timed out
              8    a settings or configuration file is wrong
              9    partly done: several targets, some failed
              10   entries could not be delivered, and --fail-on-gap was given
              11   this tspm and the daemon speak different protocols
              12   what is stored is damaged (logs verify)
              130  ended by Ctrl+C; 143 by SIGTERM; 141 when the reader of stdout went away
              run passes on the code of the program it runs

            """;

    /// <summary>An option as it is written.</summary>
    public static string NameOf(OptionSpec option)
    {
        var names = string.Join(", ", option.Names.OrderBy(name => name.Length));
        return option.Value is null ? names
            : option.IsValueOptional ? $"{names}[={option.Value}]"
            : $"{names} {option.Value}";
    }

    private static void Row(StringBuilder text, string name, string help)
    {
        text.Append("  ").Append(name);
        if (name.Length >= NameColumn)
        {
            text.Append('\n').Append(' ', NameColumn + 2);
        }
        else
        {
            text.Append(' ', NameColumn - name.Length);
        }

        text.Append(help).Append('\n');
    }
}
