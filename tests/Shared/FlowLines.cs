using System.Buffers.Text;

namespace Tspm.TestTools;

/// <summary>Lines that tell their own number twice: plainly, and as a checksum of it.</summary>
internal static class FlowLines
{
    /// <summary>The most bytes of a line, its newline included.</summary>
    public const int MaxBytes = 32;

    /// <summary>Writes line n; its length.</summary>
    public static int Write(long number, Span<byte> destination)
    {
        Utf8Formatter.TryFormat(number, destination, out var length);
        destination[length++] = (byte)' ';
        Utf8Formatter.TryFormat(CheckOf(number), destination[length..], out var digits, 'x');
        length += digits;
        destination[length++] = (byte)'\n';
        return length;
    }

    /// <summary>Reads a line without its newline; false if it is not what was written under its number.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out long number)
    {
        var isNumber = Utf8Parser.TryParse(line, out number, out var length);
        return isNumber
            && length < line.Length
            && line[length] == (byte)' '
            && Utf8Parser.TryParse(line[(length + 1)..], out ulong check, out var digits, 'x')
            && length + 1 + digits == line.Length
            && check == CheckOf(number);
    }

    private static ulong CheckOf(long number)
    {
        var check = (ulong)number * 0x9E37_79B9_7F4A_7C15;
        return (check ^ (check >> 29)) >> 16;
    }
}
