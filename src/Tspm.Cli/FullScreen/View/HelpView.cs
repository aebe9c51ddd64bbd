using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;

namespace Tspm.Cli.FullScreen.View;

/// <summary>Help, from the table of keys.</summary>
internal static class HelpView
{
    private const int KeyColumn = 16;

    /// <summary>The rows of help.</summary>
    public static IReadOnlyList<(string Keys, string Text)> Lines(bool isReadOnly)
    {
        var lines = new List<(string, string)>();
        foreach (
            var group in KeyMap
                .Bindings.Where(one => !(isReadOnly && one.IsChange))
                .GroupBy(one => one.Group)
        )
        {
            lines.Add(("", group.Key));
            lines.AddRange(
                group.Select(one =>
                    (
                        one.Keys.Count > 3
                            ? $"{one.Keys[0]} … {one.Keys[^1]}"
                            : string.Join(", ", one.Keys),
                        one.Help
                    )
                )
            );
        }

        return lines;
    }

    /// <summary>The first row shown after a move.</summary>
    public static int Clamp(UiState state, int rows)
    {
        var most = Math.Max(0, Lines(state.Look.IsReadOnly).Count - (state.Height - 4));
        return Math.Clamp(state.HelpRow + rows, 0, most);
    }

    /// <summary>Draws it over the panes.</summary>
    public static void Draw(CellGrid grid, UiState state, ScreenPlan plan)
    {
        var lines = Lines(state.Look.IsReadOnly);
        var first = Clamp(state, 0);
        for (var row = 0; row < plan.Rows; row++)
        {
            grid.Fill(1, plan.Top + row, grid.Width - 2, ' ', CellStyle.Plain);
            if (first + row >= lines.Count)
            {
                continue;
            }

            var (keys, text) = lines[first + row];
            var isTitle = keys.Length == 0;
            grid.PutCut(3, plan.Top + row, keys, CellStyle.Bold, grid.Width - 4);
            var x = isTitle ? 2 : 3 + KeyColumn;
            grid.PutCut(
                x,
                plan.Top + row,
                text,
                isTitle ? CellStyle.Colored(6) : CellStyle.Plain,
                grid.Width - 1 - x
            );
        }
    }
}
