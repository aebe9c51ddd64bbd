namespace Tspm.Cli.Rendering;

/// <summary>Durations as people read them: 200ms, 12s, 3m02s, 1h05m, 2d4h.</summary>
internal static class Durations
{
    /// <summary>The two largest units; below ten seconds with a tenth (1.5s), below one second in ms.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
        {
            duration = TimeSpan.Zero;
        }

        if (duration.TotalMilliseconds < 1000)
        {
            return $"{(int)duration.TotalMilliseconds}ms";
        }

        var seconds = (long)duration.TotalSeconds;
        if (seconds < 10 && duration.Milliseconds >= 100)
        {
            return $"{seconds}.{duration.Milliseconds / 100}s";
        }

        return seconds switch
        {
            < 60 => $"{seconds}s",
            < 3600 => $"{seconds / 60}m{seconds % 60:00}s",
            < 86_400 => $"{seconds / 3600}h{seconds / 60 % 60:00}m",
            _ => $"{seconds / 86_400}d{seconds / 3600 % 24}h",
        };
    }

    /// <summary>Of whole seconds, for columns that change: 0s, 59s, 3m02s.</summary>
    public static string FormatSeconds(double seconds) =>
        double.IsFinite(seconds) && seconds is >= 0 and < 1e11
            ? seconds < 1
                ? "0s"
                : Format(TimeSpan.FromSeconds(Math.Floor(seconds)))
            : "-";

    /// <summary>Of milliseconds.</summary>
    public static string FormatMilliseconds(long milliseconds) =>
        Format(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, 100_000_000_000_000)));
}
