using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.View;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Keys that change what is shown and how.</summary>
internal static class ShowActions
{
    /// <summary>Does one.</summary>
    public static UiState Do(UiState state, UiAction action, UiKey key, List<UiEffect> effects) =>
        action switch
        {
            UiAction.Pause => state.Follows ? Pause(state) : LogModel.Follow(state),
            UiAction.Follow => LogModel.Follow(state),
            UiAction.Streams => NextStreams(state, effects),
            UiAction.Times => NextTimes(state),
            UiAction.Wrap => Tell(
                state with
                {
                    Wraps = !state.Wraps,
                    Shift = 0,
                },
                state.Wraps ? "long lines are cut" : "long lines go on in the next row"
            ),
            UiAction.Fold => Tell(
                LogModel.WithRows(state with { Folds = !state.Folds }),
                state.Folds ? "stack traces are whole" : "stack traces are folded"
            ),
            UiAction.Colors => Tell(
                state with
                {
                    HasChildColors = !state.HasChildColors,
                },
                state.HasChildColors
                    ? "without the programs' colours"
                    : "with the programs' colours"
            ),
            UiAction.Toggle => Toggle(state, key.Name[0] - '1', effects),
            UiAction.All => LogModel.ShowOthers(
                state with
                {
                    Merged = state.Merged.IsEmpty
                        ? [.. state.Processes.Select(row => row.View.Id)]
                        : [],
                },
                effects
            ),
            _ => state,
        };

    /// <summary>Pins the view to the newest line that is shown.</summary>
    public static UiState Pause(UiState state)
    {
        var last = LogViewport.Of(state).Last;
        return last < 0 ? state : LogModel.Pin(state, last);
    }

    private static UiState Toggle(UiState state, int row, List<UiEffect> effects)
    {
        if (row >= state.Processes.Length)
        {
            return state;
        }

        var id = state.Processes[row].View.Id;
        var without = state.Merged.Remove(id);
        var merged =
            state.Merged.IsEmpty ? state.Merged.Add(state.Selected).Add(id)
            : without == state.Merged ? state.Merged.Add(id)
            : without;
        return LogModel.ShowOthers(state with { Merged = merged }, effects);
    }

    private static UiState NextStreams(UiState state, List<UiEffect> effects)
    {
        var (streams, text) = state.Selection.Streams switch
        {
            [] => ((IReadOnlyList<string>)["out", "event"], "stdout"),
            ["out", ..] => (["err", "event"], "stderr"),
            _ => ([], "stdout and stderr"),
        };
        return Tell(
            LogModel.ShowOthers(
                state with
                {
                    Selection = state.Selection with { Streams = streams },
                },
                effects
            ),
            text
        );
    }

    private static UiState NextTimes(UiState state) =>
        state with
        {
            Times = state.Times switch
            {
                TimestampStyle.Time => TimestampStyle.Iso,
                TimestampStyle.Iso => TimestampStyle.Delta,
                TimestampStyle.Delta => TimestampStyle.Unix,
                TimestampStyle.Unix => TimestampStyle.Off,
                _ => TimestampStyle.Time,
            },
        };

    private static UiState Tell(UiState state, string text) => UiModel.Say(state, text);
}
