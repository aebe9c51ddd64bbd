using System.Text;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.FullScreen.View;

/// <summary>From a line of a log to cells.</summary>
internal static class LineLayout
{
    /// <summary>Rows that one line takes at the most.</summary>
    public const int MaxRows = 20;

    private const int MaxName = 16;
    private static readonly uint[] NameColors = [2, 3, 4, 5, 6, 10, 11, 12, 13, 14];

    [ThreadStatic]
    private static StyledText? _text;

    /// <summary>Rows that a line takes in the log pane.</summary>
    public static int HeightOf(UiState state, LogLine line)
    {
        var width = ScreenPlan.Of(state).LogWidth;
        if (!state.Wraps || width < 1)
        {
            return 1;
        }

        // Only the number of cells counts here, and every form of a time is as wide as another of the same form.
        var cells = new List<Cell>();
        Render(state, line, new TimestampWriter(state.Times, false, state.Look.Zone), cells);
        return Math.Clamp((cells.Count + width - 1) / width, 1, MaxRows);
    }

    /// <summary>Appends the cells of a line.</summary>
    /// <param name="state">How it is to look.</param>
    /// <param name="line">The line.</param>
    /// <param name="times">Writes the times of the lines shown, in their order.</param>
    /// <param name="cells">Where to.</param>
    public static void Render(UiState state, LogLine line, TimestampWriter times, List<Cell> cells)
    {
        var width = Math.Max(1, ScreenPlan.Of(state).LogWidth);
        var most = state.Wraps ? width * MaxRows : width + state.Shift + 1;
        if (line.Kind is LineKind.Event or LineKind.Gap)
        {
            var text = line.Kind == LineKind.Gap ? GapText(state, line) : EventOf(state, line);
            var dash = state.Look.HasUnicode ? "──" : "--";
            var style =
                line.Kind == LineKind.Gap
                    ? CellStyle.Colored(1).With(StyleBits.Bold)
                    : CellStyle.Dim;
            AddTime(line, times, cells);
            StyledText.Append($"{dash} {text} {dash}", style, cells);
            return;
        }

        AddTime(line, times, cells);
        AddName(state, line, cells);
        var head = cells.Count;
        _text ??= new StyledText();
        var begin = line.Kind switch
        {
            LineKind.Err => CellStyle.Colored(3),
            LineKind.Fold => CellStyle.Dim,
            _ => CellStyle.Plain,
        };
        _text.Append(line.Text.Span, state.HasChildColors, begin, cells, most);
        AddSuffix(line, cells);
        MarkMatches(state, head, cells);
    }

    /// <summary>What a line says, without colours and controls.</summary>
    public static string PlainText(UiState state, LogLine line) =>
        line.Kind switch
        {
            LineKind.Gap => MarkerText.Row(GapText(state, line)),
            LineKind.Event => MarkerText.Row(EventOf(state, line)),
            _ => TerminalSanitizer.Clean(Encoding.UTF8.GetString(line.Text.Span)),
        };

    private static void AddTime(LogLine line, TimestampWriter times, List<Cell> cells)
    {
        Span<byte> room = stackalloc byte[TimestampWriter.MaxBytes];
        var length = times.Write(line.Wall, room);
        foreach (var one in room[..length])
        {
            cells.Add(new Cell(one, 0, CellStyle.Dim));
        }
    }

    private static void AddName(UiState state, LogLine line, List<Cell> cells)
    {
        if (!state.Merged.IsEmpty)
        {
            var widest = state.Shown.Max(row =>
                CellWidth.Measure(TerminalSanitizer.Clean(row.View.Name))
            );
            var name = CellWidth.Cut(NameOf(state, line.Id), Math.Min(MaxName, widest));
            var color = NameColors[(int)(line.Id % (uint)NameColors.Length)];
            StyledText.Append(
                CellWidth.Pad(name, Math.Min(MaxName, widest)),
                CellStyle.Colored(color),
                cells
            );
            cells.Add(Cell.Blank);
            cells.Add(new Cell(line.Kind == LineKind.Err ? '!' : '|', 0, CellStyle.Dim));
            cells.Add(Cell.Blank);
        }
        else if (line.Kind == LineKind.Err)
        {
            cells.Add(new Cell('!', 0, CellStyle.Colored(3)));
            cells.Add(Cell.Blank);
        }

        if ((line.Flags & EntryFlags.Continuation) != 0)
        {
            cells.Add(new Cell(state.Look.HasUnicode ? '…' : '~', 0, CellStyle.Dim));
        }
    }

    private static void AddSuffix(LogLine line, List<Cell> cells)
    {
        if ((line.Flags & EntryFlags.Collapsed) != 0)
        {
            StyledText.Append(
                $" (+{line.Aux} {(line.Aux == 1 ? "update" : "updates")})",
                CellStyle.Dim,
                cells
            );
        }

        if ((line.Flags & EntryFlags.Orphan) != 0)
        {
            StyledText.Append(" (after its run had ended)", CellStyle.Dim, cells);
        }
    }

    private static void MarkMatches(UiState state, int head, List<Cell> cells)
    {
        if (state.SearchText.Length == 0 || Patterns.TryMake(state.SearchText) is not { } pattern)
        {
            return;
        }

        var text = new StringBuilder();
        var at = new List<int>();
        for (var i = head; i < cells.Count; i++)
        {
            if (!cells[i].IsTail)
            {
                var rune = new Rune(cells[i].Rune).ToString();
                text.Append(rune);
                at.AddRange(Enumerable.Repeat(i, rune.Length));
            }
        }

        foreach (var match in pattern.EnumerateMatches(text.ToString()))
        {
            for (var i = match.Index; i < match.Index + match.Length; i++)
            {
                cells[at[i]] = cells[at[i]] with
                {
                    Style = cells[at[i]].Style.With(StyleBits.Reverse),
                };
            }
        }
    }

    private static string GapText(UiState state, LogLine line) =>
        MarkerText.Gap(NameOf(state, line.Id), line.Seq, line.LastSeq, line.Reason);

    private static string EventOf(UiState state, LogLine line)
    {
        var text = EventText.Format(line.Text.Span);
        return state.Merged.IsEmpty ? text : $"{NameOf(state, line.Id)}: {text}";
    }

    private static string NameOf(UiState state, uint id)
    {
        var row = state.Processes.FirstOrDefault(one => one.View.Id == id);
        return TerminalSanitizer.Clean(row?.View.Name ?? id.ToString());
    }
}
