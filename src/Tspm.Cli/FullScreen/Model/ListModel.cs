namespace Tspm.Cli.FullScreen.Model;

/// <summary>What becomes of the list.</summary>
internal static class ListModel
{
    private const int MaxHostSamples = 60;

    /// <summary>A new list.</summary>
    public static UiState Arrive(UiState state, ListArrived list, List<UiEffect> effects)
    {
        var known = state.Processes.ToDictionary(row => row.View.Id);
        var shown = state.Shown.Select(row => row.View.Id).ToHashSet();
        var rows = list
            .Processes.OrderBy(view => view.Id)
            .Select(view =>
                known.TryGetValue(view.Id, out var before)
                    ? before.Next(view, list)
                    : ProcessRow.First(view, list)
            )
            .Select(row => shown.Contains(row.View.Id) && state.Follows ? row.Seen() : row);
        var next = state with
        {
            Processes = [.. rows],
            HasList = true,
            InFlight = state.InFlight.Except(state.Failed),
            Failed = [],
        };
        next = Choose(next, effects);
        foreach (var row in next.Shown)
        {
            next = FollowLog(next, row);
        }

        return next;
    }

    /// <summary>Another sample of the machine.</summary>
    public static UiState TellHost(UiState state, HostTold host)
    {
        var samples = state.HostCpu.Add(host.CpuPercent);
        return state with
        {
            HostCpu = samples.Length > MaxHostSamples ? samples.RemoveAt(0) : samples,
            HostMemory = host.UsedBytes,
        };
    }

    /// <summary>Chooses another process.</summary>
    /// <param name="state">The state.</param>
    /// <param name="index">Its row; what is too small or too large means the first or the last.</param>
    /// <param name="effects">Not used if nothing else is shown then.</param>
    public static UiState Select(UiState state, int index, List<UiEffect> effects)
    {
        if (state.Processes.IsEmpty)
        {
            return state;
        }

        var id = state.Processes[Math.Clamp(index, 0, state.Processes.Length - 1)].View.Id;
        if (id == state.Selected)
        {
            return state;
        }

        var next = state with { Selected = id };
        return state.Merged.IsEmpty ? LogModel.ShowOthers(next, effects) : next;
    }

    /// <summary>The row of the chosen process; −1 if there is none.</summary>
    public static int IndexOf(UiState state)
    {
        for (var i = 0; i < state.Processes.Length; i++)
        {
            if (state.Processes[i].View.Id == state.Selected)
            {
                return i;
            }
        }

        return -1;
    }

    private static UiState Choose(UiState state, List<UiEffect> effects)
    {
        var merged = state.Merged.Intersect(state.Processes.Select(row => row.View.Id));
        if (merged.Count != state.Merged.Count)
        {
            state = LogModel.ShowOthers(state with { Merged = merged }, effects);
        }

        if (state.Current is not null)
        {
            return state;
        }

        var first = state.Processes.IsEmpty ? 0 : state.Processes[0].View.Id;
        return state.Selected == first
            ? state
            : LogModel.ShowOthers(state with { Selected = first }, effects);
    }

    // A log of another identity is a new one; else it may have grown.
    private static UiState FollowLog(UiState state, ProcessRow row)
    {
        var id = row.View.Id;
        if (!state.Slices.TryGetValue(id, out var slice))
        {
            return state;
        }

        if (row.View.Log is { } log && log.LogId != slice.LogId)
        {
            var name = Rendering.TerminalSanitizer.Clean(row.View.Name);
            return UiModel.Say(
                LogModel.Drop(state, id),
                $"{name} was deleted and created again; this is a new log"
            );
        }

        return LogModel.MoveHead(state, id, row.Head);
    }
}
