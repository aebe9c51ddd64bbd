using System.Text.RegularExpressions;

namespace Tspm.Logs.Searching;

/// <summary>One expression over bytes: what it needs is looked for in whole blocks, the rest is asked of few lines.</summary>
internal sealed class BytePattern
{
    private readonly ByteLiteral[] _literals;
    private readonly Regex _regex;

    /// <summary>Makes one.</summary>
    public BytePattern(Regex regex)
    {
        _regex = regex;
        var ignoresCase = regex.Options.HasFlag(RegexOptions.IgnoreCase);
        var found = RegexLiterals.Find(regex);
        _literals =
        [
            .. (found?.Texts ?? []).Distinct().Select(text => new ByteLiteral(text, ignoresCase)),
        ];
        IsWhole = found?.IsWhole == true;
    }

    /// <summary>Texts one of which must be in a line that matches; empty if none is known.</summary>
    public IReadOnlyList<ByteLiteral> Literals => _literals;

    /// <summary>True if a line matches exactly if it has one of them.</summary>
    public bool IsWhole { get; }

    /// <summary>Whether it matches a line.</summary>
    /// <param name="line">Without its end.</param>
    /// <param name="text">The same as text.</param>
    public bool Matches(ReadOnlySpan<byte> line, ref LineText text)
    {
        if (_literals.Length > 0 && !IsAnyIn(line))
        {
            return false;
        }

        return IsWhole || _regex.IsMatch(text.Of(line));
    }

    private bool IsAnyIn(ReadOnlySpan<byte> line)
    {
        foreach (var literal in _literals)
        {
            if (literal.IndexIn(line) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
