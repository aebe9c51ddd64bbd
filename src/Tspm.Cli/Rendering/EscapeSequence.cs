namespace Tspm.Cli.Rendering;

/// <summary>Finds where an escape sequence of ECMA-48 ends.</summary>
internal static class EscapeSequence
{
    private const byte Bell = 7;
    private const byte Escape = 0x1B;
    private const byte C1Lead = 0xC2;
    private const byte C1Terminator = 0x9C;

    /// <summary>Length of the sequence at the start of a text; 0 if it does not end inside the text.</summary>
    /// <param name="text">Begins with ESC, or with a control U+0080 to U+009F in UTF-8.</param>
    /// <param name="introducerLength">1 for ESC, 2 for a C1 control.</param>
    /// <param name="isColor">True for <c>ESC [ … m</c> of digits, <c>;</c> and <c>:</c>.</param>
    public static int Measure(ReadOnlySpan<byte> text, int introducerLength, out bool isColor)
    {
        isColor = false;
        if (introducerLength == 2)
        {
            // U+009B is ESC [ in one character.
            return MeasureBody((byte)(text[1] - 0x40), text, 2, out _);
        }

        if (text.Length < 2)
        {
            return 0;
        }

        return text[1] is (byte)'[' or (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_'
            ? MeasureBody(text[1], text, 2, out isColor)
            : MeasureShort(text);
    }

    private static int MeasureBody(byte kind, ReadOnlySpan<byte> text, int at, out bool isColor)
    {
        isColor = false;
        return kind switch
        {
            (byte)'[' => MeasureControl(text, at, out isColor),
            (byte)']' => MeasureString(text, at, endsWithBell: true),
            (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_' => MeasureString(text, at, false),
            _ => at,
        };
    }

    // ESC, intermediates 20..2F, final 30..7E.
    private static int MeasureShort(ReadOnlySpan<byte> text)
    {
        var at = 1;
        while (at < text.Length && text[at] is >= 0x20 and <= 0x2F)
        {
            at++;
        }

        return at < text.Length && text[at] is >= 0x30 and <= 0x7E ? at + 1 : 0;
    }

    // Parameters 30..3F, intermediates 20..2F, final 40..7E.
    private static int MeasureControl(ReadOnlySpan<byte> text, int at, out bool isColor)
    {
        var first = at;
        var isNumeric = true;
        while (at < text.Length && text[at] is >= 0x30 and <= 0x3F)
        {
            isNumeric &= text[at] <= (byte)';';
            at++;
        }

        var intermediate = at;
        while (at < text.Length && text[at] is >= 0x20 and <= 0x2F)
        {
            at++;
        }

        isColor =
            isNumeric
            && first == 2
            && text[0] == Escape
            && at == intermediate
            && at < text.Length
            && text[at] == (byte)'m';
        return at < text.Length && text[at] is >= 0x40 and <= 0x7E ? at + 1 : 0;
    }

    // Ends with ST in either form, an OSC also with BEL. Any other control cancels it, which also keeps the scan short:
    // the next scan can only begin at such a control.
    private static int MeasureString(ReadOnlySpan<byte> text, int at, bool endsWithBell)
    {
        for (; at < text.Length; at++)
        {
            var value = text[at];
            if (value == Bell && endsWithBell)
            {
                return at + 1;
            }

            var next = at + 1 < text.Length ? text[at + 1] : (byte)0;
            if (value == Escape)
            {
                return next == (byte)'\\' ? at + 2 : 0;
            }

            if (value == C1Lead && next is >= 0x80 and < 0xA0)
            {
                return next == C1Terminator ? at + 2 : 0;
            }

            if (value is < 0x20 or 0x7F)
            {
                return 0;
            }
        }

        return 0;
    }
}
