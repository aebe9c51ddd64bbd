using Tspm.Cli.FullScreen.View;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>What becomes of the log pane: which pages are wanted, and where those go that come.</summary>
/// <remarks>
/// The pane is a window over the whole retained history: what is in memory is a bounded stretch of each shown log, and
/// more is asked for when the view comes near an end of it. Following asks for the newest entries when a log has grown.
/// </remarks>
internal static class LogModel
{
    private const int TailEntries = 400;
    private const int PageEntries = 500;

    // As near as this to an end of what is in memory, more is asked for.
    private const int Near = 150;

    // Further behind than this the newest entries are asked for, and not those between.
    private const long Jump = 2_000;

    /// <summary>Other logs or other entries are shown from now on.</summary>
    /// <param name="state">The state, with the change.</param>
    /// <param name="effects">The place is asked for again if the view is pinned.</param>
    public static UiState ShowOthers(UiState state, List<UiEffect> effects)
    {
        var keeps = !state.Follows && state.Shown.Any(row => row.View.Id == state.Cursor.Id);
        var wall =
            LogViewport.IndexOf(state.Rows, state.Cursor) is >= 0 and var at
            && at < state.Rows.Count
                ? state.Rows[at].Wall
                : 0;
        var next = state with
        {
            Generation = state.Generation + 1,
            Slices = state.Slices.Clear(),
            Rows = [],
            InFlight = [],
            IsSeeking = false,
            Follows = !keeps,
            Shift = 0,
        };
        next = next with { PausedAt = HeadSum(next) };
        return keeps ? Seek(next, next.Cursor, wall, effects) : next;
    }

    /// <summary>Goes to a place that may not be in memory.</summary>
    public static UiState Seek(UiState state, LineKey target, long wall, List<UiEffect> effects)
    {
        var index = LogViewport.IndexOf(state.Rows, target);
        if (
            target.Seq > 0
            && index >= 0
            && state.Rows[index] is { } line
            && line.Id == target.Id
            && line.Seq <= target.Seq
            && line.LastSeq >= target.Seq
        )
        {
            return Pin(state, index);
        }

        var next = state with
        {
            Generation = state.Generation + 1,
            InFlight = [],
            IsSeeking = true,
            Follows = false,
            Cursor = target,
            CursorRow = ScreenPlan.Of(state).LogRows / 3,
        };
        effects.Add(new FetchPlace(next.Generation, PlacesOf(next), target, wall, next.Selection));
        return next;
    }

    /// <summary>Pins the view to a line that is in memory.</summary>
    public static UiState Pin(UiState state, int index)
    {
        var paused = state.Follows ? HeadSum(state) : state.PausedAt;
        var view = LogViewport.Of(state);
        var height = ScreenPlan.Of(state).LogRows;
        var isVisible = index >= view.First && index <= view.Last;
        return state with
        {
            Follows = false,
            PausedAt = paused,
            Cursor = state.Rows[index].Key,
            CursorRow = isVisible ? RowOf(state, view, index) : height / 3,
        };
    }

    /// <summary>Shows the newest lines again.</summary>
    public static UiState Follow(UiState state)
    {
        if (state.Follows && !state.IsSeeking)
        {
            return state;
        }

        // What is in memory may be far from the end.
        var stays = state.Slices.Values.All(slice => slice.Head - slice.UpTo <= Jump);
        return state with
        {
            Follows = true,
            IsSeeking = false,
            Generation = state.Generation + 1,
            InFlight = [],
            Slices = stays ? state.Slices : state.Slices.Clear(),
            Rows = stays ? state.Rows : [],
            Processes =
            [
                .. state.Processes.Select(row => state.Shown.Contains(row) ? row.Seen() : row),
            ],
        };
    }

    /// <summary>A log has grown.</summary>
    public static UiState MoveHead(UiState state, uint id, long head) =>
        state.Slices.TryGetValue(id, out var slice) && head > slice.Head
            ? state with
            {
                Slices = state.Slices.SetItem(id, slice with { Head = head }),
            }
            : state;

    /// <summary>A page has come.</summary>
    public static UiState Arrive(UiState state, PageArrived arrived)
    {
        var page = arrived.Page;
        if (
            arrived.Generation != state.Generation
            || !state.Shown.Any(row => row.View.Id == page.Id)
        )
        {
            return state;
        }

        var known = state.Slices.GetValueOrDefault(page.Id);
        var slice =
            known is null || arrived.Kind == FetchKind.Tail ? LogSlice.Of(page)
            : arrived.Kind == FetchKind.Newer ? known.Append(page)
            : known.Prepend(page);
        return WithRows(
            state with
            {
                InFlight = state.InFlight.Remove(page.Id),
                Slices = state.Slices.SetItem(page.Id, slice),
            }
        );
    }

    /// <summary>A page did not come.</summary>
    public static UiState Fail(UiState state, PageFailed failed)
    {
        if (failed.Generation != state.Generation)
        {
            return state;
        }

        return UiModel.Say(
            state with
            {
                IsSeeking = false,
                Failed = state.Failed.Add(failed.Id),
            },
            failed.Reason,
            isError: true
        );
    }

