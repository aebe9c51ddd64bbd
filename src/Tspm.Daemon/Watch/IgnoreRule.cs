namespace Tspm.Daemon.Watch;

/// <summary>One line of a .gitignore.</summary>
/// <param name="Pattern">The pattern, without the marks around it.</param>
/// <param name="IsNegated">What it matches counts after all.</param>
/// <param name="IsDirectoryOnly">It means directories only.</param>
/// <param name="IsAnchored">It means a path from the file's directory on, not a name anywhere below.</param>
internal sealed record IgnoreRule(
    string Pattern,
    bool IsNegated,
    bool IsDirectoryOnly,
    bool IsAnchored
)
{
    /// <summary>Reads a line; null if it says nothing.</summary>
    public static IgnoreRule? Parse(string line)
    {
        var text = TrimEnd(line.EndsWith('\r') ? line[..^1] : line);
        if (text.Length == 0 || text[0] == '#')
        {
            return null;
        }

        var isNegated = text[0] == '!';
        text = isNegated ? text[1..] : text;
        var isDirectoryOnly = text.EndsWith('/');
        text = isDirectoryOnly ? text[..^1] : text;
        if (text.Length == 0)
        {
            return null;
        }

        var isAnchored = text.Contains('/');
        return new IgnoreRule(
            text[0] == '/' ? text[1..] : text,
            isNegated,
            isDirectoryOnly,
            isAnchored
        );
    }

    /// <summary>Whether it means a path.</summary>
    /// <param name="path">From the directory of the rules, without a slash at either end.</param>
    /// <param name="isDirectory">It is a directory.</param>
    public bool Matches(ReadOnlySpan<char> path, bool isDirectory)
    {
        if (IsDirectoryOnly && !isDirectory)
        {
            return false;
        }

        if (!IsAnchored)
        {
            return WildMatch.IsMatch(Pattern, path[(path.LastIndexOf('/') + 1)..]);
        }

        // As git does it: what stands before the first wildcard is compared first, and a "**" right after it stands at a beginning.
        var plain = Pattern.AsSpan().IndexOfAny("*?[\\");
        var prefix = Pattern.AsSpan(0, plain < 0 ? Pattern.Length : plain);
        return path.StartsWith(prefix)
            && WildMatch.IsMatch(Pattern.AsSpan(prefix.Length), path[prefix.Length..]);
    }

    /// <summary>Without the spaces at the end, but for those that are meant.</summary>
    private static string TrimEnd(string line)
    {
        var end = line.Length;
        while (end > 0 && line[end - 1] == ' ')
        {
            // "a\ " ends with a space that is meant: an odd number of backslashes stands before it.
            var slashes = 0;
            while (end - 2 - slashes >= 0 && line[end - 2 - slashes] == '\\')
            {
                slashes++;
            }

            if (slashes % 2 == 1)
            {
                break;
            }

            end--;
        }

        return line[..end];
    }
}
