using Tspm.Protocol;

namespace Tspm.Cli.CommandLine;

/// <summary>From words to a command with its options and arguments. Options may stand anywhere before <c>--</c>.</summary>
/// <remarks>A word that begins with a dash is an option or an error, never an argument: so a misspelt option is never taken for a name.</remarks>
internal sealed class CommandParser(
    IReadOnlyList<CommandSpec> commands,
    IReadOnlyList<OptionSpec> global
)
{
    /// <summary>Understands a command line.</summary>
    /// <exception cref="CliException">It cannot be understood; says which word and what was probably meant.</exception>
    public Invocation Parse(IReadOnlyList<string> words)
    {
        var dashes = words.ToList().IndexOf("--");
        var before = dashes < 0 ? words : [.. words.Take(dashes)];
        var after = dashes < 0 ? null : words.Skip(dashes + 1).ToList();
        var command = FindCommand(before, out var names);
        var known = new Dictionary<string, OptionSpec>(StringComparer.Ordinal);
        foreach (var option in command.Options.Concat(global))
        {
            foreach (var name in option.Names)
            {
                known.TryAdd(name, option);
            }
        }

        var options = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var arguments = new List<string>();
        for (var i = 0; i < before.Count; i++)
        {
            if (names.Contains(i))
            {
                continue;
            }

            if (before[i].Length < 2 || before[i][0] != '-')
            {
                arguments.Add(before[i]);
                continue;
            }

            i = TakeOption(before, i, known, options);
        }

        if (!options.ContainsKey("help"))
        {
            CheckArguments(command, arguments);
        }

        return new Invocation(command, arguments, after, options);
    }

    /// <summary>A group needs one of its commands; a command may bound its arguments.</summary>
    private static void CheckArguments(CommandSpec command, List<string> arguments)
    {
        if (command.Run is null)
        {
            var choices = string.Join(", ", command.Subcommands.Select(one => one.Names[0]));
            throw new CliException(
                ExitCodes.Usage,
                $"{command.Names[0]}: what? {choices}",
                $"see: tspm {command.Names[0]} --help",
                ErrorCode.MissingArgument
            );
        }

        if (command.MaxArguments >= 0 && arguments.Count > command.MaxArguments)
        {
            var path = CommandTree.PathOf(command);
            throw new CliException(
                ExitCodes.Usage,
                $"{path}: too many arguments: \"{arguments[command.MaxArguments]}\"",
                $"see: tspm {path} --help",
                ErrorCode.TooManyArguments
            );
        }
    }

    /// <summary>The command that the words name, and where the naming words stand.</summary>
    private CommandSpec FindCommand(IReadOnlyList<string> words, out HashSet<int> names)
    {
        names = [];
        var level = commands;
        CommandSpec? found = null;
        var globals = global
            .SelectMany(option => option.Names.Select(name => (name, option)))
            .ToDictionary();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (word.Length > 1 && word[0] == '-')
            {
                var takesNext =
                    globals.TryGetValue(word, out var option)
                    && option is { Value: not null, IsValueOptional: false };
                i += takesNext ? 1 : 0;
                continue;
            }

            var next = level.FirstOrDefault(command => command.Names.Contains(word));
            if (next is null && found is null)
            {
                throw Unknown(word);
            }

            if (next is null)
            {
                if (found!.Run is null) // found is set: checked above
                {
                    throw Unknown(word, found);
                }

                break;
            }

            names.Add(i);
            found = next;
            level = next.Subcommands;
            if (level.Count == 0)
            {
                break;
            }
        }

        return found ?? commands.First(command => command.Names[0] == "");
    }

    private static int TakeOption(
        IReadOnlyList<string> words,
        int at,
        Dictionary<string, OptionSpec> known,
        Dictionary<string, List<string>> options
    )
    {
        var word = words[at];
        var equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=') : -1;
        var name = equals > 0 ? word[..equals] : word;
        var value = equals > 0 ? word[(equals + 1)..] : null;
        if (!known.TryGetValue(name, out var option))
        {
            // -n20 and -it: a short option with its value, or several switches in one word.
            if (word[1] == '-' || word.Length <= 2 || !known.TryGetValue(word[..2], out option))
            {
                throw UnknownOption(name, known.Keys);
            }

            if (option is not { Value: not null, IsValueOptional: false })
            {
                return TakeSwitches(word, at, known, options);
            }

            value = word[2..];
        }

        return TakeValue(words, at, option, name, value, options);
    }

    private static int TakeValue(
        IReadOnlyList<string> words,
        int at,
        OptionSpec option,
        string name,
        string? value,
        Dictionary<string, List<string>> options
    )
    {
        if (option.Value is null)
        {
            Add(
                options,
                option,
                value is null
                    ? ""
                    : throw new CliException(
                        ExitCodes.Usage,
                        $"{name} takes no value",
                        code: ErrorCode.MissingValue
                    ),
                name
            );
            return at;
        }

        if (value is null && !option.IsValueOptional)
        {
            at++;
            value =
                at < words.Count
                    ? words[at]
                    : throw new CliException(
                        ExitCodes.Usage,
                        $"{name} needs a value: {option.Value}",
                        code: ErrorCode.MissingValue
                    );
        }

        Add(options, option, value ?? "", name);
        return at;
    }

    private static int TakeSwitches(
        string word,
        int at,
        Dictionary<string, OptionSpec> known,
        Dictionary<string, List<string>> options
    )
    {
        foreach (var letter in word.AsSpan(1))
        {
            var single = $"-{letter}";
            if (
                !known.TryGetValue(single, out var option)
                || option is { Value: not null, IsValueOptional: false }
            )
            {
                throw UnknownOption(word, known.Keys);
            }

            Add(options, option, "", single);
        }

        return at;
    }

    private static void Add(
        Dictionary<string, List<string>> options,
        OptionSpec option,
        string value,
        string name
    )
    {
        if (!options.TryGetValue(option.Key, out var values))
        {
            options[option.Key] = values = [];
        }

        if (
            values.Count > 0
            && !option.IsRepeatable
            && option.Value is not null
            && values[0] != value
        )
        {
            throw new CliException(
                ExitCodes.Usage,
                $"{name} was given twice with different values",
                code: ErrorCode.GivenTwice
            );
        }

        values.Add(value);
    }

    private static CliException UnknownOption(string name, IEnumerable<string> known)
    {
        var near = NearestNames.To(name, known.Where(other => other.Length > 2));
        var hint =
            near.Count > 0
                ? $"did you mean: {string.Join(", ", near)}?"
                : "see: --help; a program's own options come after --";
        return new CliException(
            ExitCodes.Usage,
            $"there is no option {name}",
            hint,
            ErrorCode.UnknownOption
        );
    }

    private CliException Unknown(string word, CommandSpec? parent = null)
    {
        var level = parent?.Subcommands ?? commands;
        if (parent is null && Habits.HintFor(word) is { } known)
        {
            return new CliException(ExitCodes.Usage, known, code: ErrorCode.NoSuchService);
        }

        var visible = level.Where(command => command.Group is not null || parent is not null);
        var near = NearestNames.To(
            word,
            visible.SelectMany(command => command.Names).Where(name => name.Length > 0)
        );
        var name = parent is null ? word : $"{parent.Names[0]} {word}";
        var hint =
            near.Count > 0 ? $"did you mean: {string.Join(", ", near)}?" : "see: tspm --help";
        return new CliException(
            ExitCodes.Usage,
            $"there is no command \"{name}\"",
            hint,
            ErrorCode.UnknownCommand
        );
    }
}
