using System.Text;

namespace Tspm.Cli.Settings;

/// <summary>One line of a settings file, read from left to right.</summary>
internal sealed class SettingsLine(string path, int number, string text)
{
    private int _at;

    /// <summary>Its number, from 1.</summary>
    public int Number { get; } = number;

    /// <summary>Blanks before the first word.</summary>
    public int Indent { get; } = text.Length - text.TrimStart(' ').Length;

    /// <summary>Nothing, or a comment.</summary>
    public bool IsBlank => text.Trim() is "" or "---" || text.TrimStart()[0] == '#';

    /// <summary>Whether it is an item of a list.</summary>
    public bool IsItem => text.AsSpan(Indent).StartsWith("- ") || text.AsSpan(Indent) is "-";

    /// <summary>Whether nothing but a comment is left.</summary>
    public bool IsAtEnd
    {
        get
        {
            SkipBlanks();
            return _at >= text.Length || text[_at] == '#';
        }
    }

    /// <summary>Goes to a column.</summary>
    public void Skip(int column) => _at = column;

    /// <summary>The key before the colon.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public string TakeKey()
    {
        var colon = text.IndexOf(':');
        var key = colon < 0 ? "" : text[..colon];
        var wrong = key.AsSpan().IndexOfAnyExcept(KeyLetters);
        if (key.Length == 0 || wrong >= 0)
        {
            throw Wrong(Math.Max(0, wrong), "expected \"key: value\"");
        }

        _at = colon + 1;
        return _at == text.Length || text[_at] == ' '
            ? key
            : throw Wrong(_at, "a blank must follow the colon");
    }

    /// <summary>Takes a letter if it comes next.</summary>
    public bool TryTake(char letter)
    {
        SkipBlanks();
        if (_at < text.Length && text[_at] == letter)
        {
            _at++;
            return true;
        }

        return false;
    }

    /// <summary>The next value.</summary>
    /// <exception cref="CliException">It is none that is understood here.</exception>
    public string TakeValue(bool inList)
    {
        SkipBlanks();
        if (_at >= text.Length)
        {
            throw Wrong(_at, inList ? "the list is not closed with ]" : "a value is missing");
        }

        if (text[_at] is '"' or '\'')
        {
            return TakeQuoted(text[_at]);
        }

        if (
            text[_at]
            is '{'
                or '&'
                or '*'
                or '!'
                or '|'
                or '>'
                or '%'
                or '@'
                or '`'
                or '['
                or ']'
                or ','
        )
        {
            throw Wrong(_at, $"a value cannot begin with {text[_at]} here; put it in quotes");
        }

        var end = inList ? text.AsSpan(_at).IndexOfAny(',', ']') : -1;
        end = end < 0 ? text.Length : _at + end;
        var comment = text.IndexOf(" #", _at, StringComparison.Ordinal);
        end = comment >= 0 && comment < end ? comment : end;
        var value = text[_at..end].Trim();
        _at = end;
        return value;
    }

    /// <summary>Nothing may follow.</summary>
    /// <exception cref="CliException">Something does.</exception>
    public void ExpectEnd()
    {
        if (!IsAtEnd)
        {
            throw Wrong(_at, "nothing may follow the value");
        }
    }

    /// <summary>What is wrong at a column, counted from 0.</summary>
    public CliException Wrong(int column, string why) =>
        new(ExitCodes.Config, $"{path}:{Number}:{column + 1}: {why}", "see: tspm help settings");

    private string TakeQuoted(char quote)
    {
        var start = _at++;
        var value = new StringBuilder();
        while (_at < text.Length)
        {
            var letter = text[_at++];
            if (letter == quote)
            {
                // In single quotes two of them are one.
                if (quote != '\'' || _at >= text.Length || text[_at] != quote)
                {
                    return value.ToString();
                }

                _at++;
            }
            else if (letter == '\\' && quote == '"' && _at < text.Length)
            {
                letter = text[_at++] switch
                {
                    'n' => '\n',
                    't' => '\t',
                    '"' => '"',
                    '\\' => '\\',
                    _ => throw Wrong(
                        _at - 1,
                        "only \\n, \\t, \\\" and \\\\ are known; single quotes take anything"
                    ),
                };
            }

            value.Append(letter);
        }

        throw Wrong(start, "the quote is not closed");
    }

    private void SkipBlanks()
    {
        while (_at < text.Length && text[_at] is ' ' or '\t')
        {
            _at++;
        }
    }

    private static readonly System.Buffers.SearchValues<char> KeyLetters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
}
