using System.Globalization;
using System.Text;

namespace Tspm.Cli.Rendering;

/// <summary>How many cells of a terminal a text takes.</summary>
internal static class CellWidth
{
    /// <summary>Cells of a text without control characters.</summary>
    public static int Measure(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Measure(rune);
        }

        return width;
    }

    /// <summary>Cuts a text to so many cells, the last of them <c>…</c>; unchanged if it fits.</summary>
    /// <param name="text">Without control characters.</param>
    /// <param name="cells">At least 1.</param>
    public static string Cut(string text, int cells)
    {
        if (Measure(text) <= cells)
        {
            return text;
        }

        var kept = new StringBuilder();
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Measure(rune);
            if (width > cells - 1)
            {
                break;
            }

            kept.Append(rune);
        }

        return kept.Append('…').ToString();
    }

    /// <summary>Fills a text up with spaces.</summary>
    public static string Pad(string text, int cells) =>
        text + new string(' ', Math.Max(0, cells - Measure(text)));

    /// <summary>Cells of one character.</summary>
    public static int Measure(Rune rune)
    {
        if (rune.IsAscii)
        {
            return 1;
        }

        var category = Rune.GetUnicodeCategory(rune);
        if (
            category
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
        )
        {
            return 0;
        }

        return IsWide(rune.Value) ? 2 : 1;
    }

    // The blocks that East Asian Width calls wide, and the emoji.
    private static bool IsWide(int value) =>
        value
            is (>= 0x1100 and <= 0x115F)
                or (>= 0x2E80 and <= 0x303E)
                or (>= 0x3041 and <= 0xA4CF)
                or (>= 0xAC00 and <= 0xD7A3)
                or (>= 0xF900 and <= 0xFAFF)
                or (>= 0xFE30 and <= 0xFE6F)
                or (>= 0xFF00 and <= 0xFF60)
                or (>= 0xFFE0 and <= 0xFFE6)
                or (>= 0x1F300 and <= 0x1F64F)
                or (>= 0x1F680 and <= 0x1F6FF)
                or (>= 0x1F900 and <= 0x1FAFF)
                or (>= 0x20000 and <= 0x3FFFD);
}
