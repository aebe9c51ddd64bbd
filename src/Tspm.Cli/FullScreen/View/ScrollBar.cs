using System.Runtime.CompilerServices;
using System.Text;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;

namespace Tspm.Cli.FullScreen.View;

/// <summary>The right edge of the log pane: where the view stands in all that is kept, and what lies where.</summary>
/// <remarks>
/// Of one log it is the space of its seqs, of several the lines in memory. Ticks are of lines in memory, and marks. Text is
/// looked at only while the view is pinned: in a flood nobody reads the edge.
/// </remarks>
internal static class ScrollBar
{
    private static readonly ConditionalWeakTable<IReadOnlyList<LogLine>, Found> Cache = [];

    /// <summary>Draws it, if there is more than is shown.</summary>
    public static void Draw(CellGrid grid, UiState state, ScreenPlan plan, LogViewport view)
    {
        if (view.Last < 0 || !HasMore(state, view))
        {
            return;
        }

        var x = plan.LogLeft + plan.LogWidth;
        var scale = Scale.Of(state, plan.LogRows);
        var hasUnicode = state.Look.HasUnicode;
        var top = scale.RowOf(state, view.First);
        var bottom = Math.Max(top, scale.RowOf(state, view.Last));
        for (var row = top; row <= bottom; row++)
        {
            grid.Put(x, plan.Top + 1 + row, hasUnicode ? "┃" : "#", CellStyle.Plain);
        }

        var ticks = new TickKind[plan.LogRows];
        Collect(state, scale, ticks);
        for (var row = 0; row < ticks.Length; row++)
        {
            if (ticks[row] != TickKind.None)
            {
                var (sign, plain, color) = LookOf(ticks[row]);
                grid.Put(
                    x,
                    plan.Top + 1 + row,
                    hasUnicode ? sign : plain,
                    CellStyle.Colored(color)
                );
            }
        }
    }

    private static bool HasMore(UiState state, LogViewport view) =>
        view.First > 0
        || view.Skip > 0
        || view.Last < state.Rows.Count - 1
        || state.Slices.Values.Any(slice => !slice.ReachesStart || !slice.ReachesHead);

    private static void Collect(UiState state, Scale scale, TickKind[] ticks)
    {
        var found = state.Follows ? null : Look(state);
        for (var i = 0; i < state.Rows.Count; i++)
        {
            var kind =
                state.Rows[i].Kind == LineKind.Gap ? TickKind.Gap
                : state.Rows[i].Kind == LineKind.Event ? TickKind.Event
                : found?.Kinds[i] ?? TickKind.None;
            if (kind != TickKind.None)
            {
                Put(ticks, scale.RowOf(state, i), kind);
            }
        }

        foreach (var mark in state.Marks)
        {
            if (scale.RowOf(state, mark.Key) is { } row)
            {
                Put(ticks, row, TickKind.Mark);
            }
        }
    }

    private static void Put(TickKind[] ticks, int row, TickKind kind) =>
        ticks[row] = kind > ticks[row] ? kind : ticks[row];

    // The same lines are looked at once.
    private static Found Look(UiState state)
    {
        if (Cache.TryGetValue(state.Rows, out var known) && known.SearchText == state.SearchText)
        {
            return known;
        }

        var search = state.SearchText.Length > 0 ? Patterns.TryMake(state.SearchText) : null;
        var kinds = new TickKind[state.Rows.Count];
        for (var i = 0; i < kinds.Length; i++)
        {
            var line = state.Rows[i];
            if (line.Kind is LineKind.Out or LineKind.Err)
            {
                var text = Encoding.UTF8.GetString(line.Text.Span);
                kinds[i] =
                    search?.IsMatch(text) == true ? TickKind.Hit
                    : Patterns.Failures.IsMatch(text) ? TickKind.Failure
                    : TickKind.None;
            }
        }

        var found = new Found(state.SearchText, kinds);
        Cache.AddOrUpdate(state.Rows, found);
        return found;
    }

    private static (string Sign, string Plain, uint Color) LookOf(TickKind kind) =>
        kind switch
        {
            TickKind.Event => ("┠", "*", 4),
            TickKind.Failure => ("╋", "!", 1),
            TickKind.Gap => ("┇", ":", 1),
            TickKind.Hit => ("╂", "/", 6),
            _ => ("◀", "<", 5),
        };

    /// <summary>What a tick stands for; of two in one row the later one is shown.</summary>
    private enum TickKind : byte
    {
        None,
        Event,
        Failure,
        Gap,
        Hit,
        Mark,
    }

    /// <summary>What the text of lines says.</summary>
    private sealed record Found(string SearchText, TickKind[] Kinds);

    /// <summary>From a line to a row of the edge.</summary>
    private readonly record struct Scale(long First, long Last, int Rows, bool IsBySeq)
    {
        public static Scale Of(UiState state, int rows)
        {
            if (state.Slices.Count != 1)
            {
                return new Scale(0, Math.Max(1, state.Rows.Count - 1), rows, IsBySeq: false);
            }

            var slice = state.Slices.Values.First();
            var oldest = Math.Max(1, slice.OldestDisk);
            return new Scale(oldest, Math.Max(oldest + 1, slice.Head), rows, IsBySeq: true);
        }

        public int RowOf(UiState state, int index) =>
            RowOf(IsBySeq ? state.Rows[index].Seq : index);

        public int? RowOf(UiState state, LineKey key)
        {
            if (IsBySeq)
            {
                return state.Slices.ContainsKey(key.Id) ? RowOf(key.Seq) : null;
            }

            var index = LogViewport.IndexOf(state.Rows, key);
            return index >= 0 && state.Rows[index].Key == key ? RowOf(index) : null;
        }

        private int RowOf(long at) =>
            (int)Math.Clamp((at - First) * (Rows - 1) / Math.Max(1, Last - First), 0, Rows - 1);
    }
}
