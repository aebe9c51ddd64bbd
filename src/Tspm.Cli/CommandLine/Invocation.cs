using System.Globalization;

namespace Tspm.Cli.CommandLine;

/// <summary>A command line that was understood.</summary>
internal sealed class Invocation(
    CommandSpec command,
    IReadOnlyList<string> arguments,
    IReadOnlyList<string>? afterDashes,
    IReadOnlyDictionary<string, List<string>> options
)
{
    /// <summary>The command.</summary>
    public CommandSpec Command { get; } = command;

    /// <summary>What is no option.</summary>
    public IReadOnlyList<string> Arguments { get; } = arguments;

    /// <summary>Everything after <c>--</c>; null if there was none.</summary>
    public IReadOnlyList<string>? AfterDashes { get; } = afterDashes;

    /// <summary>The same with values for options that were not given.</summary>
    public Invocation WithDefaults(IEnumerable<(OptionSpec Option, string Value)> defaults)
    {
        var all = options.ToDictionary(StringComparer.Ordinal);
        foreach (var group in defaults.GroupBy(one => one.Option.Key, StringComparer.Ordinal))
        {
            all[group.Key] = [.. group.Select(one => one.Value)];
        }

        return new Invocation(Command, Arguments, AfterDashes, all);
    }

    /// <summary>Whether an option was given.</summary>
    public bool Has(string key) => options.ContainsKey(key);

    /// <summary>How often it was given.</summary>
    public int Count(string key) => options.TryGetValue(key, out var values) ? values.Count : 0;

    /// <summary>The last value of an option; null if it was not given.</summary>
    public string? Value(string key) =>
        options.TryGetValue(key, out var values) ? values[^1] : null;

    /// <summary>All values of an option.</summary>
    public IReadOnlyList<string> Values(string key) =>
        options.TryGetValue(key, out var values) ? values : [];

    /// <summary>A whole number within bounds.</summary>
    /// <exception cref="CliException">It is not; the message names the bounds.</exception>
    public long Number(string key, long least, long most, long otherwise)
    {
        if (Value(key) is not { } text)
        {
            return otherwise;
        }

        return
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
            ? number
            : throw new CliException(
                ExitCodes.Usage,
                $"--{key}: \"{text}\" is not a whole number from {least} to {most}"
            );
    }

    /// <summary>One of some words.</summary>
    /// <exception cref="CliException">It is not; the message names them.</exception>
    public string Choice(string key, IReadOnlyList<string> words, string otherwise)
    {
        if (Value(key) is not { } text)
        {
            return otherwise;
        }

        if (words.Contains(text))
        {
            return text;
        }

        var near = Protocol.NearestNames.To(text, words);
        throw new CliException(
            ExitCodes.Usage,
            $"--{key}: \"{text}\" is not one of {string.Join(", ", words)}",
            near.Count > 0 ? $"did you mean: {string.Join(", ", near)}?" : null
        );
    }
}
