using System.Text;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>What was numbered is read back, whatever happens between.</summary>
public sealed class LogTests
{
    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    [Fact]
    public void Any_range_and_tail_and_stream_is_read_back()
    {
        var lines = Gen.Select(Gen.Bool, Gen.Int[1, 30], Gen.Int[0, 60]);
        Gen.Select(lines.Array[1, 25], Gen.Int[0, 400], Gen.Int[0, 400])
            .Sample(
                one =>
                {
                    using var keeper = new FakeKeeper();
                    using var log = new LogUnderTest(keeper, Small);
                    var model = WriteLines(keeper, log, one.Item1);
                    var (from, to) = (
                        Math.Min(one.Item2, one.Item3),
                        Math.Max(one.Item2, one.Item3)
                    );

                    var range = log.ReadAll(from, to);
                    var errors = log.ReadAll(filter: new LogFilter(false, true, false));
                    var tail = log.Log.FindTail(
                        one.Item2,
                        long.MaxValue,
                        new LogFilter(true, false, false)
                    );

                    Assert.Equal(
                        model.Where(entry => entry.Seq > from && entry.Seq <= to),
                        range.Select(Plain)
                    );
                    Assert.Equal(
                        model.Where(entry => entry.Stream == StreamKind.Err),
                        errors.Select(Plain)
                    );
                    var outs = model.Where(entry => entry.Stream == StreamKind.Out).ToList();
                    Assert.Equal(outs.TakeLast(one.Item2), outs.Where(entry => entry.Seq > tail));
                },
                iter: 60
            );
    }

    [Fact]
    public void Shown_and_gaps_are_all_seqs_once_while_the_ring_forgets()
    {
        CheckCursors(countsGaps: true);
    }

