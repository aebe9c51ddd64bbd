using System.Buffers;
using System.Text;
using CsCheck;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Tests.Rendering;

public class TerminalSanitizerTests
{
    private delegate byte[] Cleaner(ReadOnlySpan<byte> text, bool isTerminal);

    // Pieces that sequences are made of, so that random texts come close to real attacks.
    private static readonly byte[][] Pieces =
    [
        [0x1B],
        [0x1B, (byte)'['],
        [0x1B, (byte)']'],
        [0x1B, (byte)'P'],
        [0x1B, (byte)'\\'],
        [7],
        [8],
        [0],
        [0x0D],
        [0x7F],
        [0x9B],
        [0xC2, 0x9B],
        [0xC2, 0x9D],
        [0xC2, 0x9C],
        [0xC2],
        [0xE2, 0x80],
        [0xE2, 0x80, 0xAE],
        [0xF0, 0x9F, 0x98, 0x80],
        [0xF3, 0xA0, 0x80, 0x81],
        "31"u8.ToArray(),
        "5"u8.ToArray(),
        "8"u8.ToArray(),
        "38"u8.ToArray(),
        "2"u8.ToArray(),
        ";"u8.ToArray(),
        ":"u8.ToArray(),
        "m"u8.ToArray(),
        "0m"u8.ToArray(),
        "J"u8.ToArray(),
        "ä"u8.ToArray(),
        "text"u8.ToArray(),
        "\t"u8.ToArray(),
        "?"u8.ToArray(),
        "("u8.ToArray(),
        "\u2067"u8.ToArray(),
        "\uFFF9"u8.ToArray(),
        "52;c;"u8.ToArray(),
        [0xFF],
        [0x18],
        [0x9C],
    ];

    private static readonly Gen<byte[]> Texts = Gen.OneOf(
        Gen.Int[0, Pieces.Length - 1]
            .Select(index => Pieces[index])
            .Array[0, 20]
            .Select(parts => parts.SelectMany(part => part).ToArray()),
        Gen.Byte.Array[0, 60]
    );

    [Theory]
    [InlineData("plain text\twith tab", "plain text\twith tab")]
    [InlineData("grün → ✓ 漢字 🙂", "grün → ✓ 漢字 🙂")]
    [InlineData("\e[31mred\e[0m", "\e[31mred\e[0m")]
    [InlineData("\e[31mred", "\e[31mred\e[0m")]
    [InlineData("\e[mx", "\e[mx")]
    [InlineData("\e[8mhidden\e[28m", "hidden\e[28m\e[0m")]
    [InlineData("\e[1;5;31mx", "\e[1;31mx\e[0m")]
    [InlineData("\e[38;5;5mx", "\e[38;5;5mx\e[0m")]
    [InlineData("\e[38;2;8;5;6;8mx", "\e[38;2;8;5;6mx\e[0m")]
    [InlineData("\e[38;8mx", "x")]
    [InlineData("\e[4:3mx", "\e[4:3mx\e[0m")]
    [InlineData("\e[008mx", "x")]
    [InlineData("\e[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx", "␛x")]
    [InlineData("\e[2Jx", "␛x")]
    [InlineData("\e[?25lx", "␛x")]
    [InlineData("\e[>4;1mx", "␛x")]
    [InlineData("\e[10;10Hx", "␛x")]
    [InlineData("\ecx", "␛x")]
    [InlineData("\e(Bx", "␛x")]
    [InlineData("\e]0;title\ax", "␛x")]
    [InlineData("\e]52;c;ZXZpbA==\e\\x", "␛x")]
    [InlineData("\e]8;;http://evil\e\\link\e]8;;\e\\", "␛link␛")]
    [InlineData("\ePq#0\e\\x", "␛x")]
    [InlineData("\e_G\e\\\e^a\e\\\eXb\e\\x", "␛␛␛x")]
    [InlineData("\e]0;never ends", "␛]0;never ends")]
    [InlineData("\e[31", "␛[31")]
    [InlineData("\e", "␛")]
    [InlineData("\u009b2Jx", "\\x9bx")]
    [InlineData("\u009b31mx", "\\x9bx")]
    [InlineData("\u009d0;t\u009cx", "\\x9dx")]
    [InlineData("\u0085x", "\\x85x")]
    [InlineData("a\bb\vc\fd\ae\rf\u007f\u000e", "a^Hb^Kc^Ld^Ge^Mf^?^N")]
    [InlineData("a\0b", "a␀b")]
    [InlineData("a\u202Eb\u2066c\u2028d\uFFF9e", "a<U+202E>b<U+2066>c<U+2028>d<U+FFF9>e")]
    [InlineData("a\U000E0041b", "a<U+E0041>b")]
    public void On_a_terminal_only_colours_pass(string text, string expected)
    {
        Assert.Equal(
            expected,
            Encoding.UTF8.GetString(Clean(Encoding.UTF8.GetBytes(text), isTerminal: true))
        );
    }

