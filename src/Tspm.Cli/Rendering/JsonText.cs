using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using System.Text.Unicode;

namespace Tspm.Cli.Rendering;

/// <summary>Strings of JSON, from UTF-8 to UTF-8.</summary>
internal static class JsonText
{
    private const int PieceBytes = 3 * 1024;

    // C0, the quote, the backslash, DEL, and the first bytes of C1 (C2) and of U+2028.. and U+2066.. (E2).
    private static readonly SearchValues<byte> Suspects = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(value => (byte)value),
        .. "\"\\\x7f"u8,
        0xC2,
        0xE2,
    ]);

    /// <summary>Writes a string with its quotes.</summary>
    /// <remarks>
    /// Escaped is what JSON wants, and what could act on a terminal that shows the line, or end it for some reader: DEL, C1, the
    /// bidi controls (U+202A–202E, U+2066–2069), U+2028 and U+2029. A parser gives all of it back.
    /// </remarks>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="sink">Where to.</param>
    public static void Write(ReadOnlySpan<byte> text, ref ByteSink sink)
    {
        Debug.Assert(Utf8.IsValid(text), "Who has other bytes writes base64.");
        sink.Write((byte)'"');
        for (int plain; (plain = text.IndexOfAny(Suspects)) >= 0; )
        {
            sink.Write(text[..plain]);
            text = text[plain..];
            text = text[WriteOne(text, ref sink)..];
        }

        sink.Write(text);
        sink.Write((byte)'"');
    }

    /// <summary>Writes a string with its quotes.</summary>
    public static void Write(string text, ref ByteSink sink) =>
        Write(Encoding.UTF8.GetBytes(text), ref sink);

    /// <summary>Writes bytes as a string of base64.</summary>
    public static void WriteBase64(ReadOnlySpan<byte> bytes, ref ByteSink sink)
    {
        sink.Write((byte)'"');
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(PieceBytes, bytes.Length)];
            var room = sink.Reserve(Base64.GetMaxEncodedToUtf8Length(piece.Length));
            _ = Base64.EncodeToUtf8(piece, room, out _, out var written);
            sink.Advance(written);
            bytes = bytes[piece.Length..];
        }

        sink.Write((byte)'"');
    }

    private static int WriteOne(ReadOnlySpan<byte> text, ref ByteSink sink)
    {
        if (text[0] < 0x80)
        {
            WriteAscii(text[0], ref sink);
            return 1;
        }

        _ = Rune.DecodeFromUtf8(text, out var rune, out var taken);
        if (IsEscaped(rune.Value))
        {
            WriteCode(rune.Value, ref sink);
        }
        else
        {
            sink.Write(text[..taken]);
        }

        return taken;
    }

    private static bool IsEscaped(int rune) =>
        rune is < 0xA0 or (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static void WriteAscii(byte value, ref ByteSink sink)
    {
        var letter = value switch
        {
            (byte)'"' => (byte)'"',
            (byte)'\\' => (byte)'\\',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            _ => (byte)0,
        };
        if (letter == 0)
        {
            WriteCode(value, ref sink);
            return;
        }

        sink.Write((byte)'\\');
        sink.Write(letter);
    }

    private static void WriteCode(int value, ref ByteSink sink)
    {
        sink.Write("\\u"u8);
        for (var shift = 12; shift >= 0; shift -= 4)
        {
            sink.Write("0123456789abcdef"u8[(value >> shift) & 15]);
        }
    }
}
