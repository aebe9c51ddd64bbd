using System.Globalization;
using System.Text.RegularExpressions;

namespace Tspm.Logs.Searching;

/// <summary>Reads an expression into states over ASCII bytes, as far as it means on ASCII what it means to <see cref="Regex"/>.</summary>
/// <remarks>Whatever is not understood ends it: the answer is never wrong, only missing. Built from the back: each piece knows what comes after it.</remarks>
internal sealed class NfaReader
{
    private const RegexOptions Known =
        RegexOptions.NonBacktracking
        | RegexOptions.CultureInvariant
        | RegexOptions.ExplicitCapture
        | RegexOptions.IgnoreCase;

    private const int MaxRepeat = 256;
    private const int MaxDepth = 64;
    private static readonly ByteSet Digits = ByteSet.Range('0', '9');
    private static readonly ByteSet Words = Digits
        .With(ByteSet.Range('a', 'z'))
        .With(ByteSet.Range('A', 'Z'))
        .With(ByteSet.Of('_'));

    private static readonly ByteSet Spaces = ByteSet.Range('\t', '\r').With(ByteSet.Of(' '));
    private readonly string _pattern;
    private readonly bool _ignoresCase;
    private readonly ByteNfa _nfa;
    private int _at;
    private int _depth;

    private NfaReader(string pattern, bool ignoresCase, ByteNfa nfa)
    {
        _pattern = pattern;
        _ignoresCase = ignoresCase;
        _nfa = nfa;
    }

    private bool IsAtEnd => _at == _pattern.Length;

    /// <summary>Adds an expression.</summary>
    /// <param name="regex">The expression.</param>
    /// <param name="nfa">Where its states go.</param>
    /// <param name="start">Its first state.</param>
    public static bool TryRead(Regex regex, ByteNfa nfa, out int start)
    {
        start = ByteNfa.Accept;
        var ignoresCase = regex.Options.HasFlag(RegexOptions.IgnoreCase);
        var pattern = regex.ToString();
        var isKnown =
            (regex.Options & ~Known) == 0
            && (!ignoresCase || regex.Options.HasFlag(RegexOptions.CultureInvariant))
            && System.Text.Ascii.IsValid(pattern);
        if (!isKnown)
        {
            return false;
        }

        var reader = new NfaReader(pattern, ignoresCase, nfa);
        if (reader.ReadChoice() is not { } tree || !reader.IsAtEnd)
        {
            return false;
        }

        start = reader.Build(tree, ByteNfa.Accept);
        return !nfa.IsTooLarge;
    }

    private int Build(Piece piece, int next)
    {
        if (_nfa.IsTooLarge)
        {
            return next;
        }

        switch (piece.Kind)
        {
            case PieceKind.Set:
                return _nfa.AddSet(piece.Set, next);
            case PieceKind.Begin:
                return _nfa.AddAnchor(NodeKind.Begin, next);
            case PieceKind.End:
                return _nfa.AddAnchor(NodeKind.End, next);
            case PieceKind.Choice:
                var choice = Build(piece.Parts[0], next);
                foreach (var part in piece.Parts.Skip(1))
                {
                    choice = _nfa.AddSplit(choice, Build(part, next));
                }

                return choice;
            case PieceKind.Repeat:
                return BuildRepeat(piece, next);
            default:
                for (var i = piece.Parts.Count - 1; i >= 0; i--)
                {
                    next = Build(piece.Parts[i], next);
                }

                return next;
        }
    }

    private int BuildRepeat(Piece piece, int next)
    {
        var one = piece.Parts[0];
        var start = next;
        if (piece.Most is { } most)
        {
            for (var i = piece.Least; i < most && !_nfa.IsTooLarge; i++)
            {
                start = _nfa.AddSplit(Build(one, start), next);
            }
        }
        else
        {
            start = _nfa.AddSplit(next, next);
            _nfa.SetOther(start, Build(one, start));
        }

        for (var i = 0; i < piece.Least && !_nfa.IsTooLarge; i++)
        {
            start = Build(one, start);
        }

        return start;
    }

    private Piece? ReadChoice()
    {
        if (++_depth > MaxDepth)
        {
            return null;
        }

        var parts = new List<Piece>();
        while (ReadSequence() is { } part)
        {
            parts.Add(part);
            if (IsAtEnd || _pattern[_at] != '|')
            {
                _depth--;
                return new Piece(PieceKind.Choice, parts);
            }

            _at++;
        }

        return null;
    }

    private Piece? ReadSequence()
    {
        var parts = new List<Piece>();
        while (!IsAtEnd && _pattern[_at] is not ('|' or ')'))
        {
            if (ReadAtom() is not { } atom || ReadQuantifier(atom) is not { } part)
            {
                return null;
            }

            parts.Add(part);
        }

        return new Piece(PieceKind.Sequence, parts);
    }

