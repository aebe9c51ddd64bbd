using System.Globalization;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Commands;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Cli.Completion;

/// <summary>What can stand where the cursor is, from the same table that the parser uses.</summary>
/// <param name="commands">All commands.</param>
/// <param name="global">Options of every command.</param>
/// <param name="processes">What runs; asked only where names or runs can stand, empty if nobody answers.</param>
internal sealed class CompletionEngine(
    IReadOnlyList<CommandSpec> commands,
    IReadOnlyList<OptionSpec> global,
    Func<IReadOnlyList<ProcessView>> processes
)
{
    private const int MaxRuns = 10;
    private static readonly string[] Files =
    [
        "cwd",
        "home",
        "env-file",
        "cursor-file",
        "file",
        "out-file",
    ];
    private static readonly Candidate[] FileNames = [new(Candidate.Files, "")];

    /// <summary>Candidates for the last of some words, which may be empty.</summary>
    public IReadOnlyList<Candidate> Complete(IReadOnlyList<string> words)
    {
        var current = words.Count > 0 ? words[^1] : "";
        var command = FindCommand(words, out var arguments, out var waiting, out var isProgram);
        if (isProgram)
        {
            return FileNames;
        }

        var found =
            waiting is not null ? ValuesOf(command, waiting, arguments)
            : current.StartsWith("--", StringComparison.Ordinal) && current.Contains('=')
                ? AttachedValues(command, current, arguments)
            : current is ['-', ..] ? OptionsOf(command)
            : ArgumentsOf(command, arguments);
        return
        [
            .. found.Where(one =>
                one.Text == Candidate.Files
                || one.Text.StartsWith(current, StringComparison.Ordinal)
            ),
        ];
    }

    private CommandSpec? FindCommand(
        IReadOnlyList<string> words,
        out List<string> arguments,
        out OptionSpec? waiting,
        out bool isProgram
    )
    {
        CommandSpec? command = null;
        var level = commands;
        arguments = [];
        waiting = null;
        isProgram = false;
        foreach (var word in words.Take(words.Count - 1))
        {
            if (waiting is not null)
            {
                waiting = null;
            }
            else if (word == "--")
            {
                isProgram = true;
                return command;
            }
            else if (word is ['-', _, ..])
            {
                var option = All(command).FirstOrDefault(one => one.Names.Contains(word));
                waiting = option is { Value: not null, IsValueOptional: false } ? option : null;
            }
            else if (
                arguments.Count == 0
                && level.FirstOrDefault(one => one.Names.Contains(word)) is { } next
            )
            {
                command = next;
                level = next.Subcommands;
            }
            else
            {
                arguments.Add(word);
            }
        }

        return command;
    }

    private IEnumerable<OptionSpec> All(CommandSpec? command) =>
        (command?.Options ?? []).Concat(global);

    private IEnumerable<Candidate> OptionsOf(CommandSpec? command) =>
        All(command)
            .SelectMany(option => option.Names.Select(name => new Candidate(name, option.Help)))
            .Where(one => one.Text.StartsWith("--", StringComparison.Ordinal));

    private IEnumerable<Candidate> AttachedValues(
        CommandSpec? command,
        string current,
        List<string> arguments
    )
    {
        var name = current[..current.IndexOf('=')];
        var option = All(command).FirstOrDefault(one => one.Names.Contains(name));
        return option is null
            ? []
            : ValuesOf(command, option, arguments)
                .Where(one => one.Text != Candidate.Files)
                .Select(one => one with { Text = $"{name}={one.Text}" });
    }

    private IEnumerable<Candidate> ValuesOf(
        CommandSpec? command,
        OptionSpec option,
        List<string> arguments
    ) =>
        option.Key switch
        {
            "output" => Words(
                command?.Names[0] is "logs" or "tail"
                    ? ["short", "full", "raw", "cat", "json", "json-seq"]
                    : ["table", "wide", "json", "jsonl", "name"]
            ),
            "run" => Runs(arguments).Concat(Words(["current", "previous", "all"])),
            "restart" => Words(RestartPolicies.All),
            "signal" or "stop-signal" => Words(SignalNames.All),
            "namespace" => Namespaces().Select(ns => new Candidate(ns, "")),
            "sort" => Words(ProcessColumns.Names),
            "for" => Words(["running", "stopped", "exited", "log:/"]),
            var key when Files.Contains(key) => FileNames,
            _ => Words(
                option.Value is { } form && form.Contains('|')
                    ? form.Split('|')
                        .Where(word =>
                            word.All(letter => char.IsAsciiLetterLower(letter) || letter == '-')
                        )
                    : []
            ),
        };

    private IEnumerable<Candidate> ArgumentsOf(CommandSpec? command, List<string> arguments)
    {
        if (command is null || (command.Subcommands.Count > 0 && arguments.Count == 0))
        {
            var level = command?.Subcommands ?? commands;
            var words = level
                .Where(one => one.Help.Length > 0 && one.Names[0].Length > 0)
                .SelectMany(one => one.Names.Select(name => new Candidate(name, one.Help)));

            // logs takes names, and has commands of its own.
            return command?.Arguments.Contains("SEL", StringComparison.Ordinal) == true
                ? Names(arguments).Concat(words)
                : words;
        }

        return command.Names[0] switch
        {
            "help" => arguments.Count == 0
                ? ArgumentsOf(null, arguments).Concat(Words(HelpTopics.Names))
                : [],
            "completion" => arguments.Count == 0 ? Words(CompletionScripts.Shells) : [],
            "signal" when arguments.Count == 0 => Words(SignalNames.All),
            "set" when arguments.Count > 0 => Words(SpecEdit.Keys.Select(KeyToFill)),
            _ => command.Arguments.Contains("SEL", StringComparison.Ordinal)
            || command.Arguments.Contains("NAME", StringComparison.Ordinal)
                ? Names(arguments)
                : [],
        };
    }

    // What comes after it is typed: a value, or the rest of the name.
    private static string KeyToFill(string key) =>
        key.EndsWith(".NAME", StringComparison.Ordinal) ? key[..^"NAME".Length] : $"{key}=";

    private IEnumerable<Candidate> Names(List<string> taken)
    {
        var all = processes();
        return all.Select(one => new Candidate(
                one.Ns == "default" ? one.Name : $"{one.Ns}/{one.Name}",
                DescriptionOf(one)
            ))
            .Concat(
                Namespaces()
                    .Where(ns => ns != "default")
                    .Select(ns => new Candidate($"{ns}/", "namespace"))
            )
            .Append(new Candidate("all", "every process"))
            .Where(one => all.Count > 0 && !taken.Contains(one.Text));
    }

    private static string DescriptionOf(ProcessView process) =>
        process.UptimeSeconds is { } up
            ? $"{process.StatusText}, up {Durations.FormatSeconds(up)}"
            : process.StatusText;

    private IEnumerable<string> Namespaces() =>
        processes().Select(one => one.Ns).Distinct(StringComparer.Ordinal);

    private IEnumerable<Candidate> Runs(List<string> arguments) =>
        processes()
            .Where(one =>
                arguments.Count == 0
                || arguments.Contains(one.Name)
                || arguments.Contains($"{one.Ns}/{one.Name}")
            )
            .SelectMany(one =>
                Enumerable
                    .Range(0, (int)Math.Min(one.Run, MaxRuns))
                    .Select(back => new Candidate(
                        (one.Run - back).ToString(CultureInfo.InvariantCulture),
                        $"of {one.Name}"
                    ))
            );

    private static IEnumerable<Candidate> Words(IEnumerable<string> words) =>
        words.Select(word => new Candidate(word, ""));
}

/// <summary>One word that can stand at the cursor.</summary>
/// <param name="Text">The word.</param>
/// <param name="Description">What it is, for shells that show that.</param>
internal readonly record struct Candidate(string Text, string Description)
{
    /// <summary>Stands for the names of files, which the shell knows best.</summary>
    public const string Files = ":files";
}
