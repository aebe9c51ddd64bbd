namespace Tspm.Cli.FullScreen.Screen;

/// <summary>What a colour sequence (SGR) does to a style.</summary>
internal static class SgrState
{
    private const int MaxValues = 32;

    /// <summary>The style after the sequence.</summary>
    /// <param name="parameters">What stands between <c>ESC [</c> and <c>m</c>: digits, semicolons, colons.</param>
    /// <param name="style">The style before.</param>
    /// <param name="reset">The style of a reset.</param>
    public static CellStyle Apply(ReadOnlySpan<byte> parameters, CellStyle style, CellStyle reset)
    {
        Span<int> values = stackalloc int[MaxValues];
        var count = Split(parameters, values);
        for (var at = 0; at < count; at++)
        {
            var value = values[at];
            if (value is 38 or 48)
            {
                var color = ReadColor(values[..count], ref at);
                style =
                    color is not { } known ? style
                    : value == 38 ? style with { Foreground = known }
                    : style with { Background = known };
            }
            else
            {
                style = Apply(value, style, reset);
            }
        }

        return style;
    }

    private static CellStyle Apply(int value, CellStyle style, CellStyle reset) =>
        value switch
        {
            0 => reset,
            1 => style with { Bits = style.Bits | StyleBits.Bold },
            2 => style with { Bits = style.Bits | StyleBits.Dim },
            3 => style with { Bits = style.Bits | StyleBits.Italic },
            4 => style with { Bits = style.Bits | StyleBits.Underline },
            7 => style with { Bits = style.Bits | StyleBits.Reverse },
            9 => style with { Bits = style.Bits | StyleBits.Strike },
            22 => style with { Bits = style.Bits & ~(StyleBits.Bold | StyleBits.Dim) },
            23 => style with { Bits = style.Bits & ~StyleBits.Italic },
            24 => style with { Bits = style.Bits & ~StyleBits.Underline },
            27 => style with { Bits = style.Bits & ~StyleBits.Reverse },
            29 => style with { Bits = style.Bits & ~StyleBits.Strike },
            >= 30 and <= 37 => style with { Foreground = CellStyle.Palette | (uint)(value - 30) },
            39 => style with { Foreground = reset.Foreground },
            >= 40 and <= 47 => style with { Background = CellStyle.Palette | (uint)(value - 40) },
            49 => style with { Background = reset.Background },
            >= 90 and <= 97 => style with { Foreground = CellStyle.Palette | (uint)(value - 82) },
            >= 100 and <= 107 => style with { Background = CellStyle.Palette | (uint)(value - 92) },
            _ => style,
        };

    // 38;5;n and 38;2;r;g;b, with colons too (then there may be an empty colour space before r).
    private static uint? ReadColor(ReadOnlySpan<int> values, ref int at)
    {
        var rest = values[(at + 1)..];
        if (rest.Length >= 2 && rest[0] == 5)
        {
            at += 2;
            return CellStyle.Palette | (uint)(rest[1] & 0xFF);
        }

        if (rest.Length >= 4 && rest[0] == 2)
        {
            at += 4;
            return CellStyle.Direct
                | (uint)((rest[1] & 0xFF) << 16)
                | (uint)((rest[2] & 0xFF) << 8)
                | (uint)(rest[3] & 0xFF);
        }

        at = values.Length;
        return null;
    }

    private static int Split(ReadOnlySpan<byte> parameters, Span<int> values)
    {
        var count = 0;
        var value = 0;
        foreach (var one in parameters)
        {
            if (one is >= (byte)'0' and <= (byte)'9')
            {
                value = Math.Min((value * 10) + (one - '0'), 65_535);
            }
            else if (count < values.Length - 1)
            {
                values[count++] = value;
                value = 0;
            }
        }

        values[count++] = value;
        return count;
    }
}
