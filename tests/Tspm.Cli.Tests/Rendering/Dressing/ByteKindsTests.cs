using System.Buffers;
using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.Tests.Rendering.Dressing;

/// <summary>The table of bytes against its rules, and every word that tells how bad a line is.</summary>
public sealed class ByteKindsTests
{
    [Fact]
    public void The_table_says_what_the_rules_say()
    {
        for (var value = 0; value < 256; value++)
        {
            var letter = (char)value;
            var isDigit = char.IsAsciiDigit(letter);
            var isWord = isDigit || char.IsAsciiLetter(letter) || letter == '_' || value >= 0x80;
            var kind =
                isDigit ? ByteKind.Digit
                : isWord || letter is '/' or '~' ? ByteKind.Letter
                : letter is '"' or '\'' ? ByteKind.Quote
                : ByteKind.Other;

            Assert.Equal(kind, ByteKinds.Of((byte)value));
            Assert.Equal(isWord, ByteKinds.IsInWord((byte)value));
            Assert.Equal(
                isWord || letter is '.' or '/' or '-' or '~' or '+' or '@',
                ByteKinds.IsInToken((byte)value)
            );
            Assert.Equal(
                letter is > ' ' and < '\u007f'
                    && !"\"<>`\\^{}|".Contains(letter, StringComparison.Ordinal),
                ByteKinds.IsInAddress((byte)value)
            );
        }
    }

    [Theory]
    [InlineData("1;31", "error fatal panic failed errors failure critical exception traceback")]
    [InlineData("1;31", "ERR FAIL CRIT FTAL EMERG ALERT")]
    [InlineData("33", "warn warning warnings WRN")]
    [InlineData("34", "INFO INF NOTICE")]
    [InlineData("2", "DEBUG DBG DBUG TRCE TRACE")]
    public void Every_word_that_tells_a_level_is_coloured(string color, string words)
    {
        foreach (var word in words.Split(' '))
        {
            Assert.Equal($"it was \e[{color}m{word}\e[m here", Color($"it was {word} here"));
        }
    }

    private static string Color(string line)
    {
        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        new LineHighlighter(hasLinks: false, "").Write(Encoding.UTF8.GetBytes(line), ref sink);
        sink.Commit();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
