using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Top;

/// <summary>From the state of <c>top</c> to a picture: pure.</summary>
internal static class TopTable
{
    /// <summary>Parts of the last minute in a picture.</summary>
    public const int SparkCells = 12;

    private const int MinName = 8;

    // The least needed last: those go first where there is no room.
    private static readonly TopColumn[] Columns =
    [
        new("status", "STATUS", 11, false, row => row.View.StatusText),
        new("cpu", "CPU", 6, true, row => row.View.CpuPercent is { } cpu ? $"{cpu:0.0}%" : "-"),
        new(
            "mem",
            "MEM",
            6,
            true,
            row => row.View.MemoryBytes is { } bytes ? ByteSizes.Format(bytes) : "-"
        ),
        new("log", "LOG/S", 7, true, row => Sparkline.FormatRate(row.Rate)),
        new("", "CPU 60s", SparkCells, false, row => Sparkline.Draw(row.Cpu, SparkCells, 100)),
        new("", "LOG 60s", SparkCells, false, row => Sparkline.Draw(row.Rates, SparkCells, 10)),
        new("", "MEM 60s", SparkCells, false, row => Sparkline.Draw(row.Memory, SparkCells, 1)),
        new(
            "uptime",
            "UPTIME",
            7,
            true,
            row => row.View.UptimeSeconds is { } up ? Durations.FormatSeconds(up) : "-"
        ),
        new("restarts", "RESTARTS", 8, true, row => row.View.Restarts.ToString()),
        new("pid", "PID", 7, true, row => row.View.Pid?.ToString() ?? "-"),
    ];

    /// <summary>The picture; as large as the state says.</summary>
    public static CellGrid Draw(TopState state)
    {
        var grid = new CellGrid(state.Width, state.Height);
        grid.PutCut(0, 0, TitleOf(state), CellStyle.Bold, grid.Width);
        var rows = state.Rows;
        var (columns, name) = Fit(state, rows);
        DrawRow(grid, 1, columns, name, column => column.Head, "NAME", _ => CellStyle.Dim, state);
        var room = grid.Height - 3;
        for (var i = 0; i < room && state.First + i < rows.Count; i++)
        {
            var row = rows[state.First + i];
            DrawRow(
                grid,
                2 + i,
                columns,
                name,
                column => column.Text(row),
                TerminalSanitizer.Clean(row.View.Name),
                column => StyleOf(column, row),
                state
            );
        }

        DrawKeys(grid, state, rows.Count);
        return grid;
    }

    /// <summary>The table as text, for a look that is not repeated; nothing is cut without a width.</summary>
    public static string Format(TopState state, int? width)
    {
        var rows = state.Rows;
        var name = rows.Select(row => CellWidth.Measure(TerminalSanitizer.Clean(row.View.Name)))
            .Append(MinName)
            .Max();
        var wide = name + 2 + Columns.Sum(column => column.Width + 2);
        var plain = state with { Width = width ?? wide, Height = rows.Count + 4 };
        var lines = Draw(plain).ToText().Split('\n');
        return string.Concat(lines.Skip(1).Take(rows.Count + 1).Select(line => line + "\n"));
    }

    private static (IReadOnlyList<TopColumn> Columns, int Name) Fit(
        TopState state,
        IReadOnlyList<ProcessRow> rows
    )
    {
        var longest = rows.Select(row => CellWidth.Measure(TerminalSanitizer.Clean(row.View.Name)))
            .Append(MinName)
            .Max();
        var columns = Columns.Where(column => state.HasUnicode || column.Key.Length > 0).ToList();
        int Left() => state.Width - columns.Sum(column => column.Width + 2);
        while (columns.Count > 0 && Left() < Math.Min(longest, MinName * 2))
        {
            columns.RemoveAt(columns.Count - 1);
        }

        return (columns, Math.Clamp(Left(), 1, longest));
    }

    private static void DrawRow(
        CellGrid grid,
        int y,
        IReadOnlyList<TopColumn> columns,
        int name,
        Func<TopColumn, string> text,
        string nameText,
        Func<TopColumn, CellStyle> style,
        TopState state
    )
    {
        var x = name;
        grid.PutCut(0, y, nameText, y == 1 ? HeadStyle(state, "name") : CellStyle.Plain, name);
        foreach (var column in columns)
        {
            var cell = CellWidth.Cut(text(column), column.Width);
            var blanks = column.IsRight ? column.Width - CellWidth.Measure(cell) : 0;
            var look = y == 1 ? HeadStyle(state, column.Key) : style(column);
            grid.Put(x + 2 + Math.Max(0, blanks), y, cell, look, column.Width);
            x += column.Width + 2;
        }
    }

    private static CellStyle HeadStyle(TopState state, string key) =>
        key == state.Order ? CellStyle.Bold.With(StyleBits.Underline) : CellStyle.Dim;

    private static CellStyle StyleOf(TopColumn column, ProcessRow row) =>
        column.Key.Length == 0 ? CellStyle.Colored(6)
        : column.Key != "status" ? CellStyle.Plain
        : row.View.Status switch
        {
            ProcessStatuses.Running or ProcessStatuses.Ready => CellStyle.Colored(2),
            ProcessStatuses.Failed or ProcessStatuses.Unhealthy => CellStyle.Colored(1),
            ProcessStatuses.Stopped or ProcessStatuses.Exited => CellStyle.Dim,
            _ => CellStyle.Colored(3),
        };

    private static string TitleOf(TopState state)
    {
        var running = state.Processes.Count(row => row.View.Pid is not null);
        var cpu = state.Processes.Sum(row => row.View.CpuPercent ?? 0);
        var memory = state.Processes.Sum(row => row.View.MemoryBytes ?? 0);
        var rate = state.Processes.Sum(row => double.IsNaN(row.Rate) ? 0 : row.Rate);
        var text =
            $"tspm: {running} of {state.Processes.Length} run, {cpu:0}% cpu, {ByteSizes.Format(memory)}, {Sparkline.FormatRate(rate)} lines/s";
        if (!state.IsConnected)
        {
            return $"{text}; no daemon, retrying";
        }

        return !state.HostCpu.IsEmpty && !double.IsNaN(state.HostCpu[^1])
            ? $"{text}; machine: {state.HostCpu[^1]:0}% cpu, {ByteSizes.Format(state.HostMemory)}"
            : text;
    }

    private static void DrawKeys(CellGrid grid, TopState state, int rows)
    {
        var y = grid.Height - 1;
        if (state.IsTyping)
        {
            var x = grid.PutCut(0, y, $"filter: {state.Filter}", CellStyle.Plain, grid.Width - 1);
            grid.Fill(x, y, 1, ' ', CellStyle.Reverse);
            return;
        }

        var filter =
            state.Filter.Length > 0
                ? $"filter: {state.Filter} (\\ clears), {Counted.Of(rows, "row")}  "
                : "";
        var orders = string.Join(' ', TopState.Orders.Select(one => $"{one.Key}={one.Column}"));
        grid.PutCut(0, y, $"{filter}sort: {orders}  / filter  q quit", CellStyle.Dim, grid.Width);
    }

    /// <summary>A column.</summary>
    /// <param name="Key">What it is sorted by; empty for a picture.</param>
    /// <param name="Head">Its head.</param>
    /// <param name="Width">Its cells.</param>
    /// <param name="IsRight">Whether it stands to the right.</param>
    /// <param name="Text">A cell.</param>
    private sealed record TopColumn(
        string Key,
        string Head,
        int Width,
        bool IsRight,
        Func<ProcessRow, string> Text
    );
}
