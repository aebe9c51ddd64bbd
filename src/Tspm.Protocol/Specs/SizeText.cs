using System.Globalization;

namespace Tspm.Protocol.Specs;

/// <summary>Sizes as people write them: <c>512M</c>, <c>1.5GiB</c>, <c>65536</c>; K, M, G and T are powers of 1024.</summary>
public static class SizeText
{
    private const string Units = "KMGT";
    private const int BitsPerUnit = 10;

    /// <summary>Reads a size.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        var word = text.Trim().ToUpperInvariant();
        word =
            word.EndsWith("IB", StringComparison.Ordinal) ? word[..^2]
            : word.EndsWith('B') ? word[..^1]
            : word;
        var unit = word.Length > 0 ? Units.IndexOf(word[^1], StringComparison.Ordinal) : -1;
        word = unit >= 0 ? word[..^1] : word;
        if (
            !decimal.TryParse(
                word,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            return false;
        }

        const decimal most = 1L << 60;
        var factor = 1L << (BitsPerUnit * (unit + 1));
        if (number > most / factor)
        {
            return false;
        }

        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>The shortest exact form.</summary>
    public static string Format(long bytes)
    {
        var unit = -1;
        while (bytes > 0 && bytes % 1024 == 0 && unit < Units.Length - 1)
        {
            bytes >>= BitsPerUnit;
            unit++;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes}{(unit < 0 ? "" : Units[unit].ToString())}"
        );
    }
}
