namespace Tspm.Daemon.Supervision;

/// <summary>Hides what looks like a secret in the words of a command: <c>--token=…</c>, <c>--token …</c>, <c>TOKEN=…</c>, and values that give themselves away.</summary>
internal static class SecretWords
{
    /// <summary>The words as they may be shown.</summary>
    public static IReadOnlyList<string> Mask(IReadOnlyList<string> words)
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

            shown.Add(word.Contains(' ') ? MaskLine(word) : MaskWord(word));
            isValueNext =
                isOption && !word.Contains('=') && SecretMask.IsSecretName(PlainName(word));
        }

        return shown;
    }

    /// <summary>A line of a shell, or a command line with blanks between its words.</summary>
    public static string MaskLine(string line) => string.Join(' ', Mask(line.Split(' ')));

    private static string MaskWord(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return SecretMask.IsSecretValue(word.Trim('"', '\'')) ? SecretMask.Hide(word) : word;
        }

        // As a variable would be called: --api-key is API_KEY.
        var value = word[(equals + 1)..];
        var isSecret =
            value.Length > 0
            && (
                SecretMask.IsSecretName(PlainName(word[..equals]))
                || SecretMask.IsSecretValue(value.Trim('"', '\''))
            );
        return isSecret ? $"{word[..equals]}={SecretMask.Hide(value)}" : word;
    }

    private static string PlainName(string name) =>
        name.TrimStart('-', '"', '\'').Replace('-', '_').Replace('.', '_');
}
