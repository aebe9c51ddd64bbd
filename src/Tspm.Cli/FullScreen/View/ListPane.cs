using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.View;

/// <summary>The list of processes.</summary>
internal static class ListPane
{
    /// <summary>Parts of the last minute in the picture of a row.</summary>
    public const int SparkCells = 6;

    private const int StatusCells = 11;
    private const int CpuCells = 5;
    private const int MemoryCells = 6;
    private const int RateCells = 7;
    private const int MinName = 8;

    /// <summary>The row of the list that is shown first: the chosen one is always on the screen.</summary>
    public static int FirstRow(UiState state, ScreenPlan plan)
    {
        var index = Math.Max(0, ListModel.IndexOf(state));
        return Math.Max(0, Math.Min(index - (plan.Rows / 2), state.Processes.Length - plan.Rows));
    }

    /// <summary>Draws it.</summary>
    public static void Draw(CellGrid grid, UiState state, ScreenPlan plan)
    {
        if (state.Processes.IsEmpty)
        {
            var text = state.HasList ? "nothing here: tspm start -- CMD" : "asking the daemon …";
            grid.PutCut(plan.ListLeft + 1, plan.Top, text, CellStyle.Dim, plan.ListWidth - 1);
            return;
        }

        var first = FirstRow(state, plan);
        for (var row = 0; row < plan.Rows && first + row < state.Processes.Length; row++)
        {
            DrawRow(grid, state, plan, state.Processes[first + row], plan.Top + row);
        }
    }

    private static void DrawRow(
        CellGrid grid,
        UiState state,
        ScreenPlan plan,
        ProcessRow row,
        int y
    )
    {
        var right = plan.ListLeft + plan.ListWidth;
        var isChosen = row.View.Id == state.Selected;
        var bar =
            !isChosen ? " "
            : state.Look.HasUnicode ? "▌"
            : ">";
        var x = grid.Put(plan.ListLeft, y, bar, CellStyle.Colored(6));
        var sign = SignOf(state, row);
        x = grid.Put(x, y, sign, CellStyle.Colored(sign.StartsWith('▲') ? 1u : 3u));

        // What does not fit goes, the least needed first; the name takes what is left.
        var room = right - x - 1;
        var rest = room - StatusCells - 3;
        var hasRate = rest >= MinName + RateCells;
        rest -= hasRate ? RateCells : 0;
        var hasCpu = rest >= MinName + CpuCells;
        rest -= hasCpu ? CpuCells : 0;
        var hasMemory = rest >= MinName + MemoryCells;
        rest -= hasMemory ? MemoryCells : 0;
        var hasSpark = state.Look.HasUnicode && rest >= MinName + SparkCells + 1;
        rest -= hasSpark ? SparkCells + 1 : 0;
        var style = isChosen ? CellStyle.Bold : CellStyle.Plain;
        var name = Math.Max(1, rest);
        grid.PutCut(x, y, row.View.Name, style, name);
        x += name + 1;
        var (dot, color) = DotOf(row.View.Status, state.Look.HasUnicode);
        grid.Put(x, y, dot, CellStyle.Colored(color), right - x);
        grid.PutCut(x + 2, y, StatusOf(row.View), CellStyle.Colored(color), StatusCells);
        x += 2 + StatusCells;
        x = PutRight(grid, x, y, hasCpu ? CpuCells : 0, Percent(row.View.CpuPercent));
        var memory = row.View.MemoryBytes is { } bytes ? ByteSizes.Format(bytes) : "";
        x = PutRight(grid, x, y, hasMemory ? MemoryCells : 0, memory);
        x = PutRight(grid, x, y, hasRate ? RateCells : 0, RateOf(row));
        if (hasSpark)
        {
            grid.Put(
                x + 1,
                y,
                Sparkline.Draw(row.Rates, SparkCells, least: 10),
                CellStyle.Colored(6)
            );
        }
    }

    private static int PutRight(CellGrid grid, int x, int y, int cells, string text)
    {
        if (cells > 0)
        {
            var left = Math.Max(0, cells - CellWidth.Measure(text));
            grid.PutCut(x + left, y, text, CellStyle.Plain, cells);
        }

        return x + cells;
    }

    /// <summary>What a process whose log is not shown has done meanwhile.</summary>
    private static string SignOf(UiState state, ProcessRow row)
    {
        var isShown = state.Shown.Contains(row);
        return isShown ? " "
            : row.Lost > row.SeenLost
                ? state.Look.HasUnicode ? "▲"
                    : "^"
            : row.Head > row.SeenHead
                ? state.Look.HasUnicode ? "◆"
                    : "*"
            : row.IsSilent
                ? state.Look.HasUnicode ? "◇"
                    : "o"
            : " ";
    }

    private static string StatusOf(ProcessView view) =>
        view.NextTrySeconds is { } next
            ? $"in {Durations.FormatSeconds(Math.Max(1, Math.Ceiling(next)))}"
            : view.StatusText;

    private static (string Dot, uint Color) DotOf(string status, bool hasUnicode) =>
        status switch
        {
            ProcessStatuses.Running or ProcessStatuses.Ready => (hasUnicode ? "●" : "+", 2),
            ProcessStatuses.Failed or ProcessStatuses.Unhealthy => (hasUnicode ? "✗" : "x", 1),
            ProcessStatuses.Backoff
            or ProcessStatuses.Starting
            or ProcessStatuses.Waiting
            or ProcessStatuses.Stopping => (hasUnicode ? "◐" : "~", 3),
            _ => (hasUnicode ? "○" : "-", 8),
        };

    private static string Percent(double? percent) => percent is { } value ? $"{value:0}%" : "";

    /// <summary>Entries per second, short.</summary>
    public static string RateOf(ProcessRow row) =>
        double.IsNaN(row.Rate) || row.Rate < 0.5 ? ""
        : row.Rate < 10_000 ? $"{row.Rate:0}/s"
        : $"{row.Rate / 1000:0}k/s";
}
