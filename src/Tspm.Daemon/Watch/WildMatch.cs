namespace Tspm.Daemon.Watch;

/// <summary>Whether a path matches a pattern as git sees it: <c>*</c> and <c>?</c> stay within a name, <c>**</c> does not; pure.</summary>
/// <remarks>The rules are those of gitignore(5); GitIgnoreTests asks git itself.</remarks>
internal static class WildMatch
{
    private static readonly Dictionary<string, Func<char, bool>> Classes = new(
        StringComparer.Ordinal
    )
    {
        ["alnum"] = char.IsAsciiLetterOrDigit,
        ["alpha"] = char.IsAsciiLetter,
        ["blank"] = c => c is ' ' or '\t',
        ["cntrl"] = c => c is < ' ' or (char)127,
        ["digit"] = char.IsAsciiDigit,
        ["graph"] = c => c is > ' ' and < (char)127,
        ["lower"] = char.IsAsciiLetterLower,
        ["print"] = c => c is >= ' ' and < (char)127,
        ["punct"] = c => c is > ' ' and < (char)127 && !char.IsAsciiLetterOrDigit(c),
        ["space"] = c => c is ' ' or (>= '\t' and <= '\r'),
        ["upper"] = char.IsAsciiLetterUpper,
        ["xdigit"] = char.IsAsciiHexDigit,
    };

    private enum Verdict
    {
        No,
        Yes,

        // No longer text can help.
        Never,

        // Only a ** further left can help.
        NotWithinName,
    }

    /// <summary>Whether the whole text matches.</summary>
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text) =>
        Match(pattern, text) == Verdict.Yes;

    private static Verdict Match(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var at = 0;
        var p = 0;
        for (; p < pattern.Length; p++, at++)
        {
            var wanted = pattern[p];
            if (at >= text.Length && wanted != '*')
            {
                return Verdict.Never;
            }

            switch (wanted)
            {
                case '*':
                    if (MatchStar(pattern, text, ref p, ref at) is { } verdict)
                    {
                        return verdict;
                    }

                    break;
                case '?':
                    if (text[at] == '/')
                    {
                        return Verdict.No;
                    }

                    break;
                case '[':
                    if (TakeClass(pattern, text[at], ref p) is { } refused)
                    {
                        return refused;
                    }

                    break;
                default:
                    p += wanted == '\\' ? 1 : 0;
                    if (p >= pattern.Length || pattern[p] != text[at])
                    {
                        return Verdict.No;
                    }

                    break;
            }
        }

        return at == text.Length ? Verdict.Yes : Verdict.No;
    }

    /// <summary>Stars, and what follows them; null if the caller goes on after a slash that was found for them.</summary>
    private static Verdict? MatchStar(
        ReadOnlySpan<char> pattern,
        ReadOnlySpan<char> text,
        ref int p,
        ref int at
    )
    {
        var first = p;
        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        var rest = pattern[p..];
        var isAcross =
            p - first > 1
            && (first == 0 || pattern[first - 1] == '/')
            && (rest.IsEmpty || rest[0] == '/' || rest.StartsWith("\\/"));
        if (isAcross && !rest.IsEmpty && rest[0] == '/' && IsMatch(rest[1..], text[at..]))
        {
            // "a/**/b" is also "a/b".
            return Verdict.Yes;
        }

        if (rest.IsEmpty)
        {
            return isAcross || !text[at..].Contains('/') ? Verdict.Yes : Verdict.NotWithinName;
        }

        if (!isAcross && rest[0] == '/')
        {
            var slash = text[at..].IndexOf('/');
            at += slash;
            return slash < 0 ? Verdict.Never : null;
        }

        for (; at < text.Length; at++)
        {
            var verdict = Match(rest, text[at..]);
            if (verdict != Verdict.No)
            {
                if (!isAcross || verdict != Verdict.NotWithinName)
                {
                    return verdict;
                }
            }
            else if (!isAcross && text[at] == '/')
            {
                return Verdict.NotWithinName;
            }
        }

        return Verdict.Never;
    }

    /// <summary>A class and the letter at its place; null if it has the letter.</summary>
    private static Verdict? TakeClass(ReadOnlySpan<char> pattern, char letter, ref int p)
    {
        var (end, isIn) = MatchClass(pattern, p + 1, letter);
        p = end;
        return end < 0 ? Verdict.Never
            : isIn && letter != '/' ? null
            : Verdict.No;
    }

    /// <summary>A class from after its bracket: where it closes (−1: nowhere), and whether it has a letter.</summary>
    private static (int End, bool IsIn) MatchClass(ReadOnlySpan<char> pattern, int p, char letter)
    {
        var isNegated = p < pattern.Length && pattern[p] is '!' or '^';
        p += isNegated ? 1 : 0;
        var isIn = false;
        var before = '\0';
        for (var isFirst = true; p < pattern.Length; p++, isFirst = false)
        {
            var one = pattern[p];
            if (one == ']' && !isFirst)
            {
                return (p, isIn != isNegated);
            }

            if (one == '[' && p + 1 < pattern.Length && pattern[p + 1] == ':')
            {
                var close = pattern[(p + 2)..].IndexOf(']');
                if (close < 0)
                {
                    return (-1, false);
                }

                if (close > 0 && pattern[p + 2 + close - 1] == ':')
                {
                    var name = pattern.Slice(p + 2, close - 1).ToString();
                    if (!Classes.TryGetValue(name, out var has))
                    {
                        return (-1, false);
                    }

                    isIn |= has(letter);
                    p += 2 + close;
                    before = '\0';
                    continue;
                }
            }

            var isRange =
                one == '-' && before != '\0' && p + 1 < pattern.Length && pattern[p + 1] != ']';
            p += isRange ? 1 : 0;
            p += pattern[p] == '\\' ? 1 : 0;
            if (p >= pattern.Length)
            {
                return (-1, false);
            }

            isIn |= isRange ? letter >= before && letter <= pattern[p] : letter == pattern[p];
            before = isRange ? '\0' : pattern[p];
        }

        return (-1, false);
    }
}
