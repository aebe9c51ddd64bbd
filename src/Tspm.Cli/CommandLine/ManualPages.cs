using System.Text;

namespace Tspm.Cli.CommandLine;

/// <summary>The manual pages, made from the same table as the help: <c>tspm.1</c> and one for each command.</summary>
internal static class ManualPages
{
    /// <summary>All pages by the names of their files.</summary>
    public static IEnumerable<(string File, string Text)> All(string version)
    {
        yield return ("tspm.1", Overview(version));
        foreach (var command in CommandTree.Commands.Where(one => one.Group is not null))
        {
            yield return ($"tspm-{command.Names[0]}.1", PageOf(command, version));
        }
    }

    private static string Overview(string version)
    {
        var text = Begin("tspm", version, "a process manager whose log tail can be trusted");
        text.Append(".SH SYNOPSIS\n.B tspm\n.I command\n[arguments] [options]\n.SH COMMANDS\n");
        foreach (var command in CommandTree.Commands.Where(one => one.Group is not null))
        {
            text.Append($".TP\n.BR tspm\\-{Escape(command.Names[0])} (1)\n{Line(command.Help)}\n");
        }

        text.Append(".SH OPTIONS OF EVERY COMMAND\n");
        Options(text, CommandTree.Global);
        foreach (var topic in HelpTopics.Names)
        {
            text.Append($".SH {Escape(topic.ToUpperInvariant())}\n.nf\n");
            foreach (var line in (HelpTopics.Of(topic) ?? "").TrimEnd('\n').Split('\n'))
            {
                text.Append(Line(line)).Append('\n');
            }

            text.Append(".fi\n");
        }

        return text.ToString();
    }

    private static string PageOf(CommandSpec command, string version)
    {
        var name = command.Names[0];
        var text = Begin($"tspm-{name}", version, command.Help);
        text.Append(
            $".SH SYNOPSIS\n.B tspm {Escape(name)}\n{Line(command.Arguments)}\n.RI [ options ]\n"
        );
        if (command.Names.Count > 1)
        {
            text.Append($".PP\nalso: {Escape(string.Join(", ", command.Names.Skip(1)))}\n");
        }

        if (command.Details.Length > 0)
        {
            text.Append($".SH DESCRIPTION\n{Line(command.Details)}\n");
        }

        Options(text, command.Options, ".SH OPTIONS\n");
        foreach (var below in command.Subcommands.Where(one => one.Help.Length > 0))
        {
            text.Append($".SH tspm {Escape(name)} {Escape(below.Names[0])}\n{Line(below.Help)}\n");
            Options(text, below.Options);
        }

        if (command.Examples.Count > 0)
        {
            text.Append(".SH EXAMPLES\n.nf\n");
            foreach (var example in command.Examples)
            {
                text.Append(Line(example)).Append('\n');
            }

            text.Append(".fi\n");
        }

        return text.Append(".SH SEE ALSO\n.BR tspm (1)\n").ToString();
    }

    private static StringBuilder Begin(string name, string version, string help) =>
        new StringBuilder()
            .Append(
                $".TH {Escape(name.ToUpperInvariant())} 1 \"\" \"tspm {Escape(version)}\" \"\"\n"
            )
            .Append($".SH NAME\n{Escape(name)} \\- {Escape(help)}\n");

    private static void Options(
        StringBuilder text,
        IReadOnlyList<OptionSpec> options,
        string head = ""
    )
    {
        text.Append(options.Count > 0 ? head : "");
        foreach (var option in options)
        {
            text.Append($".TP\n.B {Escape(HelpText.NameOf(option))}\n{Line(option.Help)}\n");
        }
    }

    /// <summary>A line of text; one that begins with a dot or an apostrophe would be a command.</summary>
    private static string Line(string text) =>
        text.Length == 0 ? "\\&"
        : text[0] is '.' or '\'' ? $"\\&{Escape(text)}"
        : Escape(text);

    private static string Escape(string text) =>
        text.Replace("\\", "\\e", StringComparison.Ordinal)
            .Replace("-", "\\-", StringComparison.Ordinal)
            .Replace("'", "\\(aq", StringComparison.Ordinal)
            .Replace("^", "\\(ha", StringComparison.Ordinal)
            .Replace("~", "\\(ti", StringComparison.Ordinal)
            .Replace("`", "\\(ga", StringComparison.Ordinal)
            .Replace("\n", "\n.br\n", StringComparison.Ordinal);
}
