using System.Globalization;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.Terminal;

/// <summary>What is known of one output; stdout and stderr are judged separately.</summary>
/// <param name="IsTerminal">Whether it is a terminal.</param>
/// <param name="Width">Cells in a line; null where there is no terminal, then nothing is cut.</param>
/// <param name="HasColor">Whether colour is used.</param>
/// <param name="Depth">How many colours.</param>
/// <param name="HasUnicode">Whether the locale says UTF-8.</param>
internal sealed record TerminalFacts(
    bool IsTerminal,
    int? Width,
    bool HasColor,
    ColorDepth Depth,
    bool HasUnicode
)
{
    /// <summary>The width of a terminal that does not tell.</summary>
    public const int DefaultWidth = 80;

    private const int MaxWidth = 10_000;
    private const int DefaultHeight = 24;
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ

    /// <summary>Looks at a descriptor.</summary>
    /// <param name="descriptor">1 or 2.</param>
    /// <param name="choice">From the command line.</param>
    /// <param name="environment">Value of a variable, or null.</param>
    public static TerminalFacts Read(
        int descriptor,
        ColorChoice choice,
        Func<string, string?> environment
    )
    {
        var isTerminal = TerminalCalls.IsTerminal(descriptor) == 1;
        return new TerminalFacts(
            isTerminal,
            isTerminal ? ReadWidth(descriptor, environment) : null,
            ColorDecision.IsColored(choice, environment, isTerminal),
            ColorDecision.Depth(environment),
            IsUtf8Locale(environment)
        );
    }

    /// <summary>Whether a locale is one of UTF-8: the first of LC_ALL, LC_CTYPE, LANG that is set.</summary>
    public static bool IsUtf8Locale(Func<string, string?> environment)
    {
        foreach (var name in (ReadOnlySpan<string>)["LC_ALL", "LC_CTYPE", "LANG"])
        {
            if (environment(name) is { Length: > 0 } locale)
            {
                return locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase)
                    || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);
            }
        }

        return false;
    }

    /// <summary>Cells in a line of a terminal, now.</summary>
    public static int ReadWidth(int descriptor, Func<string, string?> environment)
    {
        var size = default(WindowSize);
        if (
            TerminalCalls.GetSize(descriptor, GetWindowSize, ref size) == 0
            && size.Columns is > 0 and <= MaxWidth
        )
        {
            return size.Columns;
        }

        return
            int.TryParse(
                environment("COLUMNS"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var columns
            ) && columns is > 0 and <= MaxWidth
            ? columns
            : DefaultWidth;
    }

    /// <summary>Rows of a terminal, now.</summary>
    public static int ReadHeight(int descriptor)
    {
        var size = default(WindowSize);
        return TerminalCalls.GetSize(descriptor, GetWindowSize, ref size) == 0 && size.Rows > 0
            ? size.Rows
            : DefaultHeight;
    }
}
