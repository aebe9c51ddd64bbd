using CsCheck;
using Tspm.Client.Following;
using Tspm.Protocol.Batches;

namespace Tspm.Client.Tests;

/// <summary>The merge of several histories against a sort that is stable within each log.</summary>
public sealed class OrdMergeTests
{
    // Ords rise within a log, now and then by nothing; over all logs they mix.
    private static readonly Gen<ulong[][]> Logs = Gen.ULong[0, 3]
        .Array[0, 20]
        .Select(steps => steps.Aggregate(new List<ulong>(), Add).ToArray())
        .Array[1, 5];

    [Fact]
    public void Histories_are_merged_by_capture_order_and_none_is_reordered()
    {
        Logs.Sample(logs => AssertMerged(logs, until => until), iter: 5_000);
    }

    [Fact]
    public void A_merge_that_gives_out_a_whole_page_at_once_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Logs.Sample(logs => AssertMerged(logs, _ => ulong.MaxValue), iter: 5_000)
        );
    }

    private static List<ulong> Add(List<ulong> ords, ulong step)
    {
        ords.Add((ords.Count == 0 ? 1 : ords[^1]) + step);
        return ords;
    }

    private static void AssertMerged(ulong[][] logs, Func<ulong, ulong> limit)
    {
        var pages = logs.Select(ords =>
                ords.Select((ord, i) => new WireSpan { Ord = ord, Seq = i + 1 }).ToArray()
            )
            .ToList();
        var at = new int[pages.Count];
        var merged = new List<(int Log, ulong Ord, long Seq)>();
        while (true)
        {
            var left = Enumerable.Range(0, at.Length).Where(i => at[i] < pages[i].Length).ToList();
            if (left.Count == 0)
            {
                break;
            }

            var (turn, until) = OrdMerge.Next([.. left.Select(i => pages[i][at[i]].Ord)]);
            var log = left[turn];
            var end = OrdMerge.EndOf(pages[log], at[log], limit(until));
            Assert.True(end > at[log]);
            for (; at[log] < end; at[log]++)
            {
                var span = pages[log][at[log]];
                merged.Add((log, span.Ord, span.Seq));
            }
        }

        Assert.Equal(logs.Sum(ords => ords.Length), merged.Count);
        Assert.Equal(merged.Select(one => one.Ord).Order(), merged.Select(one => one.Ord));
        foreach (var log in merged.GroupBy(one => one.Log))
        {
            Assert.Equal(log.Select(one => one.Seq).Order(), log.Select(one => one.Seq));
        }
    }
}
