using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Tspm.Logs;

/// <summary>What of the lines of a log nobody is shown: each byte of it is written over, so that spans stay as they are.</summary>
/// <remarks>
/// Any thread. Lines are looked at as a search does (<see cref="LinePattern"/>); where nothing is found nothing is
/// allocated. The expressions are made when the first line is read. Best effort: an entry is looked at alone, so what
/// lies in two parts of a long line is not found.
/// </remarks>
public sealed class LineRedaction
{
    /// <summary>Stands for each byte.</summary>
    public const byte Mark = (byte)'*';

    /// <summary>An expression that has a group of this name hides what the group caught and not the whole match.</summary>
    public const string GroupName = "secret";

    /// <summary>How expressions are read: in linear time, groups without a name are no groups.</summary>
    public const RegexOptions Options =
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    // Each match may have looked at all the rest of the line.
    private const long MaxLooks = 16 * 1024 * 1024;
    private const int LeastMatches = 16;
    private readonly Lazy<(LinePattern Any, Regex[] All)> _made;

    /// <summary>Makes one.</summary>
    /// <param name="patterns">Regular expressions that take linear time.</param>
    public LineRedaction(IReadOnlyList<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        _made = new(() =>
        {
            Regex[] all = [.. patterns.Select(pattern => new Regex(pattern, Options))];
            return (new LinePattern(all, []), all);
        });
    }

    /// <summary>Writes over what is not to be shown.</summary>
    /// <param name="lines">Whole lines, each ended by a newline; the last may go without.</param>
    public void Apply(Span<byte> lines)
    {
        var (any, all) = _made.Value;
        while (any.TryFind(lines, out var start, out var end))
        {
            Hide(lines[start..end].TrimEnd("\r\n"u8), all);
            lines = lines[end..];
        }
    }

    /// <summary>All expressions see the line as it was.</summary>
    private static void Hide(Span<byte> line, Regex[] all)
    {
        // One byte never gives more than one character.
        var characters = ArrayPool<char>.Shared.Rent(line.Length);
        var offsets = ArrayPool<int>.Shared.Rent(line.Length + 1);
        var text = new ReadText(characters, offsets, Decode(line, characters, offsets), line);
        try
        {
            foreach (var regex in all)
            {
                if (regex.GroupNumberFromName(GroupName) >= 0)
                {
                    HideGroups(text, regex);
                }
                else
                {
                    HideMatches(text, regex);
                }
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(offsets);
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    private static void HideMatches(ReadText text, Regex regex)
    {
        var left = text.MaxMatches;
        foreach (var match in regex.EnumerateMatches(text.Characters))
        {
            if (left-- == 0)
            {
                text.HideFrom(match.Index);
                return;
            }

            text.Hide(match.Index, match.Length);
        }
    }

    private static void HideGroups(ReadText text, Regex regex)
    {
        var left = text.MaxMatches;
        var whole = text.Characters.ToString();
        for (var match = regex.Match(whole); match.Success; match = match.NextMatch())
        {
            if (left-- == 0)
            {
                text.HideFrom(match.Index);
                return;
            }

            // A group that took no part: rather too much than too little.
            var group = match.Groups[GroupName];
            Capture caught = group.Success ? group : match;
            text.Hide(caught.Index, caught.Length);
        }
    }

    /// <summary>The characters of a line, each with the place of its first byte; bytes that are not UTF-8 become U+FFFD.</summary>
    private static int Decode(ReadOnlySpan<byte> line, Span<char> characters, Span<int> offsets)
    {
        var (at, count) = (0, 0);
        while (at < line.Length)
        {
            Rune.DecodeFromUtf8(line[at..], out var rune, out var bytes);
            var length = rune.EncodeToUtf16(characters[count..]);
            offsets.Slice(count, length).Fill(at);
            (at, count) = (at + bytes, count + length);
        }

        offsets[count] = at;
        return count;
    }

    /// <summary>A line and its characters.</summary>
    private readonly ref struct ReadText(
        char[] characters,
        int[] offsets,
        int count,
        Span<byte> line
    )
    {
        private readonly Span<byte> _line = line;

        public ReadOnlySpan<char> Characters => characters.AsSpan(0, count);

        public long MaxMatches => Math.Max(LeastMatches, MaxLooks / Math.Max(count, 1));

        public void Hide(int start, int length)
        {
            // A match that ends within a pair hides all of it, and one that begins there does.
            var end = start + length;
            var isCut = length > 0 && end < count && offsets[end] == offsets[end - 1];
            _line[offsets[start]..offsets[isCut ? end + 1 : end]].Fill(Mark);
        }

        public void HideFrom(int start) => _line[offsets[start]..].Fill(Mark);
    }
}
