namespace Tspm.Daemon.Supervision;

/// <summary>What may be the name of a process or namespace: ux rule <c>[A-Za-z0-9][A-Za-z0-9._-]{0,62}</c>.</summary>
internal static class ProcessNames
{
    /// <summary>The most characters of a name.</summary>
    public const int MaxLength = 63;

    /// <summary>Null if it may be a name; else why not.</summary>
    public static string? FindFault(string name) =>
        name.Length is 0 or > MaxLength ? $"a name has 1 to {MaxLength} characters"
        : !char.IsAsciiLetterOrDigit(name[0]) ? "a name begins with a letter or digit"
        : !name.All(IsAllowed) ? "a name has only letters, digits, '.', '_' and '-'"
        : name.All(char.IsAsciiDigit) ? "a name of digits only would be taken for an id"
        : string.Equals(name, "all", StringComparison.Ordinal) ? "'all' means every process"
        : null;

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
