using System.Text.RegularExpressions;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Regular expressions that somebody typed: linear time; a pattern without a capital ignores case.</summary>
internal static class Patterns
{
    /// <summary>What lines that tell of a failure have.</summary>
    public const string Failure =
        @"\b(error|errors|fatal|panic|exception|traceback|critical|failed|failure)\b|""level"":\s*(50|60)\b";

    /// <summary>Finds lines that tell of a failure, as the daemon finds them.</summary>
    public static Regex Failures { get; } =
        new(
            Failure,
            RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase
        );

    [ThreadStatic]
    private static (string Text, Regex? Pattern) _last;

    /// <summary>The expression; null if it is none.</summary>
    public static Regex? TryMake(string text)
    {
        if (_last.Text != text)
        {
            _last = (text, Make(text));
        }

        return _last.Pattern;
    }

    /// <summary>Whether letters match in either case.</summary>
    public static bool IgnoresCase(string text) => !text.Any(char.IsUpper);

    private static Regex? Make(string text)
    {
        try
        {
            return new Regex(
                text,
                RegexOptions.NonBacktracking
                    | RegexOptions.CultureInvariant
                    | (IgnoresCase(text) ? RegexOptions.IgnoreCase : RegexOptions.None)
            );
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            // Half typed, or one that could take more than linear time: the prompt says so.
            return null;
        }
    }
}
