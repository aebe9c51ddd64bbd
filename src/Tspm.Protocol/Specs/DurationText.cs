using System.Globalization;

namespace Tspm.Protocol.Specs;

/// <summary>Durations as people write them in settings: 500ms, 10s, 1.5m, 2h, 1d.</summary>
public static class DurationText
{
    private static readonly (string Unit, double Milliseconds)[] Units =
    [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];

    /// <summary>Reads one; a number without a unit is seconds.</summary>
    /// <returns>False if it is none, or longer than 24 days.</returns>
    public static bool TryParse(string text, out int milliseconds)
    {
        milliseconds = 0;
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        var unit = digits == text.Length ? "s" : text[digits..];
        var known = Units.FirstOrDefault(one => one.Unit == unit);
        var isNumber = double.TryParse(
            text.AsSpan(0, digits),
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var number
        );
        var whole = number * known.Milliseconds;
        if (!isNumber || known.Unit is null || whole > int.MaxValue)
        {
            return false;
        }

        milliseconds = (int)whole;
        return true;
    }
}
