namespace Tspm.Cli.Rendering;

/// <summary>A small picture of numbers: one cell each.</summary>
internal static class Sparkline
{
    private const string Heights = "▁▂▃▄▅▆▇█";

    /// <summary>The newest numbers as cells; what is not known is a break, never a zero.</summary>
    /// <param name="values">The oldest first; NaN where there is none.</param>
    /// <param name="cells">How many cells.</param>
    /// <param name="least">What full height stands for at the least, so that a little noise is no mountain.</param>
    /// <param name="missing">What stands where nothing is known.</param>
    public static string Draw(
        IReadOnlyList<double> values,
        int cells,
        double least,
        char missing = ' '
    )
    {
        Span<char> text = stackalloc char[Math.Clamp(cells, 0, 256)];
        text.Fill(missing);
        var first = Math.Max(0, values.Count - text.Length);
        var top = least;
        for (var at = first; at < values.Count; at++)
        {
            top = double.IsNaN(values[at]) ? top : Math.Max(top, values[at]);
        }

        for (var at = first; at < values.Count; at++)
        {
            var value = values[at];
            if (!double.IsNaN(value))
            {
                var height = (int)Math.Ceiling(Math.Max(0, value) / top * (Heights.Length - 1));
                text[at - first + text.Length - (values.Count - first)] = Heights[height];
            }
        }

        return new string(text);
    }

    /// <summary>The parts of a history as numbers; NaN where there is none.</summary>
    public static IReadOnlyList<double> ValuesOf(IReadOnlyList<double?>? parts) =>
        parts is null ? [] : [.. parts.Select(part => part ?? double.NaN)];

    /// <inheritdoc cref="ValuesOf(IReadOnlyList{double?}?)"/>
    public static IReadOnlyList<double> ValuesOf(IReadOnlyList<long?>? parts) =>
        parts is null ? [] : [.. parts.Select(part => part ?? double.NaN)];

    /// <summary>So many a second, short.</summary>
    public static string FormatRate(double perSecond) =>
        double.IsNaN(perSecond) ? "-"
        : perSecond < 10_000 ? $"{perSecond:0}"
        : $"{perSecond / 1000:0}k";
}
