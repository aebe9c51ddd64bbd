using System.Text;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>A wall clock that somebody sets forwards and backwards: a point in time is where a naive look from the front finds it.</summary>
public sealed class ClockStepTests
{
    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    // Each step: how the clock is set, how many lines come, whether a new daemon opens the log after it.
    private static readonly Gen<(int Shift, int Lines, bool Reopens)[]> Steps = Gen.Select(
        Gen.Frequency((3, Gen.Const(0)), (2, Gen.Int[-5000, 5000])),
        Gen.Int[1, 4],
        Gen.Frequency((5, Gen.Const(false)), (1, Gen.Const(true)))
    ).Array[1, 40];

    [Fact]
    public void A_time_is_found_as_by_looking_from_the_front() =>
        Steps.Sample(steps => Check(steps, FindFromFront), iter: 80);

    [Fact]
    public void A_search_by_halves_over_all_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Steps.Sample(steps => Check(steps, FindByHalves), iter: 80)
        );

    private static void Check(
        (int Shift, int Lines, bool Reopens)[] steps,
        Func<List<(long Seq, long Wall)>, long, long> find
    )
    {
        using var keeper = new FakeKeeper();
        var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        foreach (var (shift, lines, reopens) in steps)
        {
            keeper.WallShift += shift;
            keeper.Now += 100_000;
            keeper.Write(
                StreamKind.Out,
                Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("x\n", lines)))
            );
            log.Turn(keeper.Now);
            if (reopens)
            {
                log.Dispose();
                log = new LogUnderTest(keeper, Small);
            }
        }

        using (log)
        {
            log.Turn(keeper.Now);
            var walls = WallsOf(log.Log);
            Assert.Equal(steps.Sum(step => step.Lines), walls.Count);
            foreach (
                var time in walls.SelectMany(one => new[] { one.Wall, one.Wall + 1 }).Distinct()
            )
            {
                Assert.Equal(find(walls, time), log.Log.FindTime(time) + 1);
            }
        }
    }

    private static long FindFromFront(List<(long Seq, long Wall)> walls, long time)
    {
        var at = walls.FindIndex(one => one.Wall >= time);
        return at < 0 ? walls.Count + 1 : walls[at].Seq;
    }

    private static long FindByHalves(List<(long Seq, long Wall)> walls, long time)
    {
        var (low, high) = (0, walls.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = walls[middle].Wall < time ? (middle + 1, high) : (low, middle);
        }

        return low + 1;
    }

    private static List<(long Seq, long Wall)> WallsOf(ProcessLog log)
    {
        var walls = new List<(long Seq, long Wall)>();
        var spans = new LogSpan[64];
        var head = log.Facts.Head;
        for (var after = 0L; after < head; )
        {
            var read = log.Read(after, head, LogFilter.All, spans, new LogRoom(1 << 20));
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                for (var i = 0; i < span.Count; i++)
                {
                    walls.Add((span.Seq + i, span.Wall));
                }
            }

            after = read.UpTo;
        }

        return walls;
    }
}
