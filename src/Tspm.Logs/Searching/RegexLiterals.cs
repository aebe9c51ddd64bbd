using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Tspm.Logs.Searching;

/// <summary>The texts one of which stands in every line that an expression matches.</summary>
/// <param name="Texts">At least one, none of them empty; ASCII alone if letters match in either case.</param>
/// <param name="IsWhole">A line matches exactly if one of them is in it.</param>
internal sealed record RegexLiterals(IReadOnlyList<string> Texts, bool IsWhole)
{
    private const int MaxTexts = 16;

    /// <summary>Finds them; null if there are none that can be told without more ado.</summary>
    /// <remarks>Whatever is not understood ends the search: the answer is never wrong, only missing.</remarks>
    public static RegexLiterals? Find(Regex regex)
    {
        const RegexOptions other =
            RegexOptions.IgnorePatternWhitespace
            | RegexOptions.RightToLeft
            | RegexOptions.ECMAScript;
        var ignoresCase = regex.Options.HasFlag(RegexOptions.IgnoreCase);
        if (
            (regex.Options & other) != 0
            || (ignoresCase && !regex.Options.HasFlag(RegexOptions.CultureInvariant))
        )
        {
            return null;
        }

        var reader = new Reader(regex.ToString(), ignoresCase);
        return reader.TryReadChoice(out var part) && reader.IsAtEnd && part.Texts is { } texts
            ? new RegexLiterals(texts, part.IsWhole)
            : null;
    }

    /// <summary>What is known of a piece of an expression.</summary>
    private readonly record struct Part(IReadOnlyList<string>? Texts, bool IsWhole);