    /// <summary>A place has come.</summary>
    public static UiState Arrive(UiState state, PlaceArrived place)
    {
        if (place.Generation != state.Generation)
        {
            return state;
        }

        var next = WithRows(
            state with
            {
                IsSeeking = false,
                Slices = state.Slices.Clear().AddRange(place.Slices),
            }
        );
        if (next.Rows.Count == 0)
        {
            return next;
        }

        var index = place.Target.Seq == 0 ? 0 : LogViewport.IndexOf(next.Rows, place.Target);
        return next with
        {
            Cursor = next.Rows[index].Key,
            CursorRow = place.Target.Seq == 0 ? 0 : ScreenPlan.Of(next).LogRows / 3,
        };
    }

    /// <summary>A search has ended.</summary>
    public static UiState End(UiState state, SearchEnded search, List<UiEffect> effects)
    {
        if (search.Generation != state.Generation)
        {
            return state;
        }

        state = state with { IsSeeking = false };
        if (state.Folds && search.Found is { } inside && FoldedRows.MayHide(inside))
        {
            // What was found is to be seen.
            state = WithRows(state with { Folds = false });
        }

        return search.Found is { } line
            ? Seek(UiModel.Say(state, ""), line.Key, line.Wall, effects)
            : UiModel.Say(state, $"no {search.What} there");
    }

    /// <summary>The connection was lost, or is there again.</summary>
    public static UiState Connect(UiState state, ConnectionMoved moved)
    {
        if (!moved.IsUp)
        {
            return UiModel.Say(
                state with
                {
                    IsConnected = false,
                },
                Rendering.MarkerText.ConnectionLost,
                isError: true
            );
        }

        var text = moved.HasDaemonChanged
            ? "reconnected to a new daemon; the log is as it is kept"
            : "reconnected";
        return UiModel.Say(
            state with
            {
                IsConnected = true,
                IsSeeking = false,
                Generation = state.Generation + 1,
                InFlight = [],
            },
            text
        );
    }

    /// <summary>What is in memory of a log is forgotten.</summary>
    public static UiState Drop(UiState state, uint id) =>
        WithRows(
            state with
            {
                Slices = state.Slices.Remove(id),
                InFlight = state.InFlight.Remove(id),
                Follows = true,
            }
        );

    /// <summary>Asks for what the view needs and nobody has asked for.</summary>
    public static UiState Plan(UiState state, List<UiEffect> effects)
    {
        if (!state.IsConnected || state.IsSeeking)
        {
            return state;
        }

        var view = LogViewport.Of(state);
        var (from, to) = MergedRows.Window([.. state.Slices.Values]);
        foreach (var place in PlacesOf(state))
        {
            if (
                !state.InFlight.Contains(place.Id)
                && Wanted(state, place, view, from, to) is { } fetch
            )
            {
                effects.Add(fetch);
                state = state with { InFlight = state.InFlight.Add(place.Id) };
            }
        }

        return state;
    }

    /// <summary>The shown logs.</summary>
    public static IReadOnlyList<LogPlace> PlacesOf(UiState state) =>
        [
            .. state
                .Shown.Where(row => row.View.Log is not null)
                .Select(row => new LogPlace(row.View.Id, row.View.Log?.LogId ?? "")),
        ];

    /// <summary>Entries that came since the view was pinned.</summary>
    public static long NewSincePause(UiState state) =>
        state.Follows ? 0 : Math.Max(0, HeadSum(state) - state.PausedAt);

    private static FetchPage? Wanted(
        UiState state,
        LogPlace place,
        LogViewport view,
        ulong from,
        ulong to
    )
    {
        if (!state.Slices.TryGetValue(place.Id, out var slice))
        {
            return Fetch(state, FetchKind.Tail, place, null, null, TailEntries);
        }

        var isPlain = state.Selection.Grep.Count + state.Selection.Exclude.Count == 0;
        if (state.Follows)
        {
            return slice.ReachesHead ? null
                : isPlain && slice.Head - slice.UpTo > Jump
                    ? Fetch(state, FetchKind.Tail, place, null, null, TailEntries)
                : Fetch(state, FetchKind.Newer, place, slice.UpTo + 1, null, PageEntries);
        }

        var isFirst = slice.Lines.Count == 0 || slice.Lines[0].Ord >= from;
        if (view.First < Near && !slice.ReachesStart && isFirst)
        {
            return Fetch(state, FetchKind.Older, place, null, slice.After, PageEntries);
        }

        var isLast = slice.Lines.Count == 0 || slice.Lines[^1].Ord <= to;
        return state.Rows.Count - view.Last < Near && !slice.ReachesHead && isLast
            ? Fetch(state, FetchKind.Newer, place, slice.UpTo + 1, null, PageEntries)
            : null;
    }

    private static FetchPage Fetch(
        UiState state,
        FetchKind kind,
        LogPlace place,
        long? from,
        long? to,
        int count
    ) => new(state.Generation, kind, place, from, to, count, state.Selection);

    /// <summary>With the rows that the slices give.</summary>
    public static UiState WithRows(UiState state)
    {
        var rows = state.Slices.IsEmpty ? [] : MergedRows.Of([.. state.Slices.Values]);
        return state with { Rows = state.Folds ? FoldedRows.Of(rows) : rows };
    }

    private static long HeadSum(UiState state) =>
        state.Shown.Sum(row =>
            Math.Max(row.Head, state.Slices.GetValueOrDefault(row.View.Id)?.Head ?? 0)
        );

    private static int RowOf(UiState state, LogViewport view, int index)
    {
        var row = -view.Skip;
        for (var i = view.First; i < index; i++)
        {
            row += LineLayout.HeightOf(state, state.Rows[i]);
        }

        return Math.Clamp(row, 0, ScreenPlan.Of(state).LogRows - 1);
    }
}
