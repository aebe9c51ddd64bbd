using System.Runtime.CompilerServices;

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

    // What is written at once: a colour is at most 8 bytes long, the way back 3.
    private const int LongestPiece = 2048;
    private const int ColorRoom = 16;

    private readonly byte[] _fileLink = System.Text.Encoding.ASCII.GetBytes($"file://{host}");

    /// <summary>Writes a line with its colours.</summary>
    public void Write(ReadOnlySpan<byte> line, ref ByteSink sink)
    {
        var plain = 0;
        var at = 0;
        while ((uint)at < (uint)line.Length)
        {
            var kind = ByteKinds.Of(line[at]);
            if (kind == ByteKind.Other)
            {
                at++;
                continue;
            }

            int end;
            var style = TokenStyle.Number;
            if (kind == ByteKind.Letter)
            {
                end = EndOfWord(line, at);
                style = StyleOfWord(line, at, ref end);
            }
            else if (kind == ByteKind.Digit)
            {
                end = EndOfNumber(line, at);
            }
            else
            {
                end = EndOfQuote(line, at);
                style = end - at > 2 ? TokenStyle.Quoted : TokenStyle.Plain;
            }

            if (style != TokenStyle.Plain)
            {
                WriteStyled(line[plain..at], line[at..end], style, ref sink);
                plain = end;
            }

            at = end;
        }

        sink.Write(line[plain..]);
    }

    // Most words are nothing in particular: what they could be is asked only where a colon or a level could stand.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TokenStyle StyleOfWord(ReadOnlySpan<byte> line, int start, ref int end)
    {
        if ((uint)end < (uint)line.Length && line[end] == (byte)':')
        {
            return StyleBeforeColon(line, start, ref end);
        }

        var word = line[start..end];
        return LevelWords.MayTell(word) ? LevelWords.StyleOf(line, start, word) : TokenStyle.Plain;
    }

    private static TokenStyle StyleBeforeColon(ReadOnlySpan<byte> line, int start, ref int end)
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

        var word = line[start..end];
        return LevelWords.MayTell(word) ? LevelWords.StyleOf(line, start, word) : TokenStyle.Plain;
    }

    private void WriteStyled(
        ReadOnlySpan<byte> before,
        ReadOnlySpan<byte> token,
        TokenStyle style,
        ref ByteSink sink
    )
    {
        if (hasLinks && style is TokenStyle.Address or TokenStyle.Place)
        {
            sink.Write(before);
            WriteLink(token, style, ref sink);
            return;
        }

        if (before.Length + token.Length > LongestPiece)
        {
            sink.Write(before);
            sink.Write(ColorOf(style));
            sink.Write(token);
            sink.Write("\e[m"u8);
            return;
        }

        // One look for room, and colours as numbers: there are several of these in a line.
        var room = sink.Reserve(before.Length + token.Length + ColorRoom);
        before.CopyTo(room);
        var used = before.Length;
        used += WriteColor(room[used..], style);
        token.CopyTo(room[used..]);
        used += token.Length;
        "\e[m"u8.CopyTo(room[used..]);
        sink.Advance(used + 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteColor(Span<byte> room, TokenStyle style)
    {
        if (style == TokenStyle.Number)
        {
            "\e[36m"u8.CopyTo(room);
            return 5;
        }

        var color = ColorOf(style);
        color.CopyTo(room);
        return color.Length;
    }

    private void WriteLink(ReadOnlySpan<byte> token, TokenStyle style, ref ByteSink sink)
    {
        var isAddress = style == TokenStyle.Address;
        var isLink = isAddress || token[0] == '/';
        if (isLink)
        {
            sink.Write("\e]8;;"u8);
            sink.Write(isAddress ? default : _fileLink);
            sink.Write(isAddress ? token : token[..token.IndexOf((byte)':')]);
            sink.Write("\e\\"u8);
        }

        sink.Write(ColorOf(style));
        sink.Write(token);
        sink.Write("\e[m"u8);
        sink.Write(isLink ? "\e]8;;\e\\"u8 : default);
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
        while ((uint)end < (uint)line.Length)
        {
            if (ByteKinds.IsInWord(line[end]))
            {
                end++;
                continue;
            }

            var isJoint =
                line[end] is (byte)'.' or (byte)':' or (byte)'-' or (byte)','
                && (uint)(end + 1) < (uint)line.Length
                && ByteKinds.Of(line[end + 1]) == ByteKind.Digit;
            if (!isJoint && line[end] != (byte)'%')
            {
                break;
            }

            end++;
        }

        return end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EndOfWord(ReadOnlySpan<byte> line, int start)
    {
        var end = start + 1;
        while ((uint)end < (uint)line.Length && ByteKinds.IsInToken(line[end]))
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
