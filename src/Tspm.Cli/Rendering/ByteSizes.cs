namespace Tspm.Cli.Rendering;

/// <summary>Sizes as people read them, in powers of 1,024: 512, 84.2M, 1.5G.</summary>
internal static class ByteSizes
{
    private const string Units = "KMGTPE";

    /// <summary>Three digits and a unit; bytes have none.</summary>
    public static string Format(long bytes)
    {
        if (bytes < 1024)
        {
            return Math.Max(bytes, 0).ToString();
        }

        double value = bytes;
        var unit = -1;
        do
        {
            value /= 1024;
            unit++;
        } while (value >= 999.5 && unit < Units.Length - 1);

        // 511.96M is 512M: the tenth is left out where it is zero or where there are three digits already.
        var tenths = Math.Round(value, 1, MidpointRounding.AwayFromZero);
        return value >= 99.95 || tenths == Math.Floor(tenths)
            ? $"{Math.Round(value, MidpointRounding.AwayFromZero):0}{Units[unit]}"
            : $"{tenths:0.0}{Units[unit]}";
    }

    /// <summary>In a sentence: 64 KiB, 1.5 MiB.</summary>
    public static string FormatLong(long bytes)
    {
        var text = Format(bytes);
        return char.IsAsciiLetter(text[^1]) ? $"{text[..^1]} {text[^1]}iB" : $"{text} B";
    }
}