    private Piece? ReadAtom()
    {
        var letter = _pattern[_at++];
        switch (letter)
        {
            case '(':
                return ReadGroup();
            case '[':
                return TryReadClass(out var set) ? Piece.Of(set) : null;
            case '.':
                return Piece.Of(ByteSet.Any);
            case '^':
                return new Piece(PieceKind.Begin, []);
            case '$':
                return new Piece(PieceKind.End, []);
            case '\\':
                return TryReadEscape(out var escaped) ? Piece.Of(escaped) : null;
            case '*' or '+' or '?':
                return null;
            default:
                return Piece.Of(SetOf(letter));
        }
    }

    private Piece? ReadGroup()
    {
        if (!IsAtEnd && _pattern[_at] == '?')
        {
            // Names, options, comments and the rest are rare here.
            if (_at + 1 >= _pattern.Length || _pattern[_at + 1] != ':')
            {
                return null;
            }

            _at += 2;
        }

        if (ReadChoice() is not { } inner || IsAtEnd || _pattern[_at] != ')')
        {
            return null;
        }

        _at++;
        return inner;
    }

    private bool TryReadEscape(out ByteSet set)
    {
        set = default;
        if (IsAtEnd)
        {
            return false;
        }

        var letter = _pattern[_at++];
        set = letter switch
        {
            'd' => Digits,
            'D' => Digits.Inverse(),
            'w' => Words,
            'W' => Words.Inverse(),
            's' => Spaces,
            'S' => Spaces.Inverse(),
            't' => ByteSet.Of('\t'),
            _ => SetOf(letter),
        };
        return letter is 'd' or 'D' or 'w' or 'W' or 's' or 'S' or 't'
            || (!char.IsAsciiLetterOrDigit(letter) && letter != '_');
    }

    private ByteSet SetOf(char letter) =>
        _ignoresCase ? ByteSet.Of(letter).Folded() : ByteSet.Of(letter);

    private bool TryReadClass(out ByteSet set)
    {
        set = default;
        var isInverse = !IsAtEnd && _pattern[_at] == '^';
        _at += isInverse ? 1 : 0;
        for (var isFirst = true; !IsAtEnd; isFirst = false)
        {
            var letter = _pattern[_at++];
            if (letter == ']' && !isFirst)
            {
                set = _ignoresCase ? set.Folded() : set;
                set = isInverse ? set.Inverse() : set;
                return true;
            }

            if (letter == '[' || !TryReadMember(letter, out var member))
            {
                // May be a subtraction: rare, and not worth a parser.
                return false;
            }

            set = set.With(member);
        }

        return false;
    }

    /// <summary>A letter, an escape or a range of a class.</summary>
    private bool TryReadMember(char letter, out ByteSet member)
    {
        var isEscape = letter == '\\';
        member = ByteSet.Of(letter);
        if (isEscape && !TryReadEscape(out member))
        {
            return false;
        }

        var isRange = _at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']';
        if (!isRange)
        {
            return true;
        }

        var to = _pattern[_at + 1];
        if (isEscape || to is '\\' or '[' || to < letter)
        {
            return false;
        }

        _at += 2;
        member = ByteSet.Range(letter, to);
        return true;
    }

    private Piece? ReadQuantifier(Piece one)
    {
        if (IsAtEnd)
        {
            return one;
        }

        var (least, most) = (0, (int?)null);
        switch (_pattern[_at])
        {
            case '*':
                _at++;
                break;
            case '+':
                least = 1;
                _at++;
                break;
            case '?':
                most = 1;
                _at++;
                break;
            case '{':
                if (!TryReadBounds(out least, out most))
                {
                    return null;
                }

                break;
            default:
                return one;
        }

        // Whether as few or as many as possible are taken decides where a match ends, not whether there is one.
        _at += !IsAtEnd && _pattern[_at] == '?' ? 1 : 0;
        var isOnce = IsAtEnd || _pattern[_at] is not ('*' or '+' or '?' or '{');
        return isOnce ? new Piece(PieceKind.Repeat, [one]) { Least = least, Most = most } : null;
    }

    private bool TryReadBounds(out int least, out int? most)
    {
        (least, most) = (0, null);
        var end = _pattern.IndexOf('}', _at);
        if (end < 0)
        {
            return false;
        }

        var words = _pattern[(_at + 1)..end].Split(',');
        _at = end + 1;
        if (words.Length > 2 || !TryReadNumber(words[0], out least))
        {
            return false;
        }

        if (words is [_, ""])
        {
            return true;
        }

        var isBounded = TryReadNumber(words[^1], out var last) && last >= least;
        most = last;
        return isBounded;
    }

    private static bool TryReadNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number <= MaxRepeat;

    private sealed record Piece(PieceKind Kind, IReadOnlyList<Piece> Parts)
    {
        public ByteSet Set { get; private init; }

        public int Least { get; init; }

        public int? Most { get; init; }

        public static Piece Of(ByteSet set) => new(PieceKind.Set, []) { Set = set };
    }

    private enum PieceKind
    {
        Set,
        Begin,
        End,
        Sequence,
        Choice,
        Repeat,
    }
}
