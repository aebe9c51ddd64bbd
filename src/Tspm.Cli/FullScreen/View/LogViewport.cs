using Tspm.Cli.FullScreen.Model;

namespace Tspm.Cli.FullScreen.View;

/// <summary>Which lines stand in the log pane.</summary>
/// <param name="First">Index of the first line.</param>
/// <param name="Skip">Rows of it that lie above the pane.</param>
/// <param name="Last">Index of the last line; −1 if there is none.</param>
/// <param name="Cursor">Index of the line that the view is pinned to; −1 if it follows or there is none.</param>
/// <param name="CursorRow">The row where that line begins; may be negative for one that is higher than the pane.</param>
internal readonly record struct LogViewport(
    int First,
    int Skip,
    int Last,
    int Cursor,
    int CursorRow
)
{
    /// <summary>The viewport of a state.</summary>
    public static LogViewport Of(UiState state)
    {
        var height = ScreenPlan.Of(state).LogRows;
        var rows = state.Rows;
        if (rows.Count == 0)
        {
            return new LogViewport(0, 0, -1, -1, 0);
        }

        if (state.Follows)
        {
            var (bottom, over) = Above(state, rows.Count, height);
            return Fill(state, bottom, over, -1, height);
        }

        var cursor = IndexOf(rows, state.Cursor);
        var above = Math.Clamp(state.CursorRow, 0, height - 1);
        var (first, skip) = Above(state, cursor, above);
        return Fill(state, first, skip, cursor, height);
    }

    /// <summary>Where a line is; the nearest one after it, or the last, if it is not there.</summary>
    public static int IndexOf(IReadOnlyList<LogLine> rows, LineKey key)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Id == key.Id && rows[i].LastSeq >= key.Seq)
            {
                return i;
            }
        }

        return rows.Count - 1;
    }

    // The line that stands so many rows above another one, and how much of it lies higher still.
    private static (int First, int Skip) Above(UiState state, int index, int rows)
    {
        while (index > 0 && rows > 0)
        {
            rows -= LineLayout.HeightOf(state, state.Rows[--index]);
        }

        return (index, Math.Max(0, -rows));
    }

    private static LogViewport Fill(UiState state, int first, int skip, int cursor, int height)
    {
        var (last, used) = Down(state, first, skip, height);
        if (used < height && (first > 0 || skip > 0))
        {
            // The end has come into the pane: it stands at its bottom.
            (first, skip) = Above(state, state.Rows.Count, height);
            (last, _) = Down(state, first, skip, height);
        }

        var row = -skip;
        for (var i = first; i < cursor; i++)
        {
            row += LineLayout.HeightOf(state, state.Rows[i]);
        }

        return new LogViewport(first, skip, last, cursor, cursor < 0 ? 0 : row);
    }

    private static (int Last, int Used) Down(UiState state, int first, int skip, int height)
    {
        var used = -skip;
        var last = first - 1;
        while (last + 1 < state.Rows.Count && used < height)
        {
            used += LineLayout.HeightOf(state, state.Rows[++last]);
        }

        return (last, used);
    }
}
