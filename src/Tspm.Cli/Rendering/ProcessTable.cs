using System.Text;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Rendering;

/// <summary>The table of <c>list</c>. It is cut to the width of a terminal only; every text that is not ours is made harmless.</summary>
internal static class ProcessTable
{
    /// <summary>Parts of the last minute in the picture of a row.</summary>
    public const int PictureCells = 8;

    private const int LeastRate = 10;
    private const string PictureHead = "LAST 60s";
    private const int MinName = 8;

    // A picture is worth less than a name that can be read, and than the note beside the row.
    private const int UsualName = 20;
    private const int UsualNote = 16;
    private const int Between = 2;
    private const string History = "history";
    private static readonly string[] Usual =
    [
        "id",
        "name",
        "status",
        "run",
        "pid",
        "uptime",
        "restarts",
        "cpu",
        "mem",
        "log",
        History,
    ];
    private static readonly string[] Wide =
    [
        .. Usual,
        "lines",
        "bytes",
        "lost",
        "disk",
        "next",
        "restart",
        "cwd",
        "command",
    ];

    /// <summary>Columns that go when there is no room, the first first.</summary>
    private static readonly string[] Dispensable =
    [
        "run",
        History,
        "log",
        "restarts",
        "cpu",
        "pid",
        "mem",
        "uptime",
        "id",
    ];

    /// <summary>The table.</summary>
    /// <param name="processes">In the order of rows.</param>
    /// <param name="width">Cells of the terminal; null cuts nothing.</param>
    /// <param name="hasColor">Colour for states.</param>
    /// <param name="isWide">All columns.</param>
    /// <param name="samples">What they used in the last minute, by id; null shows no picture of it.</param>
    public static string Format(
        IReadOnlyList<ProcessView> processes,
        int? width,
        bool hasColor,
        bool isWide = false,
        IReadOnlyDictionary<uint, ProcessSamples>? samples = null
    )
    {
        var hasNamespaces = processes.Any(process => process.Ns != "default");
        var columns = new List<Column>();
        foreach (var name in isWide ? Wide : Usual)
        {
            if (name != History)
            {
                columns.Add(MakeColumn(name, processes, hasNamespaces));
            }
            else if (samples is not null)
            {
                columns.Add(PictureOf(processes, samples));
            }
        }

        var widest = processes
            .Select(NoteOf)
            .Append(null)
            .Max(text => text is null ? 0 : CellWidth.Measure(text));
        Fit(columns, width, widest);
        var text = new StringBuilder();
        for (var row = -1; row < processes.Count; row++)
        {
            var color = row >= 0 && hasColor ? ColorOf(processes[row].Status) : null;
            var used = AppendRow(text, columns, row, color);
            var room = width - used - Between;
            if (row >= 0 && NoteOf(processes[row]) is { } note && room is null or > 1)
            {
                text.Append("  ").Append(room is { } cells ? CellWidth.Cut(note, cells) : note);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static Column MakeColumn(
        string name,
        IReadOnlyList<ProcessView> processes,
        bool hasNamespaces
    )
    {
        var kind = ProcessColumns.Find("list", name);
        var cells = processes
            .Select(one =>
                name == "name" && hasNamespaces
                    ? $"{TerminalSanitizer.Clean(one.Ns)}/{kind.Text(one)}"
                    : kind.Text(one)
            )
            .ToList();
        return new Column(
            name,
            kind.Head,
            kind.IsRight,
            cells,
            cells.Append(kind.Head).Max(CellWidth.Measure)
        );
    }

    // Always of the same width and without a blank, so that a script still finds its columns.
    private static Column PictureOf(
        IReadOnlyList<ProcessView> processes,
        IReadOnlyDictionary<uint, ProcessSamples> samples
    )
    {
        var cells = processes
            .Select(one =>
                Sparkline.Draw(
                    Sparkline.ValuesOf(samples.GetValueOrDefault(one.Id)?.Lines),
                    PictureCells,
                    LeastRate,
                    missing: '·'
                )
            )
            .ToList();
        return new Column(History, PictureHead, isRight: false, cells, PictureCells);
    }

    // First the least needed columns go, then the name is cut, then whatever is left.
    private static void Fit(List<Column> columns, int? width, int note)
    {
        if (width is not { } most)
        {
            return;
        }

        var name = columns.First(column => column.Name == "name");
        foreach (var name0 in Dispensable)
        {
            var isLuxury = name0 is "run" or "log" or History;
            var beside = isLuxury && note > 0 ? Between + Math.Min(note, UsualNote) : 0;
            var usual = note > 0 ? name.Width : UsualName;
            var least = Math.Min(name.Width, isLuxury ? usual : MinName);
            if (Total(columns) - name.Width + least + beside > most)
            {
                columns.RemoveAll(column => column.Name == name0);
            }
        }

        for (var at = 0; at < columns.Count && Total(columns) > most; at++)
        {
            var column = columns[at].Name == "name" || at > 0 ? columns[at] : name;
            var least = column.Name == "name" ? MinName : 1;
            column.Width = Math.Max(
                Math.Min(least, column.Width),
                column.Width - (Total(columns) - most)
            );
        }

        while (columns.Count > 1 && Total(columns) - name.Width + 1 > most)
        {
            columns.RemoveAt(columns[^1] == name ? 0 : columns.Count - 1);
        }

        name.Width = Math.Max(1, name.Width - Math.Max(0, Total(columns) - most));
    }

    private static int Total(List<Column> columns) =>
        columns.Sum(column => column.Width) + (Between * (columns.Count - 1));

    private static int AppendRow(StringBuilder text, List<Column> columns, int row, string? color)
    {
        var used = 0;
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            var cell = CellWidth.Cut(row < 0 ? column.Head : column.Cells[row], column.Width);
            var blanks = Math.Max(0, column.Width - CellWidth.Measure(cell));
            var tint = column.Name == "status" ? color : null;
            text.Append(i == 0 ? "" : "  ").Append(' ', column.IsRight ? blanks : 0);
            text.Append(tint).Append(cell).Append(tint is null ? null : "\u001b[0m");
            text.Append(' ', column.IsRight || i == columns.Count - 1 ? 0 : blanks);
            used += column.Width + (i == 0 ? 0 : Between);
        }

        return used;
    }

    private static string? NoteOf(ProcessView process) =>
        process.NextTrySeconds is { } next
            ? $"next try in {Durations.FormatSeconds(Math.Max(1, Math.Ceiling(next)))}"
        : process.WaitsFor is { } others ? $"waits for {TerminalSanitizer.Clean(others)}"
        : process.HasPendingChanges ? "changed, holds from the next start on"
        : process.Status == ProcessStatuses.Failed && process.Reason is { } reason
            ? TerminalSanitizer.Clean(reason)
        : process.NextDue is not null ? $"due {NextText.Format(process)}"
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

    /// <summary>A column with its cells.</summary>
    private sealed class Column(
        string name,
        string head,
        bool isRight,
        List<string> cells,
        int width
    )
    {
        public string Name { get; } = name;
        public string Head { get; } = head;
        public bool IsRight { get; } = isRight;
        public List<string> Cells { get; } = cells;
        public int Width { get; set; } = width;
    }
}