    [Theory]
    [InlineData("\e[31mred\e[0m", "red")]
    [InlineData("\e[2J\e]0;t\a\e(Bx", "x")]
    [InlineData("\e[3", "␛[3")]
    [InlineData("\u009b2Jx\u0090", "x\\x90")]
    [InlineData("a\bb\u202E", "a^Hb<U+202E>")]
    public void Elsewhere_sequences_are_taken_out(string text, string expected)
    {
        Assert.Equal(
            expected,
            Encoding.UTF8.GetString(Clean(Encoding.UTF8.GetBytes(text), isTerminal: false))
        );
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_become_replacement_characters()
    {
        Assert.Equal(
            "a\uFFFDb\uFFFD"u8.ToArray(),
            Clean([(byte)'a', 0x9B, (byte)'b', 0xE2, 0x82], true)
        );
    }

    [Fact]
    public void Raw_mode_passes_everything()
    {
        byte[] text = [0x1B, (byte)'[', (byte)'2', (byte)'J', 0, 0xFF];
        Assert.Equal(text, Run(text, TextMode.Raw));
    }

    [Fact]
    public void Values_of_cells_and_messages_stay_on_their_line()
    {
        Assert.Equal("a^Jb^Ic␀", TerminalSanitizer.Clean("a\nb\tc\0\e[31m"));
    }

    [Fact]
    public void Whatever_comes_in_only_harmless_bytes_come_out()
    {
        Assert.Null(FindBreach(Clean));
    }

    [Fact]
    public void A_cleaner_that_forgets_the_C1_controls_is_caught()
    {
        Assert.NotNull(
            FindBreach(
                (text, isTerminal) => Revert(Clean(text, isTerminal), "\\x9b"u8, [0xC2, 0x9B])
            )
        );
    }

    [Fact]
    public void A_cleaner_that_does_not_reset_colours_is_caught()
    {
        Assert.NotNull(
            FindBreach(
                (text, isTerminal) =>
                {
                    var result = Clean(text, isTerminal);
                    return result.AsSpan().EndsWith("\e[0m"u8) ? result[..^4] : result;
                }
            )
        );
    }

    [Fact]
    public void What_counts_as_clean_is_never_changed()
    {
        Texts.Sample(
            text =>
            {
                if (TerminalSanitizer.IsClean(text))
                {
                    Assert.Equal(text, Clean(text, isTerminal: true));
                    Assert.Equal(text, Clean(text, isTerminal: false));
                }
            },
            iter: 20_000
        );
    }

    [Fact]
    public void Text_of_printable_characters_is_not_changed()
    {
        Gen.Char[' ', '\uD7FF']
            .Where(c => c is not (>= '\u007f' and < '\u00a0') and not (>= '\u2028' and <= '\u202e'))
            .Where(c => c is not (>= '\u2066' and <= '\u2069'))
            .Array[0, 80]
            .Sample(
                characters =>
                {
                    var text = Encoding.UTF8.GetBytes(characters);
                    Assert.Equal(text, Clean(text, true));
                },
                iter: 5_000
            );
    }

    [Theory]
    [InlineData("\e]")]
    [InlineData("\u009d")]
    [InlineData("\e[")]
    [InlineData("\eP\u009d")]
    public void A_text_full_of_sequences_that_never_end_keeps_all_other_bytes(string piece)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece + "x", 20_000)));

        var result = Encoding.UTF8.GetString(Clean(text, true));

        Assert.Null(Breach(text, true, Clean));
        if (piece != "\e[")
        {
            Assert.Equal(
                20_000,
                result.Count(character => character == 'x')
                    - (piece.Contains('\u009d') ? 20_000 : 0)
            );
        }
    }

    private static string? FindBreach(Cleaner cleaner)
    {
        string? found = null;
        Gen.Select(Texts, Gen.Bool)
            .Sample(
                (text, isTerminal) => found ??= Breach(text, isTerminal, cleaner),
                iter: 20_000,
                threads: 1
            );
        return found;
    }

    // The naive model: what may stand in the output, read byte by byte.
    private static string? Breach(byte[] text, bool isTerminal, Cleaner cleaner)
    {
        var result = cleaner(text, isTerminal);
        string decoded;
        try
        {
            decoded = new UTF8Encoding(false, true).GetString(result);
        }
        catch (DecoderFallbackException)
        {
            return "not UTF-8";
        }

        var isSet = false;
        for (var at = 0; at < decoded.Length; at++)
        {
            var character = decoded[at];
            if (character == '\e' && isTerminal)
            {
                var match = System.Text.RegularExpressions.Regex.Match(
                    decoded[at..],
                    @"\A\e\[([0-9;:]*)m"
                );
                if (!match.Success)
                {
                    return $"a sequence that is no colour at {at}";
                }

                isSet = match.Groups[1].Value.Trim('0', ';').Length > 0;
                at += match.Length - 1;
                continue;
            }

            if (character is < ' ' and not ('\t' or '\n') or >= '\u007f' and < '\u00a0')
            {
                return $"control {(int)character:x} at {at}";
            }

            if (
                character
                is >= '\u2028'
                    and <= '\u202e'
                    or >= '\u2066'
                    and <= '\u2069'
                    or >= '\ufff9'
                    and <= '\ufffb'
            )
            {
                return $"deceptive {(int)character:x} at {at}";
            }
        }

        return isSet ? "a colour is left set"
            : cleaner(result, isTerminal).AsSpan().SequenceEqual(result) ? null
            : "a second cleaning changes it";
    }

    private static byte[] Clean(ReadOnlySpan<byte> text, bool isTerminal) =>
        Run(text, isTerminal ? TextMode.Terminal : TextMode.Strip);

    private static byte[] Run(ReadOnlySpan<byte> text, TextMode mode)
    {
        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        TerminalSanitizer.Write(text, mode, ref sink);
        sink.Commit();
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Revert(byte[] text, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        var at = text.AsSpan().IndexOf(from);
        return at < 0 ? text : [.. text[..at], .. to, .. text[(at + from.Length)..]];
    }
}
