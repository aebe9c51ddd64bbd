using Tspm.Protocol.Batches;

namespace Tspm.Cli.FullScreen.Model;

/// <summary>From the slices of the shown logs to one sequence of lines, by capture order.</summary>
/// <remarks>A log's own order is never changed. Shown is only the stretch that all slices cover: nothing is left out between two lines.</remarks>
internal static class MergedRows
{
    /// <summary>The lines.</summary>
    public static IReadOnlyList<LogLine> Of(IReadOnlyList<LogSlice> slices)
    {
        if (slices.Count == 1)
        {
            return WithStart(slices[0]);
        }

        var (from, to) = Window(slices);
        var lists = slices.Select(WithStart).ToArray();
        var next = new int[lists.Length];
        var rows = new List<LogLine>();
        while (true)
        {
            var first = -1;
            for (var i = 0; i < lists.Length; i++)
            {
                var isFirst =
                    next[i] < lists[i].Count
                    && (first < 0 || lists[i][next[i]].Ord < lists[first][next[first]].Ord);
                first = isFirst ? i : first;
            }

            if (first < 0)
            {
                return rows;
            }

            var line = lists[first][next[first]++];
            if (line.Ord >= from && line.Ord <= to)
            {
                rows.Add(line);
            }
        }
    }

    /// <summary>The capture order that all slices cover.</summary>
    public static (ulong From, ulong To) Window(IReadOnlyList<LogSlice> slices)
    {
        ulong from = 0;
        var to = ulong.MaxValue;
        foreach (var slice in slices.Where(slice => slice.Lines.Count > 0))
        {
            from = slice.ReachesStart ? from : Math.Max(from, slice.Lines[0].Ord);
            to = slice.ReachesHead ? to : Math.Min(to, slice.Lines[^1].Ord);
        }

        return (from, to);
    }

    // Where history begins later than at 1, that is said in a row.
    private static IReadOnlyList<LogLine> WithStart(LogSlice slice)
    {
        if (!slice.ReachesStart || slice.OldestDisk <= 1 || slice.Lines.Count == 0)
        {
            return slice.Lines;
        }

        // What was read before retention took it is still there.
        var first = slice.Lines[0];
        var last = Math.Min(slice.OldestDisk, first.Seq) - 1;
        if (first.Kind == LineKind.Gap || last < 1)
        {
            return slice.Lines;
        }

        var gone = new LogLine
        {
            Id = first.Id,
            Seq = 1,
            LastSeq = last,
            Ord = first.Ord,
            Wall = first.Wall,
            Kind = LineKind.Gap,
            Reason = GapReason.Expired,
        };
        return [gone, .. slice.Lines];
    }
}
