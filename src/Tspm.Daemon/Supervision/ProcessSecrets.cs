using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What of one process is never shown: what looks like a secret, and what it names as one.</summary>
internal sealed class ProcessSecrets
{
    // A value as short as "yes" stands in too many texts that have nothing to do with it.
    private const int LeastValue = 4;
    private const int MaxName = 255;

    private readonly HashSet<string> _names;
    private readonly List<string> _values;

    private ProcessSecrets(IReadOnlyList<string> names, IReadOnlyList<string> variables)
    {
        _names = new HashSet<string>(names.Select(Plain), StringComparer.OrdinalIgnoreCase);
        _values =
        [
            .. variables
                .Select(variable => (Text: variable, End: variable.IndexOf('=')))
                .Where(one => one.End > 0 && _names.Contains(Plain(one.Text[..one.End])))
                .Select(one => one.Text[(one.End + 1)..])
                .Where(value => value.Length >= LeastValue)
                .OrderByDescending(value => value.Length),
        ];
    }

    /// <summary>Of a process that names none.</summary>
    public static ProcessSecrets None { get; } = new([], []);

    /// <summary>Those of a process.</summary>
    public static ProcessSecrets Of(ProcessSpec spec) =>
        spec.Secrets.Count == 0 ? None : new ProcessSecrets(spec.Secrets, spec.Env);

    /// <summary>What is wrong with the names of secrets; null if nothing is.</summary>
    public static string? FindFault(IReadOnlyList<string> names) =>
        names.Count > ProcessSpec.MaxSecrets
            ? $"secrets: {names.Count} names are more than {ProcessSpec.MaxSecrets}"
        : names.FirstOrDefault(name =>
            name.Length is 0 or > MaxName || name.AsSpan().ContainsAny("=\0 ")
        )
            is { } bad
            ? $"secrets: \"{bad}\" is not the name of a variable or option: 1 to {MaxName} characters without = and blanks"
        : null;

    /// <summary>NAME=value as it may be shown.</summary>
    public string Variable(string variable)
    {
        var equals = variable.IndexOf('=');
        return equals > 0 && equals < variable.Length - 1 && Names(variable[..equals])
            ? $"{variable[..equals]}={SecretMask.Hide(variable[(equals + 1)..])}"
            : Text(SecretMask.Mask(variable));
    }

    /// <summary>The words of a command as they may be shown.</summary>
    public IReadOnlyList<string> Words(IReadOnlyList<string> words) =>
        _values.Count == 0
            ? SecretWords.Mask(words, Names)
            : [.. SecretWords.Mask(words, Names).Select(Text)];

    /// <summary>A line of a shell, or a command line, as it may be shown.</summary>
    public string Line(string line) => Text(SecretWords.MaskLine(line, Names));

    /// <summary>Any text that may repeat the value of a named secret, such as an error.</summary>
    public string Text(string text)
    {
        foreach (var value in _values)
        {
            text = text.Replace(value, SecretMask.Hide(value), StringComparison.Ordinal);
        }

        return text;
    }

    private bool Names(string name) => _names.Count > 0 && _names.Contains(Plain(name));

    private static string Plain(string name) => SecretWords.PlainName(name);
}
