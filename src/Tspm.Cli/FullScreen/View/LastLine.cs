using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.View;

/// <summary>The line below the panes: what is typed, what was told, or which keys there are.</summary>
internal static class LastLine
{
    /// <summary>Draws it, and above it what the palette offers.</summary>
    public static void Draw(CellGrid grid, UiState state, ScreenPlan plan)
    {
        var y = grid.Height - 2;
        var room = grid.Width - 4;
        if (state.Prompt is { } prompt)
        {
            DrawOffers(grid, state, plan, prompt);
            DrawPrompt(grid, state, prompt, y, room);
            return;
        }

        if (state.Message.Length > 0)
        {
            var style = state.IsMessageError ? CellStyle.Colored(1) : CellStyle.Plain;
            grid.PutCut(2, y, state.Message, style, room);
            return;
        }

        var x = 2;
        foreach (var key in KeyMap.Bindings)
        {
            if (key.Hint is not { } hint || (state.Look.IsReadOnly && key.IsChange))
            {
                continue;
            }

            var width = key.Keys[0].Length + hint.Length + 3;
            if (x + width > grid.Width - 1)
            {
                break;
            }

            x = grid.Put(x, y, key.Keys[0], CellStyle.Bold);
            x = grid.Put(x + 1, y, hint, CellStyle.Dim) + 2;
        }
    }

    private static void DrawPrompt(CellGrid grid, UiState state, UiPrompt prompt, int y, int room)
    {
        var head = prompt.Kind switch
        {
            PromptKind.Search => "/",
            PromptKind.Filter => "& only lines with: ",
            PromptKind.Exclude => "! no lines with: ",
            PromptKind.Palette => ": tspm ",
            PromptKind.Pipe => "| visible lines to: ",
            _ =>
                $"kill {TerminalSanitizer.Clean(state.Current?.View.Name ?? "")} with SIGKILL? y or n ",
        };
        var x = grid.PutCut(2, y, head, CellStyle.Bold, room);

        // The end of a long text is what is being typed.
        var left = Math.Max(1, room - (x - 2) - 1);
        var text = TerminalSanitizer.Clean(prompt.Text);
        while (text.Length > 0 && CellWidth.Measure(text) > left)
        {
            text = text[(char.IsSurrogatePair(text, 0) ? 2 : 1)..];
        }

        x = grid.Put(x, y, text, CellStyle.Plain, left);
        grid.Fill(x, y, 1, ' ', CellStyle.Reverse);
        if (state.Message.Length > 0)
        {
            var style = state.IsMessageError ? CellStyle.Colored(1) : CellStyle.Dim;
            grid.PutCut(x + 2, y, state.Message, style, grid.Width - 2 - (x + 2));
        }
    }

    private static void DrawOffers(CellGrid grid, UiState state, ScreenPlan plan, UiPrompt prompt)
    {
        if (prompt.Kind != PromptKind.Palette)
        {
            return;
        }

        var offers = Palette.Offers(state, prompt.Text);
        var shown = Math.Min(offers.Count, plan.Rows);
        for (var i = 0; i < shown; i++)
        {
            var y = plan.Top + plan.Rows - shown + i;
            var style = i == prompt.Pick ? CellStyle.Reverse : CellStyle.Plain;
            grid.Fill(1, y, grid.Width - 2, ' ', style);
            var x = grid.PutCut(
                2,
                y,
                $"{offers[i].Name} {offers[i].Arguments}",
                style,
                grid.Width - 4
            );
            grid.PutCut(x + 2, y, offers[i].Help, style.With(StyleBits.Dim), grid.Width - 4 - x);
        }
    }
}
