using System.Globalization;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>How busy the machine is.</summary>
internal sealed class HostLoad
{
    private long _busy;
    private long _all;

    /// <summary>CPU of all cores together since the last look, percent; NaN at the first. And memory in use.</summary>
    public (double CpuPercent, long UsedBytes) Read()
    {
        try
        {
            return (ReadCpu(), ReadMemory());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A system that hides its /proc: the title goes without.
            return (double.NaN, 0);
        }
    }

    // cpu  user nice system idle iowait irq softirq steal …
    private double ReadCpu()
    {
        using var file = new StreamReader("/proc/stat");
        var fields = (file.ReadLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long all = 0;
        long idle = 0;
        for (var i = 1; i < Math.Min(fields.Length, 9); i++)
        {
            var value = long.Parse(fields[i], CultureInfo.InvariantCulture);
            all += value;
            idle += i is 4 or 5 ? value : 0;
        }

        var busy = all - idle;
        var percent = _all == 0 || all <= _all ? double.NaN : (busy - _busy) * 100.0 / (all - _all);
        (_busy, _all) = (busy, all);
        return double.IsNaN(percent) ? percent : Math.Clamp(percent, 0, 100);
    }

    private static long ReadMemory()
    {
        long total = 0;
        long free = 0;
        foreach (var line in File.ReadLines("/proc/meminfo").Take(8))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 1 && long.TryParse(fields[1], out var kilobytes))
            {
                total = fields[0] == "MemTotal:" ? kilobytes : total;
                free = fields[0] == "MemAvailable:" ? kilobytes : free;
            }
        }

        return Math.Max(0, total - free) * 1024;
    }
}
