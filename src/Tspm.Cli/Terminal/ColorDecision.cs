namespace Tspm.Cli.Terminal;

/// <summary>Whether output is coloured, and how; pure functions of what was said and found.</summary>
internal static class ColorDecision
{
    /// <summary>First hit wins: choice, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM=dumb, terminal.</summary>
    /// <param name="choice">From the command line.</param>
    /// <param name="environment">Value of a variable, or null.</param>
    /// <param name="isTerminal">Whether the output is a terminal.</param>
    public static bool IsColored(
        ColorChoice choice,
        Func<string, string?> environment,
        bool isTerminal
    )
    {
        if (choice != ColorChoice.Auto)
        {
            return choice == ColorChoice.Always;
        }

        if (!string.IsNullOrEmpty(environment("NO_COLOR")))
        {
            return false;
        }

        if (environment("FORCE_COLOR") is { Length: > 0 } forced)
        {
            return forced != "0";
        }

        if (environment("CLICOLOR_FORCE") is { Length: > 0 } and not "0")
        {
            return true;
        }

        return environment("TERM") != "dumb" && isTerminal;
    }

    /// <summary>The depth, from COLORTERM and TERM; 16 where they say nothing.</summary>
    public static ColorDepth Depth(Func<string, string?> environment)
    {
        if (environment("COLORTERM") is "truecolor" or "24bit")
        {
            return ColorDepth.Full;
        }

        var term = environment("TERM") ?? string.Empty;
        if (term.EndsWith("-direct", StringComparison.Ordinal))
        {
            return ColorDepth.Full;
        }

        return
            term.Contains("256color", StringComparison.Ordinal)
            || environment("COLORTERM") is { Length: > 0 }
            ? ColorDepth.Palette
            : ColorDepth.Sixteen;
    }
}

/// <summary>What the caller said about colour.</summary>
internal enum ColorChoice
{
    /// <summary>Nothing: the environment and the terminal decide.</summary>
    Auto,

    /// <summary>Colour.</summary>
    Always,

    /// <summary>No colour.</summary>
    Never,
}

/// <summary>How many colours there are.</summary>
internal enum ColorDepth
{
    /// <summary>The 16 that every terminal has.</summary>
    Sixteen,

    /// <summary>The palette of 256.</summary>
    Palette,

    /// <summary>24 bits.</summary>
    Full,
}
