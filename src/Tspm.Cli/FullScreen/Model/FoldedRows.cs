using System.Text;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>Leaves of each stack trace its first lines, and one row for the range of the others.</summary>
/// <remarks>The row covers the seqs of what it stands for: a place in them is found, and nothing is missing.</remarks>
internal static class FoldedRows
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<LogLine> Of(IReadOnlyList<LogLine> rows)
    {
        var folded = new List<LogLine>(rows.Count);
        for (var i = 0; i < rows.Count; )
        {
            var end = i + 1;
            while (end < rows.Count && GoesOn(rows[end - 1], rows[end]))
            {
                end++;
            }

            // The line that begins it, and so many of those that go on.
            var shown = Math.Min(end, i + 1 + TraceFold.Shown);
            for (var at = i; at < shown; at++)
            {
                folded.Add(rows[at]);
            }

            if (shown < end)
            {
                folded.Add(Stand(rows[shown], rows[end - 1], end - shown));
            }

            i = end;
        }

        return folded;
    }

    /// <summary>Whether a line may be one that is folded away.</summary>
    public static bool MayHide(LogLine line) =>
        line.Kind is LineKind.Out or LineKind.Err
        && TraceLines.KindOf(line.Text.Span) == Rendering.Dressing.LineKind.Continues;

    private static bool GoesOn(LogLine before, LogLine line) =>
        before.Id == line.Id && before.Kind == line.Kind && MayHide(line);

    private static LogLine Stand(LogLine first, LogLine last, int count) =>
        new()
        {
            Id = first.Id,
            Seq = first.Seq,
            LastSeq = last.LastSeq,
            Ord = first.Ord,
            Wall = first.Wall,
            Run = first.Run,
            Kind = LineKind.Fold,
            Text = Encoding.UTF8.GetBytes(
                $"    … {count} more {(count == 1 ? "line" : "lines")}; z unfolds"
            ),
        };
}
