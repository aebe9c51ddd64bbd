namespace Tspm.Cli.Rendering;

/// <summary>How the peak memory of a run that has ended is told.</summary>
internal static class PeakText
{
    /// <summary>Null if nothing is known.</summary>
    /// <param name="peak">The peak, bytes.</param>
    /// <param name="atMost">What it does not exceed, bytes.</param>
    public static string? Of(long? peak, long? atMost) =>
        peak is > 0 ? $"peak {ByteSizes.Format(peak.Value)}"
        : atMost is > 0 ? $"peak at most {ByteSizes.Format(atMost.Value)}"
        : null;
}
