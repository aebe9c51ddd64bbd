using System.Text.RegularExpressions;
using Tspm.Logs.Searching;

namespace Tspm.Logs;

/// <summary>Which lines are wanted, by regular expressions that take linear time.</summary>
/// <remarks>
/// Any thread. Bytes that are not UTF-8 are matched as U+FFFD. The line's end is not part of it. Texts that the
/// expressions need are looked for in many lines at once; only lines that have one are cut out. Where nearly all
/// lines have one, all bytes go through <see cref="LineDfa"/> instead.
/// </remarks>
public sealed class LinePattern
{
    private const int OnStack = 512;

    // A text that is found so often does not spare looking at the rest.
    private const int DenseHits = 16;
    private const int DenseBytes = 512;
    private readonly BytePattern[] _wanted;
    private readonly BytePattern[] _unwanted;

    // One of them must be in a wanted line; empty if nothing is known.
    private readonly ByteLiteral[] _needed;

    // Null where the expressions have what it does not know, or are plain texts.
    private readonly LineDfa? _wantedLines;
    private readonly LineDfa? _unwantedLines;

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
        _wantedLines = _wanted.All(one => one.IsWhole) ? null : LineDfa.TryMake(wanted);
        _unwantedLines = _unwanted.All(one => one.IsWhole) ? null : LineDfa.TryMake(unwanted);
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
            return (_wanted.Length == 0 || IsAny(_wanted, _wantedLines, line, ref text))
                && !IsAny(_unwanted, _unwantedLines, line, ref text);
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
        var hits = 0;
        while (start < lines.Length)
        {
            var isDense = hits >= DenseHits && start / hits < DenseBytes;
            var skipped = FindCandidate(lines[start..], isDense, out var isSure);
            if (skipped < 0)
            {
                break;
            }

            hits++;
            start += skipped;
            var newline = lines[start..].IndexOf((byte)'\n');
            end = newline < 0 ? lines.Length : start + newline + 1;
            if ((isSure && _unwanted.Length == 0) || Matches(lines[start..end]))
            {
                return true;
            }

            start = end;
        }

        (start, end) = (0, 0);
        return false;
    }

    /// <summary>Where the next line begins that may be wanted; −1 if there is none.</summary>
    /// <param name="lines">Whole lines.</param>
    /// <param name="isDense">Nearly all lines have a text that is needed.</param>
    /// <param name="isSure">One of the wanted expressions matches it.</param>
    private int FindCandidate(ReadOnlySpan<byte> lines, bool isDense, out bool isSure)
    {
        isSure = false;
        if (_wantedLines is { } dfa && (isDense || _needed.Length == 0))
        {
            var verdict = dfa.Find(lines, out var start);
            isSure = verdict == LineVerdict.Yes;
            return verdict == LineVerdict.No ? -1 : start;
        }

        if (_needed.Length == 0)
        {
            return 0;
        }

        var hit = IndexOfNeeded(lines);
        return hit < 0 ? -1 : lines[..hit].LastIndexOf((byte)'\n') + 1;
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

    private static bool IsAny(
        BytePattern[] patterns,
        LineDfa? dfa,
        ReadOnlySpan<byte> line,
        ref LineText text
    )
    {
        if (dfa?.Judge(line) is { } verdict and not LineVerdict.Unsure)
        {
            return verdict == LineVerdict.Yes;
        }

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
