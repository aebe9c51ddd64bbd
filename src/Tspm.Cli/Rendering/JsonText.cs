using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Tspm.Cli.Rendering;

/// <summary>Strings of JSON, from UTF-8 to UTF-8.</summary>
internal static class JsonText
{
    private const int PieceBytes = 3 * 1024;

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8
    );

    /// <summary>Writes a string with its quotes. Escaped are controls (C0, DEL, C1), U+2028 and U+2029.</summary>
    /// <param name="text">UTF-8; what is not becomes U+FFFD.</param>
    /// <param name="sink">Where to.</param>
    public static void Write(ReadOnlySpan<byte> text, ref ByteSink sink)
    {
        sink.Write((byte)'"');
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
            text = text[WriteOne(text, ref sink)..];
        }

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

        if (Rune.DecodeFromUtf8(text, out var rune, out var taken) != OperationStatus.Done)
        {
            sink.Write("\uFFFD"u8);
        }
        else if (rune.Value is < 0xA0 or 0x2028 or 0x2029)
        {
            WriteCode(rune.Value, ref sink);
        }
        else
        {
            sink.Write(text[..taken]);
        }

        return taken;
    }

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
