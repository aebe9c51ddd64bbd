namespace Tspm.Cli.FullScreen.View;

/// <summary>A small picture of numbers: one cell each.</summary>
internal static class Sparkline
{
    private const string Heights = "▁▂▃▄▅▆▇█";
    private const char Missing = ' ';

    /// <summary>The newest numbers as cells; what is not known is a blank, never a zero.</summary>
    /// <param name="values">The oldest first; NaN where there is none.</param>
    /// <param name="cells">How many cells.</param>
    /// <param name="least">What full height stands for at the least, so that a little noise is no mountain.</param>
    public static string Draw(IReadOnlyList<double> values, int cells, double least)
    {
        Span<char> text = stackalloc char[Math.Clamp(cells, 0, 256)];
        text.Fill(Missing);
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
}
