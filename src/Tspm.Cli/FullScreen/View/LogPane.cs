using System.Globalization;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.View;

/// <summary>The log.</summary>
internal static class LogPane
{
    /// <summary>The line in a row of the pane below its title; −1 if there is none.</summary>
    public static int LineAt(UiState state, int row)
    {
        var view = LogViewport.Of(state);
        var y = -view.Skip;
        for (var i = view.First; i <= view.Last; i++)
        {
            y += LineLayout.HeightOf(state, state.Rows[i]);
            if (row >= 0 && row < y)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Draws it.</summary>
    public static void Draw(CellGrid grid, UiState state, ScreenPlan plan)
    {
        DrawTitle(grid, state, plan);
        var view = LogViewport.Of(state);
        var times = new TimestampWriter(state.Times, false, state.Look.Zone);
        var cells = new List<Cell>();
        var y = -view.Skip;
        for (var i = view.First; i <= view.Last; i++)
        {
            cells.Clear();
            LineLayout.Render(state, state.Rows[i], times, cells);
            var height = LineLayout.HeightOf(state, state.Rows[i]);
            var isCursor = i == view.Cursor && !state.Follows;
            DrawLine(grid, plan, state, cells, (y, height), isCursor);
            DrawMark(grid, plan, state, state.Rows[i], y);
            y += height;
        }

        ScrollBar.Draw(grid, state, plan, view);
        if (view.Last < 0)
        {
            grid.PutCut(plan.LogLeft, plan.Top + 1, EmptyText(state), CellStyle.Dim, plan.LogWidth);
        }
    }

    private static void DrawLine(
        CellGrid grid,
        ScreenPlan plan,
        UiState state,
        List<Cell> cells,
        (int Y, int Height) place,
        bool isCursor
    )
    {
        var all = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(cells);
        for (var row = 0; row < place.Height; row++)
        {
            var y = place.Y + row;
            if (y < 0 || y >= plan.LogRows)
            {
                continue;
            }

            var from = Math.Min(all.Length, state.Wraps ? row * plan.LogWidth : state.Shift);
            var part = all[from..];
            if (part.Length > 0 && part[0].IsTail)
            {
                part[0] = Cell.Blank;
            }

            grid.Put(plan.LogLeft, plan.Top + 1 + y, part, plan.LogWidth);
            if (isCursor)
            {
                grid.Mark(
                    plan.LogLeft,
                    plan.Top + 1 + y,
                    plan.LogWidth,
                    state.IsLogFocused ? StyleBits.Reverse : StyleBits.Underline
                );
            }
        }
    }

    // On the line between the panes.
    private static void DrawMark(CellGrid grid, ScreenPlan plan, UiState state, LogLine line, int y)
    {
        if (y >= 0 && y < plan.LogRows && state.Marks.Any(mark => mark.Key == line.Key))
        {
            grid.Put(
                plan.LogLeft - 1,
                plan.Top + 1 + y,
                state.Look.HasUnicode ? "◀" : "<",
                CellStyle.Colored(5)
            );
        }
    }

    private static void DrawTitle(CellGrid grid, UiState state, ScreenPlan plan)
    {
        var dash = state.Look.HasUnicode ? '─' : '-';
        grid.Fill(plan.LogLeft, plan.Top, plan.LogWidth, dash, CellStyle.Dim);
        var parts = new List<string> { TitleOf(state) };
        parts.Add(
            state.IsSeeking ? "searching"
            : state.Follows ? "following"
            : $"paused +{LogModel.NewSincePause(state).ToString("#,0", CultureInfo.InvariantCulture)} since"
        );
        if (state.Selection.Streams.Count > 0)
        {
            parts.Add(state.Selection.Streams[0] == "out" ? "stdout" : "stderr");
        }

        parts.AddRange(state.Selection.Grep.Select(text => $"&{text}"));
        parts.AddRange(state.Selection.Exclude.Select(text => $"!{text}"));
        if (state.SearchText.Length > 0)
        {
            parts.Add($"/{state.SearchText}");
        }

        if (PlaceOf(state) is { Length: > 0 } place)
        {
            parts.Add(place);
        }

        var rule = state.Look.HasUnicode ? " ── " : " -- ";
        grid.PutCut(
            plan.LogLeft,
            plan.Top,
            $"{string.Join(rule, parts)} ",
            state.IsLogFocused ? CellStyle.Bold : CellStyle.Plain,
            plan.LogWidth
        );
    }

    private static string TitleOf(UiState state)
    {
        var shown = state.Shown;
        return shown.Count switch
        {
            0 => "no log",
            1 => $"{shown[0].View.Name} run {shown[0].View.Run}",
            _ => $"{shown.Count} logs merged",
        };
    }

    // How far through the history of a single log the pinned line is.
    private static string PlaceOf(UiState state)
    {
        if (state.Rows.Count == 0 || state.Slices.Count != 1)
        {
            return "";
        }

        var view = LogViewport.Of(state);
        var line = state.Rows[state.Follows ? view.Last : view.Cursor];
        var slice = state.Slices.Values.First();
        var oldest = Math.Max(1, slice.OldestDisk);
        var all = Math.Max(1, slice.Head - oldest + 1);
        var seq = line.Seq.ToString("#,0", CultureInfo.InvariantCulture);
        var percent = Math.Clamp((line.Seq - oldest + 1) * 100 / all, 0, 100);
        return state.Follows ? $"seq {seq}" : $"seq {seq} {percent}%";
    }

    private static string EmptyText(UiState state) =>
        state.Shown.Count == 0 ? ""
        : state.Slices.IsEmpty || !state.InFlight.IsEmpty ? "reading …"
        : state.Selection.Grep.Count + state.Selection.Exclude.Count > 0 ? "no line matches"
        : "nothing printed yet";
}
