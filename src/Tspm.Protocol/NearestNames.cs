namespace Tspm.Protocol;

/// <summary>What a misspelt word was probably meant to be.</summary>
/// <remarks>Optimal string alignment distance (Damerau 1964, Levenshtein 1966): edits and swaps of neighbours.</remarks>
public static class NearestNames
{
    private const int MaxLength = 64;
    private const int MinPrefix = 3;

    /// <summary>The best three of the known words, the nearest first; empty if none is near.</summary>
    /// <param name="word">What was typed.</param>
    /// <param name="known">What it could have been.</param>
    public static IReadOnlyList<string> To(string word, IEnumerable<string> known)
    {
        var allowed = Math.Max(1, word.Length / 3);
        return
        [
            .. known
                .Distinct(StringComparer.Ordinal)
                .Select(name => (Name: name, Cost: Cost(word, name, allowed)))
                .Where(pair => pair.Cost <= allowed)
                .OrderBy(pair => pair.Cost)
                .ThenBy(pair => pair.Name, StringComparer.Ordinal)
                .Take(3)
                .Select(pair => pair.Name),
        ];
    }

    /// <summary>Edits and swaps of neighbours that turn one word into the other.</summary>
    public static int Distance(string left, string right)
    {
        var rows = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= right.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var change = left[i - 1] == right[j - 1] ? 0 : 1;
                var best = Math.Min(
                    Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1),
                    rows[i - 1, j - 1] + change
                );
                var isSwap =
                    i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                rows[i, j] = isSwap ? Math.Min(best, rows[i - 2, j - 2] + 1) : best;
            }
        }

        return rows[left.Length, right.Length];
    }

    private static int Cost(string word, string name, int allowed)
    {
        if (word.Length > MaxLength || name.Length > MaxLength)
        {
            return int.MaxValue;
        }

        var distance = Distance(word.ToLowerInvariant(), name.ToLowerInvariant());
        var sharesPrefix =
            word.Length >= MinPrefix && name.StartsWith(word, StringComparison.OrdinalIgnoreCase);
        return sharesPrefix ? Math.Min(distance, allowed) : distance;
    }
}
