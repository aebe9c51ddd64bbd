using System.Runtime.CompilerServices;
using System.Text;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Words that tell how bad it is. Some do in any spelling, some only where a level stands.</summary>
internal static class LevelWords
{
    private const int Shortest = 3;
    private const int Longest = 9;

    private const uint A = 1;
    private const uint C = 1 << 2;
    private const uint D = 1 << 3;
    private const uint E = 1 << 4;
    private const uint F = 1 << 5;
    private const uint I = 1 << 8;
    private const uint N = 1 << 13;
    private const uint P = 1 << 15;
    private const uint T = 1 << 19;
    private const uint W = 1 << 22;

    // By length, from the shortest on: a bit for each letter that a word of that length begins with.
    private static ReadOnlySpan<uint> FirstLetters =>
        [
            E | W | I | D,
            W | F | C | I | D | T,
            E | F | P | A | D | T,
            F | E | N,
            F | W,
            W | C,
            E | T,
        ];

    /// <summary>Whether it is worth a look: most words of a line begin with no letter that a level of their length begins with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayTell(ReadOnlySpan<byte> word) =>
        word.Length > Longest
            ? word[^1] is (byte)'n' or (byte)'r'
            : word.Length >= Shortest && BeginsAsLevel(word.Length, word[0]);

    /// <summary>What a word of a line tells that may tell something.</summary>
    /// <param name="line">The line.</param>
    /// <param name="start">Where the word begins.</param>
    /// <param name="word">The word.</param>
    public static TokenStyle StyleOf(ReadOnlySpan<byte> line, int start, ReadOnlySpan<byte> word)
    {
        // System.NullReferenceException, TypeError.
        if (word.Length > Longest)
        {
            return word.EndsWith("Exception"u8) || word.EndsWith("Error"u8)
                ? TokenStyle.Error
                : TokenStyle.Plain;
        }

        Span<byte> lower = stackalloc byte[Longest];
        var isUpper =
            Ascii.ToLower(word, lower, out var length) == System.Buffers.OperationStatus.Done;
        if (!isUpper)
        {
            return TokenStyle.Plain;
        }

        var text = lower[..length];
        isUpper = word.IndexOfAnyInRange((byte)'a', (byte)'z') < 0;
        var style = Strong(text);
        return style != TokenStyle.Plain ? style
            : isUpper || StandsAsLevel(line, start, start + length) ? Weak(text)
            : TokenStyle.Plain;
    }

    private static bool BeginsAsLevel(int length, byte first)
    {
        var at = (uint)((first | 0x20) - 'a');
        return at < 26 && (FirstLetters[length - Shortest] >> (int)at & 1) != 0;
    }

    // [info], level=info, "info: " at the start of a line.
    private static bool StandsAsLevel(ReadOnlySpan<byte> line, int start, int end)
    {
        var before = start > 0 ? line[start - 1] : (byte)0;
        var after = end < line.Length ? line[end] : (byte)0;
        return (before == '[' && after == ']')
            || (before == '=' && line[..start].EndsWith("level="u8))
            || (start == 0 && after is (byte)':' or (byte)'[');
    }

    private static TokenStyle Strong(ReadOnlySpan<byte> word) =>
        word.Length switch
        {
            4 when word.SequenceEqual("warn"u8) => TokenStyle.Warning,
            5
                when word.SequenceEqual("error"u8)
                    || word.SequenceEqual("fatal"u8)
                    || word.SequenceEqual("panic"u8) => TokenStyle.Error,
            6 when word.SequenceEqual("failed"u8) || word.SequenceEqual("errors"u8) =>
                TokenStyle.Error,
            7 when word.SequenceEqual("failure"u8) => TokenStyle.Error,
            7 when word.SequenceEqual("warning"u8) => TokenStyle.Warning,
            8 when word.SequenceEqual("warnings"u8) => TokenStyle.Warning,
            8 when word.SequenceEqual("critical"u8) => TokenStyle.Error,
            9 when word.SequenceEqual("exception"u8) || word.SequenceEqual("traceback"u8) =>
                TokenStyle.Error,
            _ => TokenStyle.Plain,
        };

    private static TokenStyle Weak(ReadOnlySpan<byte> word) =>
        word.Length switch
        {
            3 when word.SequenceEqual("err"u8) => TokenStyle.Error,
            3 when word.SequenceEqual("wrn"u8) => TokenStyle.Warning,
            3 when word.SequenceEqual("inf"u8) => TokenStyle.Note,
            3 when word.SequenceEqual("dbg"u8) => TokenStyle.Detail,
            4
                when word.SequenceEqual("fail"u8)
                    || word.SequenceEqual("crit"u8)
                    || word.SequenceEqual("ftal"u8) => TokenStyle.Error,
            4 when word.SequenceEqual("info"u8) => TokenStyle.Note,
            4 when word.SequenceEqual("dbug"u8) || word.SequenceEqual("trce"u8) =>
                TokenStyle.Detail,
            5 when word.SequenceEqual("emerg"u8) || word.SequenceEqual("alert"u8) =>
                TokenStyle.Error,
            5 when word.SequenceEqual("debug"u8) || word.SequenceEqual("trace"u8) =>
                TokenStyle.Detail,
            6 when word.SequenceEqual("notice"u8) => TokenStyle.Note,
            _ => TokenStyle.Plain,
        };
}
