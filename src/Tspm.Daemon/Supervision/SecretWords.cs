namespace Tspm.Daemon.Supervision;

/// <summary>Hides what looks like a secret in the words of a command: <c>--token=…</c>, <c>--token …</c>, <c>TOKEN=…</c>, and values that give themselves away.</summary>
internal static class SecretWords
{
    /// <summary>The words as they may be shown.</summary>
    public static IReadOnlyList<string> Mask(IReadOnlyList<string> words) => Mask(words, NoneNamed);

    /// <summary>The same, where more names are known to be those of secrets.</summary>
    public static IReadOnlyList<string> Mask(
        IReadOnlyList<string> words,
        Func<string, bool> isNamed
    )
    {
        var shown = new List<string>(words.Count);
        var isValueNext = false;
        foreach (var word in words)
        {
            var isOption = word.StartsWith('-');
            if (isValueNext && !isOption && word.Length > 0)
            {
                shown.Add(SecretMask.Hide(word));
                isValueNext = false;
                continue;
            }

            shown.Add(word.Contains(' ') ? MaskLine(word, isNamed) : MaskWord(word, isNamed));
            isValueNext = isOption && !word.Contains('=') && IsSecret(word, isNamed);
        }

        return shown;
    }

    /// <summary>A line of a shell, or a command line with blanks between its words.</summary>
    public static string MaskLine(string line) => MaskLine(line, NoneNamed);

    /// <summary>The same, where more names are known to be those of secrets.</summary>
    public static string MaskLine(string line, Func<string, bool> isNamed)
    {
        var words = Split(line);
        if (words.Count > 1)
        {
            return string.Join(' ', Mask(words, isNamed));
        }

        // One word with blanks in quotes: what is in it may be a line of its own.
        var masked = MaskWord(line, isNamed);
        return masked == line ? string.Join(' ', Mask(line.Split(' '), isNamed)) : masked;
    }

    /// <summary>As a variable would be called: <c>--api-key</c> is <c>api_key</c>.</summary>
    public static string PlainName(string name) =>
        name.TrimStart('-', '"', '\'').Replace('-', '_').Replace('.', '_');

    /// <summary>Parts a line at its blanks but for those in quotes; at each of them where a quote has no end.</summary>
    private static List<string> Split(string line)
    {
        var words = new List<string>();
        var quote = '\0';
        var start = 0;
        for (var at = 0; at < line.Length; at++)
        {
            var here = line[at];
            if (quote == '\0' && here == ' ')
            {
                words.Add(line[start..at]);
                start = at + 1;
            }
            else if (here is '"' or '\'' && (quote == '\0' || quote == here))
            {
                quote = quote == here ? '\0' : here;
            }
        }

        words.Add(line[start..]);
        return quote == '\0' ? words : [.. line.Split(' ')];
    }

    private static bool NoneNamed(string name) => false;

    private static bool IsSecret(string name, Func<string, bool> isNamed) =>
        SecretMask.IsSecretName(PlainName(name)) || isNamed(name);

    private static string MaskWord(string word, Func<string, bool> isNamed)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return SecretMask.IsSecretValue(word.Trim('"', '\'')) ? SecretMask.Hide(word) : word;
        }

        var value = word[(equals + 1)..];
        var isSecret =
            value.Length > 0
            && (
                IsSecret(word[..equals], isNamed) || SecretMask.IsSecretValue(value.Trim('"', '\''))
            );
        return isSecret ? $"{word[..equals]}={SecretMask.Hide(value)}" : word;
    }
}