    [Fact]
    public void A_reader_that_does_not_count_gaps_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => CheckCursors(countsGaps: false));
    }

    [Fact]
    public void A_log_that_was_cut_anywhere_in_its_last_batch_goes_on_without_hole_or_repeat()
    {
        for (var cut = 1; cut <= 300; cut += 13)
        {
            using var keeper = new FakeKeeper();
            Guid logId;
            using (var log = new LogUnderTest(keeper, Small))
            {
                WriteLines(keeper, log, [(true, 3, 10), (false, 2, 5), (true, 1, 7)]);
                logId = log.Log.LogId;
            }

            var index = Directory
                .EnumerateFiles(keeper.Home.Process(FakeKeeper.Process), "index.*")
                .Order(StringComparer.Ordinal)
                .Last();
            using (var file = new FileStream(index, FileMode.Open))
            {
                file.SetLength(Math.Max(128, file.Length - cut));
            }

            using var again = new LogUnderTest(keeper, Small);
            again.Turn(keeper.Now);
            var entries = again.ReadAll();

            Assert.Equal(logId, again.Log.LogId);
            Assert.Equal(2u, again.Log.Facts.Epoch);
            Assert.Equal(
                Enumerable.Range(1, 6).Select(seq => (long)seq),
                entries.Select(entry => entry.Seq)
            );
            Assert.Equal(
                ["line 0", "line 0", "line 0", "line 1", "line 1", "line 2"],
                entries
                    .Select(entry =>
                        Encoding.ASCII.GetString(Convert.FromHexString(entry.Bytes))[..6]
                    )
                    .Order()
            );
        }
    }

    [Fact]
    public void A_gap_that_ends_in_an_older_epoch_says_so()
    {
        using var keeper = new FakeKeeper();
        using (var first = new LogUnderTest(keeper, Small))
        {
            WriteLines(keeper, first, [(true, 30, 10)]);
        }

        using var log = new LogUnderTest(keeper, Small);
        using var cursor = log.Log.OpenCursor(
            new LogStart(LogStartKind.Oldest),
            LogFilter.All,
            false,
            new SilentWaker(),
            out _
        );

        var gap = cursor.Next(new LogSpan[8], new LogRoom(1 << 20));

        Assert.Equal(LogReadKind.Gap, gap.Kind);
        Assert.Equal((1u, 2u), (gap.Epoch, log.Log.Facts.Epoch));
    }

    [Fact]
    public void A_position_is_worth_what_the_log_still_has()
    {
        using var keeper = new FakeKeeper();
        using (var first = new LogUnderTest(keeper, Small))
        {
            WriteLines(keeper, first, [(true, 10, 10)]);
        }

        using var log = new LogUnderTest(keeper, Small);
        var waker = new SilentWaker();

        using var known = log.Log.OpenCursor(
            new LogStart(LogStartKind.After, 7, 1),
            LogFilter.All,
            true,
            waker,
            out var ok
        );
        using var ahead = log.Log.OpenCursor(
            new LogStart(LogStartKind.After, 12, 1),
            LogFilter.All,
            true,
            waker,
            out var cut
        );
        using var future = log.Log.OpenCursor(
            new LogStart(LogStartKind.After, 3, 9),
            LogFilter.All,
            true,
            waker,
            out var unknown
        );

        Assert.Equal((LogOpeningStatus.Ok, 7L), (ok.Status, ok.StartAt));
        Assert.Equal((LogOpeningStatus.Truncated, 10L), (cut.Status, cut.LastSeq));
        Assert.Equal(LogOpeningStatus.Truncated, unknown.Status);
    }

    [Fact]
    public void A_cursor_opened_while_the_head_moves_misses_nothing_and_sees_nothing_twice()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        WriteLines(keeper, log, [(true, 5, 10)]);
        var spans = new LogSpan[16];
        var seen = new List<long>();
        LogCursor? cursor = null;

        // Exactly between the moved head and the wake-up, where a second lock would lose or double a line.
        log.Log.AfterHeadMoved = () =>
            cursor ??= log.Log.OpenCursor(
                new LogStart(LogStartKind.Oldest),
                LogFilter.All,
                true,
                new SilentWaker(),
                out _
            );
        keeper.Write(StreamKind.Out, "late\n"u8);
        log.Turn(keeper.Now);
        Assert.NotNull(cursor);
        while (cursor.Next(spans, new LogRoom(1 << 20)) is { Kind: LogReadKind.Batch } read)
        {
            seen.AddRange(
                spans
                    .Take(read.Count)
                    .SelectMany(span =>
                        Enumerable.Range(0, (int)span.Count).Select(i => span.Seq + i)
                    )
            );
        }

        Assert.Equal([1, 2, 3, 4, 5, 6], seen);
    }

    private static void CheckCursors(bool countsGaps)
    {
        Gen.Select(Gen.Bool, Gen.Int[1, 20], Gen.Int[0, 3])
            .Array[1, 30]
            .Sample(
                steps =>
                {
                    using var keeper = new FakeKeeper();
                    using var log = new LogUnderTest(keeper, Small);
                    using var cursor = log.Log.OpenCursor(
                        new LogStart(LogStartKind.Oldest),
                        LogFilter.All,
                        false,
                        new SilentWaker(),
                        out _
                    );
                    var covered = new List<long>();
                    keeper.Begin();
                    foreach (var (isOut, count, reads) in steps)
                    {
                        keeper.Write(
                            isOut ? StreamKind.Out : StreamKind.Err,
                            Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("x\n", count)))
                        );
                        log.Turn(keeper.Now);
                        Read(cursor, reads, covered, countsGaps);
                    }

                    Read(cursor, int.MaxValue, covered, countsGaps);
                    Assert.Equal(
                        Enumerable.Range(1, (int)log.Log.Facts.Head).Select(seq => (long)seq),
                        covered
                    );
                },
                iter: 100
            );
    }

    private static void Read(LogCursor cursor, int reads, List<long> covered, bool countsGaps)
    {
        var spans = new LogSpan[4];
        for (
            var i = 0;
            i < reads && cursor.Next(spans, new LogRoom(64)) is { Kind: not LogReadKind.Idle } read;
            i++
        )
        {
            if (read.Kind == LogReadKind.Gap && countsGaps)
            {
                covered.AddRange(
                    Enumerable
                        .Range(0, (int)(read.UpTo - read.After))
                        .Select(n => read.After + 1 + n)
                );
            }

            if (read.Kind == LogReadKind.Batch)
            {
                covered.AddRange(
                    spans
                        .Take(read.Count)
                        .SelectMany(span =>
                            Enumerable.Range(0, (int)span.Count).Select(n => span.Seq + n)
                        )
                );
            }
        }
    }

    private static List<PlainEntry> WriteLines(
        FakeKeeper keeper,
        LogUnderTest log,
        (bool IsOut, int Count, int Length)[] chunks
    )
    {
        var model = new List<PlainEntry>();
        keeper.Begin();
        foreach (var (isOut, count, length) in chunks)
        {
            var kind = isOut ? StreamKind.Out : StreamKind.Err;
            var text = string.Concat(
                Enumerable.Range(0, count).Select(i => $"line {i} {new string('y', length)}\n")
            );
            foreach (var line in text.Split('\n')[..^1])
            {
                model.Add(
                    new PlainEntry(
                        model.Count + 1,
                        kind,
                        Convert.ToHexString(Encoding.ASCII.GetBytes(line + "\n"))
                    )
                );
            }

            keeper.Write(kind, Encoding.ASCII.GetBytes(text));
            log.Turn(keeper.Now);
        }

        return model;
    }

    private static PlainEntry Plain(ReadEntry entry) => new(entry.Seq, entry.Stream, entry.Bytes);

    private sealed record PlainEntry(long Seq, StreamKind Stream, string Bytes);

    private sealed class SilentWaker : ICursorWaker
    {
        public void Wake() { }
    }
}
