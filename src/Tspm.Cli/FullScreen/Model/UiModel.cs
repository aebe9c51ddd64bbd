using Tspm.Cli.FullScreen.View;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>From a state and an event to the next state: pure. What has to be done outside is said as effects.</summary>
internal static class UiModel
{
    /// <summary>The next state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="told">What happened.</param>
    /// <param name="effects">What has to be done is appended here.</param>
    public static UiState Update(UiState state, UiEvent told, List<UiEffect> effects)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(effects);
        state = told switch
        {
            KeyPressed pressed => KeyActions.Press(state, pressed.Key, effects),
            Resized size => state with
            {
                Width = Math.Max(1, size.Width),
                Height = Math.Max(1, size.Height),
            },
            ListArrived list => ListModel.Arrive(state, list, effects),
            DaemonTold daemon => state with { Daemon = daemon.Status },
            HostTold host => ListModel.TellHost(state, host),
            HeadMoved moved => LogModel.MoveHead(state, moved.Id, moved.Head),
            PageArrived page => LogModel.Arrive(state, page),
            PageFailed failed => LogModel.Fail(state, failed),
            PlaceArrived place => LogModel.Arrive(state, place),
            SearchEnded search => LogModel.End(state, search, effects),
            Told words => Say(state, words.Text, words.IsError),
            ConnectionMoved moved => LogModel.Connect(state, moved),
            _ => state,
        };
        state = Settle(state);
        return LogModel.Plan(state, effects);
    }

    /// <summary>With something to tell in the last line.</summary>
    public static UiState Say(UiState state, string text, bool isError = false) =>
        state with
        {
            Message = text,
            IsMessageError = isError,
        };

    // The pinned line stands where it can stand; a chosen process is one that is there.
    private static UiState Settle(UiState state)
    {
        if (state.Follows || state.Rows.Count == 0)
        {
            return state;
        }

        var view = LogViewport.Of(state);
        return state with
        {
            Cursor = state.Rows[view.Cursor].Key,
            CursorRow = Math.Clamp(view.CursorRow, 0, ScreenPlan.Of(state).LogRows - 1),
        };
    }
}
