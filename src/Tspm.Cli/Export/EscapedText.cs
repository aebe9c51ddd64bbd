using System.Globalization;
using System.Text;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Export;

/// <summary>Text of a program as it goes into a file of lines: what could forge a line or fool a reader is escaped.</summary>
internal static class EscapedText
{
    private const byte Delete = 0x7F;

    /// <summary>Writes it: control characters but TAB, bytes that are no UTF-8, and characters that turn text round become <c>\x1b</c>, <c>\u202e</c> or <c>\U000e0001</c>.</summary>
    public static void Write(ReadOnlySpan<byte> text, ref ByteSink sink)
    {
        while (!text.IsEmpty)
        {
            var plain = CountPlain(text);
            sink.Write(text[..plain]);
            text = text[plain..];
            if (text.IsEmpty)
            {
                return;
            }

            var isText =
                Rune.DecodeFromUtf8(text, out var rune, out var length)
                == System.Buffers.OperationStatus.Done;
            if (isText && !IsDangerous(rune))
            {
                sink.Write(text[..length]);
            }
            else if (isText && !rune.IsAscii)
            {
                // Always four digits, or eight: with as many as are needed, a digit of the text would belong to it.
                sink.Write(
                    Encoding.ASCII.GetBytes(
                        rune.IsBmp ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}"
                    )
                );
            }
            else
            {
                foreach (var one in text[..length])
                {
                    sink.Write(
                        Encoding.ASCII.GetBytes(
                            string.Create(CultureInfo.InvariantCulture, $"\\x{one:x2}")
                        )
                    );
                }
            }

            text = text[length..];
        }
    }

    private static int CountPlain(ReadOnlySpan<byte> text)
    {
        var count = 0;
        while (count < text.Length && text[count] is (>= (byte)' ' and < Delete) or (byte)'\t')
        {
            count++;
        }

        return count;
    }

    private static bool IsDangerous(Rune rune) =>
        Rune.IsControl(rune)
        || rune.Value
            is 0x2028
                or 0x2029
                or (>= 0x202A and <= 0x202E)
                or (>= 0x2066 and <= 0x2069)
                or (>= 0xFFF9 and <= 0xFFFB)
                or (>= 0xE0000 and <= 0xE007F);
}
