using System.Globalization;

namespace Tspm.Cli.Rendering;

/// <summary>A number with its word: <c>1 program</c>, <c>2 programs</c>.</summary>
internal static class Counted
{
    /// <summary>The text.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The word for one of them.</param>
    /// <param name="several">The word for more, or none; by default the other with an s.</param>
    public static string Of(long count, string one, string? several = null) =>
        $"{count.ToString(CultureInfo.InvariantCulture)} {(count == 1 ? one : several ?? $"{one}s")}";
}
