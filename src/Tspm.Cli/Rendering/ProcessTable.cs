using System.Globalization;
using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The table of <c>list</c>. Cells are cut to the width of a terminal only; every text that is not ours is made harmless.</summary>
internal static class ProcessTable
{
    private const int MinName = 8;
    private static readonly string[] Heads =
    [
        "ID",
        "NAME",
        "STATUS",
        "RUN",
        "PID",
        "UPTIME",
        "RESTARTS",
        "CPU",
        "MEM",
    ];

    /// <summary>The table.</summary>
    /// <param name="processes">By id.</param>
    /// <param name="width">Cells of the terminal; null cuts nothing.</param>
    /// <param name="hasColor">Colour for states.</param>
    public static string Format(IReadOnlyList<ProcessView> processes, int? width, bool hasColor)
    {
        var hasSeveralNamespaces = processes.Any(process => process.Ns != "default");
        List<string[]> rows =
        [
            Heads,
            .. processes.Select(process => Cells(process, hasSeveralNamespaces)),
        ];
        var widths = Enumerable
            .Range(0, Heads.Length)
            .Select(i => rows.Max(row => CellWidth.Measure(row[i])))
            .ToArray();
        if (width is { } most && widths.Sum() + (2 * widths.Length) > most)
        {
            widths[1] = Math.Max(MinName, widths[1] - (widths.Sum() + (2 * widths.Length) - most));
        }

        var text = new StringBuilder();
        for (var i = 0; i < rows.Count; i++)
        {
            Row(
                text,
                rows[i],
                widths,
                i == 0 || !hasColor ? null : ColorOf(processes[i - 1].Status)
            );
            if (i > 0 && NoteOf(processes[i - 1]) is { } note)
            {
                text.Append("  ").Append(note);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string[] Cells(ProcessView process, bool withNamespace)
    {
        var name = TerminalSanitizer.Clean(process.Name);
        return
        [
            process.Id.ToString(CultureInfo.InvariantCulture),
            withNamespace ? $"{TerminalSanitizer.Clean(process.Ns)}/{name}" : name,
            TerminalSanitizer.Clean(process.StatusText),
            process.Run.ToString(CultureInfo.InvariantCulture),
            process.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-",
            process.UptimeSeconds is { } up ? Durations.FormatSeconds(up) : "-",
            process.Restarts.ToString(CultureInfo.InvariantCulture),
            process.CpuPercent is { } cpu
                ? $"{cpu.ToString("0.#", CultureInfo.InvariantCulture)}%"
                : "-",
            process.MemoryBytes is { } memory ? ByteSizes.Format(memory) : "-",
        ];
    }

    private static void Row(StringBuilder text, string[] cells, int[] widths, string? color)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            var cell = CellWidth.Cut(cells[i], widths[i]);
            var blanks = widths[i] - CellWidth.Measure(cell);
            var isRight = i is 0 or 3 or 4 or 6 or 7 or 8;
            text.Append(i == 0 ? "" : "  ").Append(' ', isRight ? blanks : 0);
            text.Append(i == 2 ? color : null)
                .Append(cell)
                .Append(i == 2 && color is not null ? "\u001b[0m" : null);
            text.Append(' ', isRight || i == cells.Length - 1 ? 0 : blanks);
        }
    }

    private static string? NoteOf(ProcessView process) =>
        process.NextTrySeconds is { } next
            ? $"next try in {Durations.FormatSeconds(Math.Max(1, Math.Ceiling(next)))}"
        : process.WaitsFor is { } others ? $"waits for {TerminalSanitizer.Clean(others)}"
        : process.HasPendingChanges ? "changed, holds from the next start on"
        : process.Status == ProcessStatuses.Failed && process.Reason is { } reason
            ? TerminalSanitizer.Clean(reason)
        : null;

    private static string ColorOf(string status) =>
        status switch
        {
            ProcessStatuses.Running or ProcessStatuses.Ready => "\u001b[32m",
            ProcessStatuses.Failed or ProcessStatuses.Unhealthy => "\u001b[31m",
            ProcessStatuses.Backoff
            or ProcessStatuses.Starting
            or ProcessStatuses.Waiting
            or ProcessStatuses.Stopping => "\u001b[33m",
            _ => "\u001b[2m",
        };
}
