using System.Globalization;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>What can be shown of a process in a cell, sorted by, and put into a template.</summary>
internal static class ProcessColumns
{
    private static readonly string[] Counted = ["lines", "bytes", "lost", "disk"];

    private static readonly ProcessColumn[] All =
    [
        new("id", "ID", true, one => Number(one.Id), one => one.Id),
        new("name", "NAME", false, one => Clean(one.Name), null),
        new("ns", "NAMESPACE", false, one => Clean(one.Ns), null),
        new("status", "STATUS", false, one => Clean(one.StatusText), null),
        new("run", "RUN", true, one => Number(one.Run), one => one.Run),
        new(
            "pid",
            "PID",
            true,
            one => one.Pid is { } pid ? Number(pid) : "-",
            one => one.Pid ?? -1
        ),
        new(
            "uptime",
            "UPTIME",
            false,
            one => one.UptimeSeconds is { } up ? Durations.FormatSeconds(up) : "-",
            one => one.UptimeSeconds ?? -1
        ),
        new("restarts", "RESTARTS", true, one => Number(one.Restarts), one => one.Restarts),
        new(
            "cpu",
            "CPU",
            true,
            one =>
                one.CpuPercent is { } cpu
                    ? $"{cpu.ToString("0.#", CultureInfo.InvariantCulture)}%"
                    : "-",
            one => one.CpuPercent ?? -1
        ),
        new(
            "mem",
            "MEM",
            true,
            one => one.MemoryBytes is { } memory ? ByteSizes.Format(memory) : "-",
            one => one.MemoryBytes ?? -1
        ),
        new(
            "log",
            "LOG/S",
            true,
            one => Sparkline.FormatRate(one.Use?.LinesPerSecond ?? double.NaN),
            one => one.Use?.LinesPerSecond ?? -1
        ),
        new("lines", "LINES", true, one => Count(one, counts => counts.Entries), EntriesOf),
        new(
            "bytes",
            "BYTES",
            true,
            one => one.Counters is { } counts ? ByteSizes.Format(counts.Bytes) : "-",
            one => one.Counters?.Bytes ?? -1
        ),
        new("lost", "LOST", true, one => Count(one, LostOf), one => LostOf(one.Counters)),
        new(
            "disk",
            "DISK",
            true,
            one =>
                one.Counters is not { } counts ? "-"
                : counts.DiskState == DiskStates.Good ? ByteSizes.Format(counts.DiskBytes)
                : $"{ByteSizes.Format(counts.DiskBytes)} {Clean(counts.DiskState)}",
            one => one.Counters?.DiskBytes ?? -1
        ),
        new("next", "NEXT", false, NextText.Format, null),
        new("restart", "RESTART", false, one => Clean(one.Restart), null),
        new("cwd", "DIRECTORY", false, one => Clean(one.Cwd), null),
        new("command", "COMMAND", false, one => Clean(string.Join(' ', one.Command)), null),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(column => column.Key)];

    /// <summary>A column by its name.</summary>
    /// <param name="option">Whose value the name is, for the message.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="CliException">There is no such column.</exception>
    public static ProcessColumn Find(string option, string name)
    {
        if (All.FirstOrDefault(column => column.Key == name) is { } found)
        {
            return found;
        }

        var near = NearestNames.To(name, Names);
        throw new CliException(
            ExitCodes.Usage,
            $"{option}: there is no column \"{name}\"",
            near.Count > 0
                ? $"did you mean: {string.Join(", ", near)}?"
                : $"there are: {string.Join(", ", Names)}"
        );
    }

    /// <summary>Sorts: numbers the largest first, text by letters; a minus before the name turns it round.</summary>
    /// <exception cref="CliException">There is no such column.</exception>
    public static IReadOnlyList<ProcessView> Sort(IReadOnlyList<ProcessView> processes, string? by)
    {
        if (by is null)
        {
            return processes;
        }

        var isTurned = by.StartsWith('-');
        var column = Find("--sort", isTurned ? by[1..] : by);
        var sorted = column.Rank is { } rank
            ? processes.OrderByDescending(rank).ToList()
            : [.. processes.OrderBy(column.Text, StringComparer.Ordinal)];
        if (isTurned)
        {
            sorted.Reverse();
        }

        return sorted;
    }

    /// <summary>Whether a column by this name, or a template with it, needs the counters of the logs.</summary>
    public static bool NeedCounters(string text) =>
        Counted.Any(key => text.Contains(key, StringComparison.Ordinal));

    private static double EntriesOf(ProcessView one) => one.Counters?.Entries ?? -1;

    private static long LostOf(LogCountersView? counts) =>
        counts is null ? -1 : counts.Lost.Sum(lost => lost.Count);

    private static string Count(ProcessView one, Func<LogCountersView, long> number) =>
        one.Counters is { } counts ? Number(number(counts)) : "-";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Clean(string text) => TerminalSanitizer.Clean(text);
}

/// <summary>One column.</summary>
/// <param name="Key">Its name for options.</param>
/// <param name="Head">Its head in the table.</param>
/// <param name="IsRight">Whether it stands to the right.</param>
/// <param name="Text">The cell, made harmless.</param>
/// <param name="Rank">What it is sorted by; null for its text.</param>
internal sealed record ProcessColumn(
    string Key,
    string Head,
    bool IsRight,
    Func<ProcessView, string> Text,
    Func<ProcessView, double>? Rank
);
