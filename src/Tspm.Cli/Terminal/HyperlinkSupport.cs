using System.Globalization;

namespace Tspm.Cli.Terminal;

/// <summary>Whether a terminal is known to have hyperlinks (OSC 8); one that is not would show nothing, or rubbish.</summary>
internal static class HyperlinkSupport
{
    private const int FirstVte = 5_000;
    private const int FirstKonsole = 201_200;
    private static readonly string[] Programs =
    [
        "iTerm.app",
        "WezTerm",
        "vscode",
        "ghostty",
        "Hyper",
        "Tabby",
        "rio",
    ];
    private static readonly string[] Terms =
    [
        "xterm-kitty",
        "alacritty",
        "foot",
        "xterm-ghostty",
        "contour",
        "wezterm",
    ];

    /// <summary>Judges by the variables that terminals set. Inside tmux and screen: no.</summary>
    public static bool IsKnown(Func<string, string?> environment)
    {
        var term = environment("TERM") ?? "";
        if (
            term is "dumb" or "linux"
            || term.StartsWith("screen", StringComparison.Ordinal)
            || term.StartsWith("tmux", StringComparison.Ordinal)
        )
        {
            return false;
        }

        return Programs.Contains(environment("TERM_PROGRAM"))
            || Terms.Any(known => term.StartsWith(known, StringComparison.Ordinal))
            || environment("WT_SESSION") is { Length: > 0 }
            || environment("DOMTERM") is { Length: > 0 }
            || NumberOf(environment("VTE_VERSION")) >= FirstVte
            || NumberOf(environment("KONSOLE_VERSION")) >= FirstKonsole;
    }

    private static int NumberOf(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
