namespace Tspm.Compare;

/// <summary>One run of one target.</summary>
/// <param name="ChildSeconds">From the child's first write to its last.</param>
/// <param name="FollowerSeconds">From the child's first write to the reader's last line.</param>
/// <param name="CpuSeconds">CPU of the manager.</param>
/// <param name="Lost">Numbers that never came.</param>
/// <param name="Repeated">Numbers that came twice or late.</param>
/// <param name="Mangled">Cut or glued lines.</param>
/// <param name="P50Micros">Median delay; 0 without time stamps.</param>
/// <param name="P99Micros">99th percentile of the delay.</param>
internal sealed record Measured(
    double ChildSeconds,
    double FollowerSeconds,
    double CpuSeconds,
    long Lost,
    long Repeated,
    long Mangled,
    double P50Micros,
    double P99Micros
)
{
    public static double Median(IEnumerable<Measured> runs, Func<Measured, double> of)
    {
        var sorted = runs.Select(of).Order().ToList();
        return sorted.Count % 2 == 1
            ? sorted[sorted.Count / 2]
            : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
