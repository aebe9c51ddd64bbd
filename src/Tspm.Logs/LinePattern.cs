using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Tspm.Logs;

/// <summary>Which lines are wanted, by regular expressions that take linear time.</summary>
/// <remarks>Any thread. Bytes that are not UTF-8 are matched as U+FFFD. The line's end is not part of it.</remarks>
public sealed class LinePattern
{
    private readonly Regex[] _wanted;
    private readonly Regex[] _unwanted;

    /// <summary>Makes one.</summary>
    /// <param name="wanted">One of which must match; none means any line.</param>
    /// <param name="unwanted">None of which may match.</param>
    /// <exception cref="ArgumentException">An expression could take more than linear time.</exception>
    public LinePattern(IReadOnlyList<Regex> wanted, IReadOnlyList<Regex> unwanted)
    {
        _wanted = [.. wanted];
        _unwanted = [.. unwanted];
        if (
            _wanted
                .Concat(_unwanted)
                .Any(regex => !regex.Options.HasFlag(RegexOptions.NonBacktracking))
        )
        {
            throw new ArgumentException(
                "Expressions on output must not backtrack.",
                nameof(wanted)
            );
        }
    }

    /// <summary>Whether a line is wanted.</summary>
    public bool Matches(ReadOnlySpan<byte> line)
    {
        var length = line.Length;
        while (length > 0 && line[length - 1] is (byte)'\n' or (byte)'\r')
        {
            length--;
        }

        const int onStack = 512;
        char[]? rented = null;
        var room =
            length <= onStack
                ? stackalloc char[onStack]
                : (rented = ArrayPool<char>.Shared.Rent(length));
        try
        {
            // One byte never gives more than one character.
            var text = room[..Encoding.UTF8.GetChars(line[..length], room)];
            return (_wanted.Length == 0 || IsAny(_wanted, text)) && !IsAny(_unwanted, text);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<char>.Shared.Return(rented);
            }
        }
    }

    private static bool IsAny(Regex[] patterns, ReadOnlySpan<char> text)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.IsMatch(text))
            {
                return true;
            }
        }

        return false;
    }
}