    private ref struct Reader(string pattern, bool ignoresCase)
    {
        private int _at;

        public readonly bool IsAtEnd => _at == pattern.Length;

        /// <summary>Reads alternatives: one of the texts of each of them.</summary>
        public bool TryReadChoice(out Part part)
        {
            var texts = new List<string>();
            var isWhole = true;
            var isKnown = true;
            part = default;
            while (true)
            {
                if (!TryReadSequence(out var one))
                {
                    return false;
                }

                isWhole &= one.IsWhole;
                isKnown &= one.Texts is not null;
                texts.AddRange(one.Texts ?? []);
                if (IsAtEnd || pattern[_at] != '|')
                {
                    break;
                }

                _at++;
            }

            isKnown &= texts.Count <= MaxTexts;
            part = new Part(isKnown ? texts : null, isKnown && isWhole);
            return true;
        }

        /// <summary>Reads one thing after the other: the best text among them.</summary>
        private bool TryReadSequence(out Part part)
        {
            var sequence = new Sequence();
            part = default;
            while (!IsAtEnd && pattern[_at] is not ('|' or ')'))
            {
                if (!TryReadAtom(sequence))
                {
                    return false;
                }
            }

            part = sequence.End();
            return true;
        }

        private bool TryReadAtom(Sequence sequence)
        {
            var letter = pattern[_at++];
            switch (letter)
            {
                case '(':
                    return TryReadGroup(sequence);
                case '[':
                    return TrySkipClass() && TryTakeUnknown(sequence);
                case '.':
                    return TryTakeUnknown(sequence);
                case '^' or '$':
                    sequence.IsWhole = false;
                    return IsAtEnd || pattern[_at] is not ('*' or '+' or '?' or '{');
                case '\\':
                    return TryReadEscape(sequence);
                case '*' or '+' or '?':
                    return false;
                default:
                    return TryTakeLetter(sequence, letter);
            }
        }

        private bool TryReadEscape(Sequence sequence)
        {
            if (IsAtEnd)
            {
                return false;
            }

            var letter = pattern[_at++];
            switch (letter)
            {
                case 'd' or 'D' or 'w' or 'W' or 's' or 'S':
                    return TryTakeUnknown(sequence);
                case 'b' or 'B':
                    sequence.IsWhole = false;
                    return IsAtEnd || pattern[_at] is not ('*' or '+' or '?' or '{');
                case 't':
                    return TryTakeLetter(sequence, '\t');
                default:
                    return !char.IsAsciiLetterOrDigit(letter) && TryTakeLetter(sequence, letter);
            }
        }

        private bool TryReadGroup(Sequence sequence)
        {
            if (!IsAtEnd && pattern[_at] == '?')
            {
                // Names, options, comments and the rest are rare here.
                if (_at + 1 >= pattern.Length || pattern[_at + 1] != ':')
                {
                    return false;
                }

                _at += 2;
            }

            if (!TryReadChoice(out var inner) || IsAtEnd || pattern[_at] != ')')
            {
                return false;
            }

            _at++;
            if (!TryReadQuantifier(out var least, out var isPlain))
            {
                return false;
            }

            if (isPlain && inner is { IsWhole: true, Texts: [var only] })
            {
                sequence.Append(only);
                return true;
            }

            sequence.Break();
            if (least > 0 && inner.Texts is { } texts)
            {
                sequence.Offer(texts, isAll: isPlain && inner.IsWhole);
            }
            else
            {
                sequence.IsWhole = false;
            }

            return true;
        }

        private bool TryTakeLetter(Sequence sequence, char letter)
        {
            if (!TryReadQuantifier(out var least, out var isPlain))
            {
                return false;
            }

            // In either case K is also the sign for kelvin.
            var isUsable =
                letter is not ('\n' or '\r' or '\uFFFD')
                && !char.IsSurrogate(letter)
                && (!ignoresCase || (char.IsAscii(letter) && letter is not ('k' or 'K')));
            if (least > 0 && isUsable)
            {
                sequence.Append(letter.ToString());
            }

            if (!isPlain || !isUsable)
            {
                sequence.IsWhole = false;
                sequence.Break();
            }

            return true;
        }

        private bool TryTakeUnknown(Sequence sequence)
        {
            sequence.IsWhole = false;
            sequence.Break();
            return TryReadQuantifier(out _, out _);
        }

        private bool TrySkipClass()
        {
            _at += !IsAtEnd && pattern[_at] == '^' ? 1 : 0;
            for (var isFirst = true; !IsAtEnd; isFirst = false)
            {
                var letter = pattern[_at++];
                if (letter == ']' && !isFirst)
                {
                    return true;
                }

                if (letter == '[')
                {
                    // May be a subtraction: rare, and not worth a parser.
                    return false;
                }

                _at += letter == '\\' ? 1 : 0;
            }

            return false;
        }

        private bool TryReadQuantifier(out int least, out bool isPlain)
        {
            (least, isPlain) = (1, false);
            if (IsAtEnd)
            {
                isPlain = true;
                return true;
            }

            switch (pattern[_at])
            {
                case '*' or '?':
                    least = 0;
                    _at++;
                    break;
                case '+':
                    _at++;
                    break;
                case '{':
                    if (!TryReadBounds(out least))
                    {
                        return false;
                    }

                    break;
                default:
                    isPlain = true;
                    return true;
            }

            _at += !IsAtEnd && pattern[_at] == '?' ? 1 : 0;
            return IsAtEnd || pattern[_at] is not ('*' or '+' or '?' or '{');
        }

        private bool TryReadBounds(out int least)
        {
            least = 0;
            var end = pattern.IndexOf('}', _at);
            if (end < 0)
            {
                return false;
            }

            var comma = pattern.IndexOf(',', _at, end - _at);
            var digits = pattern.AsSpan((_at + 1)..(comma < 0 ? end : comma));
            _at = end + 1;
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out least);
        }
    }

    /// <summary>Things that follow each other.</summary>
    private sealed class Sequence
    {
        private readonly StringBuilder _text = new();
        private IReadOnlyList<string>? _best;
        private bool _isBestAll;
        private int _offers;

        /// <summary>False once something was met that is no plain text.</summary>
        public bool IsWhole { get; set; } = true;

        public void Append(string text) => _text.Append(text);

        /// <summary>What comes next does not have to follow directly.</summary>
        public void Break()
        {
            if (_text.Length > 0)
            {
                Offer([_text.ToString()], isAll: true);
                _text.Clear();
            }
        }

        public void Offer(IReadOnlyList<string> texts, bool isAll)
        {
            _offers++;
            if (_best is null || ScoreOf(texts) > ScoreOf(_best))
            {
                _best = texts;
                _isBestAll = isAll;
            }
        }

        public Part End()
        {
            Break();
            return new Part(_best, IsWhole && _offers == 1 && _isBestAll);
        }

        // The longer the shortest of them, the fewer lines have one by chance.
        private static int ScoreOf(IReadOnlyList<string> texts)
        {
            var shortest = int.MaxValue;
            foreach (var text in texts)
            {
                shortest = Math.Min(shortest, text.Length);
            }

            return (shortest * 2 * MaxTexts) - texts.Count;
        }
    }
}
