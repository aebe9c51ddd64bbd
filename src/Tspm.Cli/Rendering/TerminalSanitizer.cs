using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tspm.Cli.Rendering;

/// <summary>Makes text of programs harmless for a terminal: bytes in, bytes out.</summary>
/// <remarks>
/// Pure. One call is one entry: an escape sequence never goes on in the next one, and colours that the entry set are
/// reset at its end. The result is well-formed UTF-8 that holds of the controls only TAB, LF and colour sequences;
/// cleaning it again changes nothing. Time is linear in the length: a body is looked at twice at most.
/// </remarks>
internal static class TerminalSanitizer
{
    private const byte Escape = 0x1B;
    private const byte C1Lead = 0xC2;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\t\n"u8
    );

    // Controls but TAB and LF, DEL, and the first bytes of characters that may have to be shown as marks:
    // C2 (U+0080..), E2 (U+2028.., U+202A.., U+2066..), EF (U+FFF9..), F3 (U+E0000..).
    private static readonly SearchValues<byte> SuspectBytes = SearchValues.Create([
        0x00,
        0x01,
        0x02,
        0x03,
        0x04,
        0x05,
        0x06,
        0x07,
        0x08,
        0x0B,
        0x0C,
        0x0D,
        0x0E,
        0x0F,
        0x10,
        0x11,
        0x12,
        0x13,
        0x14,
        0x15,
        0x16,
        0x17,
        0x18,
        0x19,
        0x1A,
        0x1B,
        0x1C,
        0x1D,
        0x1E,
        0x1F,
        0x7F,
        0xC2,
        0xE2,
        0xEF,
        0xF3,
    ]);

    /// <summary>True if cleaning would change nothing; may be false for some text that needs no change.</summary>
    public static bool IsClean(ReadOnlySpan<byte> text)
    {
        var at = text.IndexOfAnyExcept(PlainBytes);
        if (at < 0)
        {
            return true;
        }

        var rest = text[at..];
        return !rest.ContainsAny(SuspectBytes) && Utf8.IsValid(rest);
    }

    /// <summary>Writes one entry, cleaned.</summary>
    /// <param name="text">The entry without its line end; a line feed inside passes.</param>
    /// <param name="mode">What may pass.</param>
    /// <param name="sink">Where to.</param>
    public static void Write(ReadOnlySpan<byte> text, TextMode mode, ref ByteSink sink)
    {
        if (mode == TextMode.Raw)
        {
            sink.Write(text);
            return;
        }

        var isColorSet = false;
        while (!text.IsEmpty)
        {
            var plain = text.IndexOfAnyExcept(PlainBytes);
            if (plain < 0)
            {
                sink.Write(text);
                break;
            }

            sink.Write(text[..plain]);
            text = text[plain..];
            var taken =
                text[0] == Escape ? WriteEscape(text, mode, ref isColorSet, ref sink)
                : text[0] < 0x80 ? WriteControl(text[0], ref sink)
                : WriteCharacter(text, mode, ref sink);
            text = text[taken..];
        }

        if (isColorSet)
        {
            sink.Write("\e[0m"u8);
        }
    }

    /// <summary>The same for text of other origin than a log: names, paths, messages; always without colours.</summary>
    public static string Clean(string text)
    {
        if (IsPlain(text))
        {
            return text;
        }

        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        Write(Encoding.UTF8.GetBytes(text), TextMode.Strip, ref sink);
        sink.Commit();

        // A value in a cell or a message stays on its line.
        return Encoding.UTF8.GetString(output.WrittenSpan).Replace("\n", "^J").Replace("\t", "^I");
    }

    private static bool IsPlain(string text)
    {
        foreach (var character in text)
        {
            if (character is < ' ' or > '~')
            {
                return false;
            }
        }

        return true;
    }

    private static int WriteEscape(
        ReadOnlySpan<byte> text,
        TextMode mode,
        ref bool isColorSet,
        ref ByteSink sink
    )
    {
        var length = EscapeSequence.Measure(text, introducerLength: 1, out var isColor);
        if (
            isColor
            && mode == TextMode.Terminal
            && ColorSequence.Write(text[..length], ref sink, out var sets)
        )
        {
            isColorSet = sets ?? isColorSet;
            return length;
        }

        // Of an incomplete sequence only the ESC is taken: what follows is shown as text, nothing is swallowed.
        if (length == 0 || mode == TextMode.Terminal)
        {
            sink.Write("␛"u8);
        }

        return Math.Max(length, 1);
    }

    private static int WriteControl(byte control, ref ByteSink sink)
    {
        if (control == 0)
        {
            sink.Write("␀"u8);
            return 1;
        }

        sink.Write((byte)'^');
        sink.Write((byte)(control ^ 0x40));
        return 1;
    }

    private static int WriteCharacter(ReadOnlySpan<byte> text, TextMode mode, ref ByteSink sink)
    {
        if (Rune.DecodeFromUtf8(text, out var rune, out var taken) != OperationStatus.Done)
        {
            sink.Write("\uFFFD"u8);
            return taken;
        }

        if (text[0] == C1Lead && rune.Value < 0xA0)
        {
            return WriteC1(text, mode, ref sink);
        }

        if (IsDeceptive(rune.Value))
        {
            WriteCodePoint(rune.Value, ref sink);
        }
        else
        {
            sink.Write(text[..taken]);
        }

        return taken;
    }

    // Line and paragraph separators, bidi embeddings and isolates, interlinear annotation, tags.
    private static bool IsDeceptive(int value) =>
        value
            is (>= 0x2028 and <= 0x202E)
                or (>= 0x2066 and <= 0x2069)
                or (>= 0xFFF9 and <= 0xFFFB)
                or (>= 0xE0000 and <= 0xE007F);

    private static int WriteC1(ReadOnlySpan<byte> text, TextMode mode, ref ByteSink sink)
    {
        var length = EscapeSequence.Measure(text, introducerLength: 2, out _);
        if (length == 0 || mode == TextMode.Terminal)
        {
            sink.Write("\\x"u8);
            WriteHex(text[1], 2, ref sink);
        }

        return Math.Max(length, 2);
    }

    private static void WriteCodePoint(int value, ref ByteSink sink)
    {
        sink.Write("<U+"u8);
        WriteHex(value, value > 0xFFFF ? 5 : 4, ref sink, isUpper: true);
        sink.Write((byte)'>');
    }

    private static void WriteHex(int value, int digits, ref ByteSink sink, bool isUpper = false)
    {
        var names = isUpper ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        for (var shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        {
            sink.Write(names[(value >> shift) & 15]);
        }
    }
}

/// <summary>What of a text may reach the output.</summary>
internal enum TextMode
{
    /// <summary>Colours pass; other escape sequences and controls become visible marks.</summary>
    Terminal,

    /// <summary>Escape sequences are taken out; other controls become visible marks.</summary>
    Strip,

    /// <summary>Everything passes.</summary>
    Raw,
}
