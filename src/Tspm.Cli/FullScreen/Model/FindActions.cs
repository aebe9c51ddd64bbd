using Tspm.Cli.FullScreen.View;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Keys that look for something.</summary>
internal static class FindActions
{
    /// <summary>Does one.</summary>
    public static UiState Do(UiState state, UiAction action, List<UiEffect> effects) =>
        action switch
        {
            UiAction.Search => Ask(state, PromptKind.Search),
            UiAction.Filter => Ask(state, PromptKind.Filter),
            UiAction.Exclude => Ask(state, PromptKind.Exclude),
            UiAction.Clear => Clear(state, effects),
            UiAction.NextMatch => Match(state, true, effects),
            UiAction.PreviousMatch => Match(state, false, effects),
            UiAction.NextError => Look(state, SearchKind.Error, true, effects),
            UiAction.PreviousError => Look(state, SearchKind.Error, false, effects),
            UiAction.NextRun => Look(state, SearchKind.Run, true, effects),
            UiAction.PreviousRun => Look(state, SearchKind.Run, false, effects),
            UiAction.NextMarker => Look(state, SearchKind.Marker, true, effects),
            UiAction.PreviousMarker => Look(state, SearchKind.Marker, false, effects),
            UiAction.Mark => Mark(state),
            UiAction.ToMark => ToMark(state, effects),
            _ => state,
        };

    /// <summary>Goes to the next match of the search.</summary>
    public static UiState Match(UiState state, bool isForward, List<UiEffect> effects) =>
        state.SearchText.Length == 0
            ? UiModel.Say(state, "nothing is searched for: / asks")
            : Look(state, SearchKind.Text, isForward, effects);

    private static UiState Ask(UiState state, PromptKind kind) =>
        state with
        {
            Prompt = new UiPrompt(kind),
        };

    private static UiState Clear(UiState state, List<UiEffect> effects)
    {
        var isFiltered = state.Selection.Grep.Count + state.Selection.Exclude.Count > 0;
        var next = state with
        {
            SearchText = "",
            Selection = state.Selection with { Grep = [], Exclude = [], IgnoreCase = false },
        };
        return isFiltered ? LogModel.ShowOthers(next, effects) : next;
    }

    /// <summary>Looks in all that is kept, from the pinned line on; from the newest entry if the view follows.</summary>
    private static UiState Look(
        UiState state,
        SearchKind kind,
        bool isForward,
        List<UiEffect> effects
    )
    {
        if (state.Rows.Count == 0 || state.IsSeeking)
        {
            return state;
        }

        var view = LogViewport.Of(state);
        var at = state.Follows ? view.Last : view.Cursor;
        var places = LogModel
            .PlacesOf(state)
            .Select(log => (log, Beside(state, log.Id, at, isForward), state.Rows[at].Run))
            .ToList();
        effects.Add(
            new Search(
                state.Generation,
                places,
                kind,
                isForward,
                SelectionFor(state, kind),
                state.Rows[at].Ord
            )
        );
        return UiModel.Say(
            state with
            {
                IsSeeking = true,
                PausedAt = state.PausedAt,
            },
            "searching …"
        );
    }

    // Looking back from a line, that line is not meant.
    private static long Beside(UiState state, uint id, int at, bool isForward) =>
        !isForward && state.Rows[at].Id == id ? state.Rows[at].Seq - 1 : SeqAt(state, id, at);

    // Where a log stands when the view stands at a line that may be of another log.
    private static long SeqAt(UiState state, uint id, int at)
    {
        for (var i = at; i >= 0; i--)
        {
            if (state.Rows[i].Id == id)
            {
                return state.Rows[i].LastSeq;
            }
        }

        return state.Slices.TryGetValue(id, out var slice) ? slice.After : 0;
    }

    private static LogSelection SelectionFor(UiState state, SearchKind kind) =>
        kind switch
        {
            SearchKind.Text => state.Selection with
            {
                // Lines that match the filter as well are among them; the others are passed over by the view.
                Grep = [state.SearchText],
                IgnoreCase = Patterns.IgnoresCase(state.SearchText),
                Streams =
                    state.Selection.Streams.Count == 0
                        ? ["out", "err"]
                        : [state.Selection.Streams[0]],
            },
            SearchKind.Error => state.Selection with
            {
                Grep = [Patterns.Failure],
                IgnoreCase = true,
                Streams =
                    state.Selection.Streams.Count == 0
                        ? ["out", "err"]
                        : [state.Selection.Streams[0]],
            },
            SearchKind.Marker => new LogSelection { Streams = ["event"] },
            _ => new LogSelection(),
        };

    private static UiState Mark(UiState state)
    {
        if (state.Rows.Count == 0)
        {
            return state;
        }

        state = state.Follows ? ShowActions.Pause(state) : state;
        var line = state.Rows[LogViewport.Of(state).Cursor];
        var known = state.Marks.FirstOrDefault(mark => mark.Key == line.Key);
        return known is null
            ? UiModel.Say(
                state with
                {
                    Marks = state.Marks.Add(new LineMark(line.Key, line.Wall)),
                },
                $"marked; ' goes to it ({state.Marks.Length + 1} in all)"
            )
            : UiModel.Say(state with { Marks = state.Marks.Remove(known) }, "mark taken away");
    }

    private static UiState ToMark(UiState state, List<UiEffect> effects)
    {
        var shown = state.Shown.Select(row => row.View.Id).ToHashSet();
        var marks = state.Marks.Where(mark => shown.Contains(mark.Key.Id)).ToList();
        if (marks.Count == 0)
        {
            return UiModel.Say(state, "no line of this log is marked: m marks one");
        }

        var current = marks.FindIndex(mark => mark.Key == state.Cursor);
        var next = marks[(current + 1) % marks.Count];
        return LogModel.Seek(state, next.Key, next.Wall, effects);
    }
}
