using System.Globalization;

namespace Tspm.Compare;

/// <summary>CPU time and anonymous memory of some processes.</summary>
internal static class ProcFigures
{
    private const double TicksPerSecond = 100;

    public static double CpuSeconds(IEnumerable<int> pids) =>
        pids.Sum(pid =>
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
        });

    /// <summary>RssAnon + RssShmem + swap, KiB.</summary>
    public static long AnonymousKiB(IEnumerable<int> pids) =>
        pids.Sum(pid =>
            File.ReadAllLines($"/proc/{pid}/status")
                .Where(line =>
                    line.StartsWith("RssAnon:", StringComparison.Ordinal)
                    || line.StartsWith("RssShmem:", StringComparison.Ordinal)
                    || line.StartsWith("VmSwap:", StringComparison.Ordinal)
                )
                .Sum(line =>
                    Number(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1])
                )
        );

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
