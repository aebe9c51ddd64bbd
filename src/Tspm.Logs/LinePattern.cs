using System.Text.RegularExpressions;
using Tspm.Logs.Searching;

namespace Tspm.Logs;

/// <summary>Which lines are wanted, by regular expressions that take linear time.</summary>
/// <remarks>
/// Any thread. Bytes that are not UTF-8 are matched as U+FFFD. The line's end is not part of it. Texts that the
/// expressions need are looked for in many lines at once; only lines that have one are cut out.
/// </remarks>
public sealed class LinePattern
{
    private const int OnStack = 512;
    private readonly BytePattern[] _wanted;
    private readonly BytePattern[] _unwanted;

    // One of them must be in a wanted line; empty if nothing is known.
    private readonly ByteLiteral[] _needed;

    /// <summary>Makes one.</summary>
    /// <param name="wanted">One of which must match; none means any line.</param>
    /// <param name="unwanted">None of which may match.</param>
    /// <exception cref="ArgumentException">An expression could take more than linear time.</exception>
    public LinePattern(IReadOnlyList<Regex> wanted, IReadOnlyList<Regex> unwanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(unwanted);
        if (
            wanted
                .Concat(unwanted)
                .Any(regex => !regex.Options.HasFlag(RegexOptions.NonBacktracking))
        )
        {
            throw new ArgumentException(
                "Expressions on output must not backtrack.",
                nameof(wanted)
            );
        }

        _wanted = [.. wanted.Select(regex => new BytePattern(regex))];
        _unwanted = [.. unwanted.Select(regex => new BytePattern(regex))];
        var isKnown = _wanted.Length > 0 && _wanted.All(one => one.Literals.Count > 0);
        _needed = isKnown ? [.. _wanted.SelectMany(one => one.Literals)] : [];
    }

    /// <summary>Whether a line is wanted.</summary>
    public bool Matches(ReadOnlySpan<byte> line)
    {
        while (line.Length > 0 && line[^1] is (byte)'\n' or (byte)'\r')
        {
            line = line[..^1];
        }

        var text = new LineText(stackalloc char[OnStack]);
        try
        {
            return (_wanted.Length == 0 || IsAny(_wanted, line, ref text))
                && !IsAny(_unwanted, line, ref text);
        }
        finally
        {
            text.Dispose();
        }
    }

    /// <summary>The first wanted line among whole lines.</summary>
    /// <param name="lines">Lines, each ended by a newline; the last may go without.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">After its end.</param>
    internal bool TryFind(ReadOnlySpan<byte> lines, out int start, out int end)
    {
        start = 0;
        while (start < lines.Length)
        {
            if (_needed.Length > 0)
            {
                var hit = IndexOfNeeded(lines[start..]);
                if (hit < 0)
                {
                    break;
                }

                start += lines.Slice(start, hit).LastIndexOf((byte)'\n') + 1;
            }

            var newline = lines[start..].IndexOf((byte)'\n');
            end = newline < 0 ? lines.Length : start + newline + 1;
            if (Matches(lines[start..end]))
            {
                return true;
            }

            start = end;
        }

        (start, end) = (0, 0);
        return false;
    }

    private int IndexOfNeeded(ReadOnlySpan<byte> lines)
    {
        var first = -1;
        foreach (var literal in _needed)
        {
            var found = literal.IndexIn(first < 0 ? lines : lines[..first]);
            first = found >= 0 ? found : first;
        }

        return first;
    }

    private static bool IsAny(BytePattern[] patterns, ReadOnlySpan<byte> line, ref LineText text)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(line, ref text))
            {
                return true;
            }
        }

        return false;
    }
}
