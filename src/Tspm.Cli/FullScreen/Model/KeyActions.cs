using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.View;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>What keys and the mouse do.</summary>
internal static class KeyActions
{
    private const int WheelRows = 3;
    private const int ShiftCells = 16;

    /// <summary>A key was pressed, text was pasted, or the mouse was used.</summary>
    public static UiState Press(UiState state, UiKey key, List<UiEffect> effects)
    {
        if (key.Name == "Ctrl+C")
        {
            effects.Add(new Quit(IsInterrupt: true));
            return state;
        }

        if (state.Prompt is { } prompt)
        {
            return PromptActions.Press(state, prompt, key, effects);
        }

        if (state.HelpRow >= 0)
        {
            return PressInHelp(state, key);
        }

        if (key.Name is "Click" or "WheelUp" or "WheelDown")
        {
            return UseMouse(state, key, effects);
        }

        return KeyMap.Find(key.Name, state.Look.IsReadOnly) is { } binding
            ? Do(UiModel.Say(state, ""), binding.Action, key, effects)
            : state;
    }

    private static UiState PressInHelp(UiState state, UiKey key) =>
        key.Name switch
        {
            "Down" or "j" or "WheelDown" => state with { HelpRow = HelpView.Clamp(state, 1) },
            "Up" or "k" or "WheelUp" => state with { HelpRow = HelpView.Clamp(state, -1) },
            "PgDn" or "Space" => state with { HelpRow = HelpView.Clamp(state, state.Height - 4) },
            "PgUp" => state with { HelpRow = HelpView.Clamp(state, 4 - state.Height) },
            "Click" or "Paste" => state,
            _ => state with { HelpRow = -1 },
        };

    private static UiState Do(UiState state, UiAction action, UiKey key, List<UiEffect> effects)
    {
        switch (action)
        {
            case UiAction.Quit or UiAction.Interrupt:
                effects.Add(new Quit(action == UiAction.Interrupt));
                return state;
            case UiAction.Suspend:
                effects.Add(new Suspend());
                return state;
            case UiAction.Repaint:
                effects.Add(new Repaint());
                return state;
            case UiAction.Help:
                return state with { HelpRow = 0 };
            case <= UiAction.Last:
                return state.IsLogFocused
                    ? MoveInLog(state, action, effects)
                    : MoveInList(state, action, effects);
            case <= UiAction.Back:
                return Turn(state, action, effects);
            case <= UiAction.All:
                return ShowActions.Do(state, action, key, effects);
            case <= UiAction.ToMark:
                return FindActions.Do(state, action, effects);
            default:
                return ProcessActions.Do(state, action, effects);
        }
    }

    private static UiState Turn(UiState state, UiAction action, List<UiEffect> effects) =>
        action switch
        {
            UiAction.Left => state with { Shift = Math.Max(0, state.Shift - ShiftCells) },
            UiAction.Right => state with { Shift = Math.Min(40_000, state.Shift + ShiftCells) },
            UiAction.Enter when !state.IsLogFocused => OpenLog(state, effects),
            UiAction.Switch => state with { IsLogFocused = !state.IsLogFocused },
            UiAction.Back => state with { IsLogFocused = false },
            _ => state,
        };

    private static UiState OpenLog(UiState state, List<UiEffect> effects)
    {
        state = state with { IsLogFocused = true };
        return state.Merged.IsEmpty || state.Merged.Contains(state.Selected)
            ? state
            : LogModel.ShowOthers(state with { Merged = [] }, effects);
    }

    private static UiState MoveInList(UiState state, UiAction action, List<UiEffect> effects)
    {
        var page = Math.Max(1, ScreenPlan.Of(state).Rows - 1);
        var index = ListModel.IndexOf(state);
        return ListModel.Select(
            state,
            action switch
            {
                UiAction.Up => index - 1,
                UiAction.Down => index + 1,
                UiAction.PageUp => index - page,
                UiAction.PageDown => index + page,
                UiAction.HalfUp => index - (page / 2),
                UiAction.HalfDown => index + (page / 2),
                UiAction.First => 0,
                _ => int.MaxValue,
            },
            effects
        );
    }

    private static UiState MoveInLog(UiState state, UiAction action, List<UiEffect> effects)
    {
        var page = Math.Max(1, ScreenPlan.Of(state).LogRows - 1);
        return action switch
        {
            UiAction.Up => MoveCursor(state, -1),
            UiAction.Down => MoveCursor(state, 1),
            UiAction.PageUp => MoveCursor(state, -page),
            UiAction.PageDown => MoveCursor(state, page),
            UiAction.HalfUp => MoveCursor(state, -Math.Max(1, page / 2)),
            UiAction.HalfDown => MoveCursor(state, Math.Max(1, page / 2)),
            UiAction.First when state.Shown.Count > 0 => LogModel.Seek(
                state.Follows ? ShowActions.Pause(state) : state,
                new LineKey(state.Shown[0].View.Id, 0),
                0,
                effects
            ),
            UiAction.Last => LogModel.Follow(state),
            _ => state,
        };
    }

    /// <summary>Moves the pinned line; up from the newest one stops following.</summary>
    private static UiState MoveCursor(UiState state, int lines)
    {
        if (state.Rows.Count == 0 || (state.Follows && lines > 0))
        {
            return state;
        }

        state = state.Follows ? ShowActions.Pause(state) : state;
        var view = LogViewport.Of(state);
        var to = Math.Clamp(view.Cursor + lines, 0, state.Rows.Count - 1);
        if (Math.Abs(lines) > 1)
        {
            // A page goes by, the pinned row stays where it is.
            return state with { Cursor = state.Rows[to].Key };
        }

        var row =
            to < view.Cursor ? view.CursorRow - LineLayout.HeightOf(state, state.Rows[to])
            : to > view.Cursor
                ? view.CursorRow + LineLayout.HeightOf(state, state.Rows[view.Cursor])
            : view.CursorRow;
        return state with
        {
            Cursor = state.Rows[to].Key,
            CursorRow = Math.Clamp(row, 0, ScreenPlan.Of(state).LogRows - 1),
        };
    }

    private static UiState UseMouse(UiState state, UiKey key, List<UiEffect> effects)
    {
        var plan = ScreenPlan.Of(state);
        var isInLog = plan.LogWidth > 0 && key.X >= plan.LogLeft;
        if (key.Name != "Click")
        {
            var step = key.Name == "WheelUp" ? -1 : 1;
            return isInLog
                ? MoveCursor(state, step * WheelRows)
                : ListModel.Select(state, ListModel.IndexOf(state) + step, effects);
        }

        var row = key.Y - plan.Top;
        if (row < 0 || row >= plan.Rows)
        {
            return state;
        }

        if (!isInLog)
        {
            var index = row + ListPane.FirstRow(state, plan);
            return index < state.Processes.Length
                ? ListModel.Select(state with { IsLogFocused = false }, index, effects)
                : state;
        }

        state = state with { IsLogFocused = true };
        var line = LogPane.LineAt(state, row - 1);
        return line < 0 ? state : LogModel.Pin(state, line);
    }
}
