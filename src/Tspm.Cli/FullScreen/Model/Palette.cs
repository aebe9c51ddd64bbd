namespace Tspm.Cli.FullScreen.Model;

/// <summary>Which commands the palette offers for what was typed.</summary>
internal static class Palette
{
    /// <summary>Offers at the most.</summary>
    public const int MaxOffers = 8;

    /// <summary>The best offers: commands that have the typed letters, in this order; the nearest first.</summary>
    public static IReadOnlyList<PaletteEntry> Offers(UiState state, string text)
    {
        var typed = text.Trim();
        return
        [
            .. state
                .Look.Commands.Select(entry => (Entry: entry, Cost: Cost(entry.Name, typed)))
                .Where(pair => pair.Cost < int.MaxValue)
                .OrderBy(pair => pair.Cost)
                .ThenBy(pair => pair.Entry.Name.Length)
                .Take(MaxOffers)
                .Select(pair => pair.Entry),
        ];
    }

    // Letters of the name that lie between the typed ones; those before the first count double.
    private static int Cost(string name, string typed)
    {
        var cost = 0;
        var at = 0;
        foreach (var letter in typed)
        {
            var next = IndexOf(name, letter, at);
            if (next < 0)
            {
                return int.MaxValue;
            }

            cost += (next - at) * (at == 0 ? 2 : 1);
            at = next + 1;
        }

        return cost;
    }

    private static int IndexOf(string name, char letter, int from)
    {
        var found = name.AsSpan(from).IndexOf([letter], StringComparison.OrdinalIgnoreCase);
        return found < 0 ? -1 : from + found;
    }
}
