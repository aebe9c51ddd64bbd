namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Colours what the eye looks for in a line: levels, numbers and times, quoted text, addresses, file:line.</summary>
/// <remarks>
/// One pass without allocation. The line has been made harmless and holds no escape sequence; the result adds colours
/// and, where the terminal has them, hyperlinks to <c>http(s)://</c> and to <c>/path:line</c>; the text stays as it is.
/// </remarks>
internal sealed class LineHighlighter(bool hasLinks, string host)
{
    private const int LongestQuote = 256;
    private const int LongestLink = 2048;

    private static ReadOnlySpan<byte> Plain => "\e[m"u8;

    private readonly byte[] _fileLink = System.Text.Encoding.ASCII.GetBytes($"file://{host}");

    /// <summary>Writes a line with its colours.</summary>
    public void Write(ReadOnlySpan<byte> line, ref ByteSink sink)
    {
        var plain = 0;
        var at = 0;
        while (at < line.Length)
        {
            var kind = ByteKinds.Of(line[at]);
            if (kind == ByteKind.Other)
            {
                at++;
                continue;
            }

            var end =
                kind == ByteKind.Quote ? EndOfQuote(line, at)
                : kind == ByteKind.Digit ? EndOfNumber(line, at)
                : EndOfWord(line, at);
            var style = StyleOf(line, at, ref end, kind);
            if (style == TokenStyle.Plain)
            {
                at = end;
                continue;
            }

            sink.Write(line[plain..at]);
            if (style is TokenStyle.Address or TokenStyle.Place && hasLinks)
            {
                WriteLink(line[at..end], style, ref sink);
            }
            else
            {
                WriteToken(line[at..end], style, ref sink);
            }

            at = end;
            plain = end;
        }

        sink.Write(line[plain..]);
    }

    private static TokenStyle StyleOf(
        ReadOnlySpan<byte> line,
        int start,
        ref int end,
        ByteKind kind
    )
    {
        if (kind == ByteKind.Quote)
        {
            return end - start > 2 ? TokenStyle.Quoted : TokenStyle.Plain;
        }

        if (kind == ByteKind.Digit)
        {
            return TokenStyle.Number;
        }

        var word = line[start..end];
        if (end < line.Length && line[end] == (byte)':')
        {
            if (Links.IsAddress(line, start, end))
            {
                end = Links.EndOfAddress(line, end, LongestLink);
                return TokenStyle.Address;
            }

            if (Links.IsPlace(line, start, end))
            {
                end = Links.EndOfPlace(line, end);
                return TokenStyle.Place;
            }
        }

        return LevelWords.MayTell(word) ? LevelWords.StyleOf(line, start, word) : TokenStyle.Plain;
    }

    private void WriteLink(ReadOnlySpan<byte> token, TokenStyle style, ref ByteSink sink)
    {
        var isAddress = style == TokenStyle.Address;
        if (!isAddress && token[0] != '/')
        {
            WriteToken(token, style, ref sink);
            return;
        }

        sink.Write("\e]8;;"u8);
        sink.Write(isAddress ? default : _fileLink);
        sink.Write(isAddress ? token : token[..token.IndexOf((byte)':')]);
        sink.Write("\e\\"u8);
        WriteToken(token, style, ref sink);
        sink.Write("\e]8;;\e\\"u8);
    }

    // Several of a line: as few and as short writes as can be.
    private static void WriteToken(ReadOnlySpan<byte> token, TokenStyle style, ref ByteSink sink)
    {
        var color = ColorOf(style);
        var length = color.Length + token.Length + Plain.Length;
        if (length > LongestQuote)
        {
            sink.Write(color);
            sink.Write(token);
            sink.Write(Plain);
            return;
        }

        var room = sink.Reserve(length);
        color.CopyTo(room);
        token.CopyTo(room[color.Length..]);
        Plain.CopyTo(room[(color.Length + token.Length)..]);
        sink.Advance(length);
    }

    private static ReadOnlySpan<byte> ColorOf(TokenStyle style) =>
        style switch
        {
            TokenStyle.Error => "\e[1;31m"u8,
            TokenStyle.Warning => "\e[33m"u8,
            TokenStyle.Note => "\e[34m"u8,
            TokenStyle.Detail => "\e[2m"u8,
            TokenStyle.Number => "\e[36m"u8,
            TokenStyle.Quoted => "\e[32m"u8,
            TokenStyle.Address => "\e[4;34m"u8,
            _ => "\e[4;36m"u8,
        };

    // A quote that opens stands at the start of a word; an apostrophe inside one opens nothing.
    private static int EndOfQuote(ReadOnlySpan<byte> line, int start)
    {
        if (start > 0 && ByteKinds.IsInWord(line[start - 1]))
        {
            return start + 1;
        }

        var rest = line[(start + 1)..];
        var length = rest[..Math.Min(rest.Length, LongestQuote)].IndexOf(line[start]);
        if (length < 0 || rest.StartsWith("http"u8))
        {
            return start + 1;
        }

        // 'it' closes a quotation; 'tis isn't one: what follows the end must not be a letter.
        var end = start + length + 2;
        return end < line.Length && ByteKinds.IsInWord(line[end]) ? start + 1 : end;
    }

    // 12, 0x1f, 1.5s, 14:05:06.123, 2026-01-31T14:05:06Z, 127.0.0.1:80, a UUID that begins with a digit.
    private static int EndOfNumber(ReadOnlySpan<byte> line, int start)
    {
        var end = start + 1;
        while (end < line.Length)
        {
            var isJoint =
                line[end] is (byte)'.' or (byte)':' or (byte)'-' or (byte)','
                && end + 1 < line.Length
                && ByteKinds.Of(line[end + 1]) == ByteKind.Digit;
            if (!isJoint && !ByteKinds.IsInWord(line[end]) && line[end] != (byte)'%')
            {
                break;
            }

            end++;
        }

        return end;
    }

    private static int EndOfWord(ReadOnlySpan<byte> line, int start)
    {
        var end = start + 1;
        while (end < line.Length && ByteKinds.IsInToken(line[end]))
        {
            end++;
        }

        // A sentence may end with the word.
        return end > start + 1 && line[end - 1] == (byte)'.' ? end - 1 : end;
    }
}

/// <summary>What a part of a line is.</summary>
internal enum TokenStyle
{
    /// <summary>Nothing in particular.</summary>
    Plain,

    /// <summary>A word that tells of a failure.</summary>
    Error,

    /// <summary>A warning.</summary>
    Warning,

    /// <summary>The level of an ordinary message.</summary>
    Note,

    /// <summary>The level of a message for the curious.</summary>
    Detail,

    /// <summary>A number, a time, an id.</summary>
    Number,

    /// <summary>In quotation marks.</summary>
    Quoted,

    /// <summary><c>http://</c> or <c>https://</c>.</summary>
    Address,

    /// <summary>A file with a line number.</summary>
    Place,
}
