namespace Tspm.Cli.FullScreen.Keys;

/// <summary>The names of the keys that a terminal sends as sequences.</summary>
internal static class KeyNames
{
    private const int Ctrl = 4;

    /// <summary>Of <c>ESC [ body final</c>; empty for one that is not known.</summary>
    public static string Of(string body, char final)
    {
        var parts = body.Split(';');
        _ = int.TryParse(parts[0], out var number);
        var modifiers = parts.Length > 1 && int.TryParse(parts[1], out var told) ? told : 1;
        return final == '~'
            ? number switch
            {
                1 or 7 => "Home",
                4 or 8 => "End",
                3 => "Delete",
                5 => "PgUp",
                6 => "PgDn",
                _ => "",
            }
            : OfLetter(final, modifiers);
    }

    /// <summary>Of <c>ESC O letter</c>, or of a sequence that ends with a letter.</summary>
    /// <param name="letter">The letter.</param>
    /// <param name="modifiers">1, and 1 for Shift, 2 for Alt, 4 for Ctrl.</param>
    public static string OfLetter(char letter, int modifiers)
    {
        var name = letter switch
        {
            'A' => "Up",
            'B' => "Down",
            'C' => "Right",
            'D' => "Left",
            'H' => "Home",
            'F' => "End",
            'M' => "Enter",
            'Z' => "Shift+Tab",
            _ => "",
        };
        return name.Length > 0 && ((modifiers - 1) & Ctrl) != 0 ? $"Ctrl+{name}" : name;
    }
}
