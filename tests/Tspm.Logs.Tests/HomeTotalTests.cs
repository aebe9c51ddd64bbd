using System.Text;
using CsCheck;
using Tspm.CaptureLog;
using Tspm.Logs.Retention;

namespace Tspm.Logs.Tests;

/// <summary>The bound of all logs together: the process with the most bytes gives first, against a naive model.</summary>
public sealed class HomeTotalTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Of each process the sizes of its files, the last one still open; then the share of all bytes that may stay.
    private static readonly Gen<(int[][] Files, int Percent)> Homes = Gen.Select(
        Gen.Int[1, 4000].Array[1, 6].Array[1, 5],
        Gen.Int[0, 110]
    );

    [Fact]
    public void The_process_with_the_most_bytes_gives_first() =>
        Homes.Sample((files, percent) => Check(files, percent, TakeFromLargest), iter: 60);

    [Fact]
    public void A_model_that_takes_from_the_first_process_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Homes.Sample(
                (files, percent) =>
                    Check(files, percent, left => left.FindIndex(one => one.Sizes.Count > 1)),
                iter: 60
            )
        );

    private static int TakeFromLargest(List<Store> left)
    {
        var largest = left.Where(one => one.Sizes.Count > 1).MaxBy(one => one.Bytes);
        return largest is null ? -1 : left.IndexOf(largest);
    }

    private static void Check(int[][] files, int percent, Func<List<Store>, int> choose)
    {
        var keepers = new List<FakeKeeper>();
        var logs = new List<LogUnderTest>();
        try
        {
            foreach (var sizes in files)
            {
                keepers.Add(new FakeKeeper());
                Write(keepers[^1], sizes);
                logs.Add(new LogUnderTest(keepers[^1]));
                logs[^1].Turn(keepers[^1].Now);
            }

            var journal = Directory
                .EnumerateFiles(keepers[0].Home.Journal)
                .Sum(path => new FileInfo(path).Length);
            var left = keepers
                .Select(keeper => new Store(new Queue<long>(SizesOf(keeper)), IndexBytes(keeper)))
                .ToList();
            var bound = journal + (left.Sum(one => one.Bytes) * percent / 100);

            var retention = new LogRetention(keepers[0].Home, bound, reserveBytes: 0);
            retention.Enforce(
                [.. logs.Select(log => new RetainedLog(log.Writer, long.MaxValue, TimeSpan.Zero))],
                Now
            );

            while (left.Sum(one => one.Bytes) + journal > bound && choose(left) is var at and >= 0)
            {
                left[at].Sizes.Dequeue();
            }

            Assert.Equal(left.Select(one => one.Sizes.ToArray()), keepers.Select(SizesOf));
        }
        finally
        {
            logs.ForEach(log => log.Dispose());
            keepers.ForEach(keeper => keeper.Dispose());
        }
    }

    private static void Write(FakeKeeper keeper, int[] sizes)
    {
        keeper.Begin();
        for (var i = 0; i < sizes.Length; i++)
        {
            if (i > 0)
            {
                keeper.Rotate(StreamKind.Out);
            }

            keeper.Write(
                StreamKind.Out,
                Encoding.ASCII.GetBytes(new string('x', sizes[i] - 1) + "\n")
            );
            File.SetLastWriteTimeUtc(
                keeper.DataFile(StreamKind.Out, keeper.FilesOf(StreamKind.Out)[^1].First),
                Now.UtcDateTime.AddMinutes(i)
            );
        }
    }

    private static long[] SizesOf(FakeKeeper keeper) =>
        [
            .. keeper
                .FilesOf(StreamKind.Out)
                .Select(file => new FileInfo(keeper.DataFile(StreamKind.Out, file.First)).Length),
        ];

    private static long IndexBytes(FakeKeeper keeper) =>
        Directory
            .EnumerateFiles(keeper.Home.Process(FakeKeeper.Process), "index.*")
            .Sum(path => new FileInfo(path).Length);

    private sealed record Store(Queue<long> Sizes, long Index)
    {
        public long Bytes => Index + Sizes.Sum();
    }
}
