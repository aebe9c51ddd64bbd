using System.Text;
using CsCheck;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;
using Tspm.Logs.Retention;

namespace Tspm.Logs.Tests;

/// <summary>What retention, a flush and the keeper's cap took is told exactly; everything else is read back.</summary>
public sealed class RetentionTests
{
    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Each step: which stream, how many lines, what comes after (0 nothing, 1 rotate, 2 retention, 3 a new daemon).
    private static readonly Gen<(bool IsOut, int Lines, int Then)[]> Steps = Gen.Select(
        Gen.Bool,
        Gen.Int[1, 12],
        Gen.Int[0, 3]
    ).Array[2, 30];

    [Fact]
    public void What_is_read_and_what_is_told_as_expired_is_everything_once()
    {
        Steps.Sample(steps => CheckRetention(steps, tellsHoles: true), iter: 150);
    }

    [Fact]
    public void A_reader_that_is_not_told_of_what_expired_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Steps.Sample(steps => CheckRetention(steps, tellsHoles: false), iter: 150)
        );
    }

    [Fact]
    public void Files_within_the_bounds_stay_and_the_oldest_go_first()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        for (var i = 0; i < 5; i++)
        {
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes(new string('x', 999) + "\n"));
            SetTime(keeper, StreamKind.Out, Now.AddDays(i));
            keeper.Rotate(StreamKind.Out);
        }

        keeper.Write(StreamKind.Out, "last\n"u8);
        log.Turn(keeper.Now);

        Enforce(
            keeper,
            log,
            maxBytes: log.Log.DataBytes + log.Log.IndexBytes - 1500,
            TimeSpan.Zero
        );

        Assert.Equal(
            [2000ul, 3000ul, 4000ul, 5000ul],
            keeper.FilesOf(StreamKind.Out).Select(file => file.First)
        );
        var (entries, holes) = log.ReadWithHoles();
        Assert.Equal([new Hole(1, 2, HoleReason.Expired)], holes);
        Assert.Equal([3, 4, 5, 6], entries.Select(entry => entry.Seq));
        Assert.Equal(3, log.Log.Facts.OldestDisk);
    }

    [Fact]
    public void Files_go_by_age()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "old\n"u8);
        SetTime(keeper, StreamKind.Out, Now.AddDays(-2));
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "new\n"u8);
        SetTime(keeper, StreamKind.Out, Now);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "open\n"u8);
        log.Turn(keeper.Now);

        Enforce(keeper, log, 1 << 30, TimeSpan.FromDays(1));

        Assert.Equal([new Hole(1, 1, HoleReason.Expired)], log.ReadWithHoles().Holes);
    }

    [Fact]
    public void The_home_gives_what_is_too_much()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "one\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "two\n"u8);
        log.Turn(keeper.Now);

        var retention = new LogRetention(keeper.Home, homeBytes: 1, reserveBytes: 0);
        Apply(log, retention.Enforce([new RetainedLog(log.Writer, 1 << 30, TimeSpan.Zero)], Now));

        Assert.Equal([4ul], keeper.FilesOf(StreamKind.Out).Select(file => file.First));
        Assert.Equal(2, log.Log.Facts.OldestDisk);
    }

    [Fact]
    public void A_file_that_is_not_numbered_yet_is_never_taken()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "one\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "two\n"u8);

        Enforce(keeper, log, maxBytes: 0, TimeSpan.FromDays(1));
        log.Turn(keeper.Now);

        Assert.Equal(2, log.ReadAll().Count);
    }

    [Fact]
    public void A_flush_takes_the_bytes_and_the_numbers_go_on()
    {
        using var keeper = new FakeKeeper();
        using (var log = new LogUnderTest(keeper, Small))
        {
            keeper.Begin();
            keeper.Write(StreamKind.Out, "secret one\n"u8);
            keeper.Rotate(StreamKind.Out);
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes(new string('s', 20_000) + "\n"));
            keeper.Write(StreamKind.Out, "kept\n"u8);
            log.Turn(keeper.Now);

            log.Writer.AppendFlush(2, keeper.Now / 100, keeper.Now);
            log.Commit();
            LogFlush.Free(log.Writer, 2);
            keeper.Write(StreamKind.Out, "after\n"u8);
            log.Turn(keeper.Now);

            CheckFlushed(log);
            var verified = LogVerifier.Verify(keeper.Home, FakeKeeper.Process);
            Assert.False(verified.IsDamaged, string.Join(", ", verified.Findings));
            Assert.False(File.Exists(keeper.DataFile(StreamKind.Out, 0)));
            var open = File.ReadAllBytes(keeper.DataFile(StreamKind.Out, 11));
            Assert.Equal("kept\nafter\n", Encoding.ASCII.GetString(open[20_001..]));
            Assert.DoesNotContain((byte)'s', open[..16_384]);
        }

        using var again = new LogUnderTest(keeper, Small);
        again.Turn(keeper.Now);
        CheckFlushed(again);
    }

    [Fact]
    public void What_the_keeper_dropped_is_numbered_by_its_newlines()
    {
        Steps.Sample(steps => CheckDrops(steps, countsNewlines: true), iter: 100);
    }

    [Fact]
    public void A_model_that_forgets_the_newlines_of_a_drop_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Steps.Sample(steps => CheckDrops(steps, countsNewlines: false), iter: 100)
        );
    }

    [Fact]
    public void Bytes_that_nobody_could_count_are_an_entry_of_their_own()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "gone\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "there\n"u8);
        File.Delete(keeper.DataFile(StreamKind.Out, 0));

        log.Turn(keeper.Now);

        var (entries, holes) = log.ReadWithHoles();
        Assert.Empty(holes);
        Assert.Equal([StreamKind.Event, StreamKind.Out], entries.Select(entry => entry.Stream));
        Assert.Contains(
            "\"maxBytes\":5",
            Encoding.ASCII.GetString(Convert.FromHexString(entries[0].Bytes)),
            StringComparison.Ordinal
        );
        Assert.Equal(5ul, log.Writer.MissingBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_flush_whose_daemon_dies_before_the_bytes_go_is_carried_on_by_the_next(
        bool hasDeletedFirst
    )
    {
        using var keeper = new FakeKeeper();
        using (var log = new LogUnderTest(keeper, Small))
        {
            keeper.Begin();
            keeper.Write(StreamKind.Out, "secret one\n"u8);
            keeper.Rotate(StreamKind.Out);
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes(new string('s', 20_000) + "\n"));
            keeper.Write(StreamKind.Out, "kept\nafter\n"u8);
            log.Turn(keeper.Now);
            log.Writer.AppendFlush(2, keeper.Now / 100, keeper.Now);
            log.Commit();
        }

        if (hasDeletedFirst)
        {
            File.Delete(keeper.DataFile(StreamKind.Out, 0));
        }

        using var again = new LogUnderTest(keeper, Small);
        again.Turn(keeper.Now);
        Enforce(keeper, again, long.MaxValue, TimeSpan.Zero);

        Assert.False(File.Exists(keeper.DataFile(StreamKind.Out, 0)));
        var open = File.ReadAllBytes(keeper.DataFile(StreamKind.Out, 11));
        Assert.DoesNotContain((byte)'s', open[..16_384]);
        Assert.Equal("kept\nafter\n", Encoding.ASCII.GetString(open[20_001..]));
        var (_, holes) = again.ReadWithHoles();
        Assert.Equal([new Hole(1, 2, HoleReason.Flushed)], holes);
        Assert.Equal(0, again.Writer.UnfreedTo);
    }

    private static void CheckFlushed(LogUnderTest log)
    {
        var (entries, holes) = log.ReadWithHoles();
        Assert.Equal([new Hole(1, 2, HoleReason.Flushed)], holes);
        Assert.Equal([3, 4, 5], entries.Select(entry => entry.Seq));
        Assert.Equal(
            ["kept\n", "after\n"],
            entries
                .Where(entry => entry.Stream == StreamKind.Out)
                .Select(entry => Encoding.ASCII.GetString(Convert.FromHexString(entry.Bytes)))
        );
    }

    private static void CheckRetention((bool IsOut, int Lines, int Then)[] steps, bool tellsHoles)
    {
        using var keeper = new FakeKeeper();
        var log = new LogUnderTest(keeper, Small);
        var model = new List<string>();
        keeper.Begin();
        foreach (var (isOut, lines, then) in steps)
        {
            var kind = isOut ? StreamKind.Out : StreamKind.Err;
            WriteLines(keeper, kind, lines, model);
            if (then == 1)
            {
                keeper.Rotate(kind);
            }

            log.Turn(keeper.Now);
            if (then == 2)
            {
                Enforce(keeper, log, log.Log.DataBytes + log.Log.IndexBytes - 1, TimeSpan.Zero);
            }

            if (then == 3)
            {
                log.Dispose();
                log = new LogUnderTest(keeper, Small);
            }
        }

        using (log)
        {
            log.Turn(keeper.Now);
            var (entries, holes) = log.ReadWithHoles();
            var told = tellsHoles
                ? holes.SelectMany(hole => Range(hole.From, hole.To)).ToHashSet()
                : [];
            Assert.Equal(
                Range(1, model.Count),
                told.Concat(entries.Select(entry => entry.Seq)).Order()
            );
            Assert.All(holes, hole => Assert.Equal(HoleReason.Expired, hole.Reason));
            Assert.All(
                entries,
                entry => Assert.Equal(model[(int)entry.Seq - 1], TextOf(entry.Bytes))
            );
        }
    }

    private static void CheckDrops((bool IsOut, int Lines, int Then)[] steps, bool countsNewlines)
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        var model = new List<string>();
        keeper.Begin();
        var dropped = 0L;
        foreach (var (isOut, lines, then) in steps)
        {
            var kind = isOut ? StreamKind.Out : StreamKind.Err;
            WriteLines(keeper, kind, lines, model);
            keeper.Rotate(kind);
            if (then == 2 && keeper.FilesOf(kind) is [var first, ..])
            {
                // Before the daemon has seen it: the record comes after the chunks of its range.
                dropped += File.ReadAllLines(keeper.DataFile(kind, first.First)).Length;
                keeper.Drop(kind, first.First, first.End);
            }
        }

        log.Turn(keeper.Now);

        var (entries, holes) = log.ReadWithHoles();
        var inHoles = holes.Sum(hole => hole.To - hole.From + 1);
        Assert.Equal(countsNewlines ? dropped : 0, inHoles);
        Assert.Equal(model.Count, log.Log.Facts.Head);
        Assert.Equal(model.Count - dropped, entries.Count);
        Assert.All(holes, hole => Assert.Equal(HoleReason.Dropped, hole.Reason));
    }

    private static void WriteLines(
        FakeKeeper keeper,
        StreamKind kind,
        int lines,
        List<string> model
    )
    {
        var fresh = Enumerable
            .Range(model.Count, lines)
            .Select(i => FormattableString.Invariant($"{kind} {i}\n"))
            .ToList();
        model.AddRange(fresh);
        keeper.Write(kind, Encoding.ASCII.GetBytes(string.Concat(fresh)));
    }

    private static void Enforce(FakeKeeper keeper, LogUnderTest log, long maxBytes, TimeSpan age)
    {
        var retention = new LogRetention(keeper.Home, long.MaxValue, reserveBytes: 0);
        Apply(log, retention.Enforce([new RetainedLog(log.Writer, maxBytes, age)], Now));
    }

    private static void Apply(LogUnderTest log, IReadOnlyList<LogExpiry> expiries)
    {
        foreach (var expiry in expiries)
        {
            expiry.Writer.AppendExpiry(expiry.ExpiredTo);
            log.Commit();
            expiry.Writer.DeleteExpiredIndex();
        }
    }

    private static void SetTime(FakeKeeper keeper, StreamKind kind, DateTimeOffset time) =>
        File.SetLastWriteTimeUtc(
            keeper.DataFile(kind, keeper.FilesOf(kind)[^1].First),
            time.UtcDateTime
        );

    private static IEnumerable<long> Range(long from, long to) =>
        Enumerable.Range((int)from, (int)(to - from + 1)).Select(seq => (long)seq);

    private static string TextOf(string hex) =>
        Encoding.ASCII.GetString(Convert.FromHexString(hex));
}
