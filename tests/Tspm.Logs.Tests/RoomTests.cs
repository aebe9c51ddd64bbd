using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>Reads with little room against a list of all entries: each gives as much as fits, none more, and all together everything once.</summary>
public sealed class RoomTests
{
    private const int MaxSpans = 5;

    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
        MaxEntryBytes = 64,
    };

    // Short lines, empty ones, and some that become several entries.
    private static readonly Gen<string> Line = Gen.Select(
        Gen.Int[0, 9],
        Gen.Int[0, 150],
        (kind, length) => new string('x', kind < 8 ? length / 10 : length)
    );

    private static readonly Gen<(bool IsErr, string[] Lines)[]> Writes = Gen.Select(
        Gen.Bool,
        Line.Array[1, 40]
    ).Array[1, 6];

    private static readonly Gen<LogRoom> Rooms = Gen.Select(
        Gen.Long[1, 400],
        Gen.Long[1, 30],
        Gen.Int[0, 20],
        (bytes, entries, overhead) => new LogRoom(bytes, entries, overhead)
    );

    [Fact]
    public void A_read_gives_as_many_entries_as_fit_and_the_next_one_goes_on()
    {
        Check(room => room);
    }

    [Fact]
    public void A_reader_that_does_not_cut_by_bytes_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Check(room => room with { MaxBytes = 1 << 20 }));
    }

    [Fact]
    public void A_reader_that_does_not_count_entries_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Check(room => room with { MaxEntries = 1 << 20 }));
    }

    [Fact]
    public void A_reader_that_forgets_what_spans_cost_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Check(room => room with { SpanOverhead = 0 }));
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 9)]
    [InlineData(100_000, 1)]
    [InlineData(100_000, 7)]
    public void One_chunk_of_many_lines_is_cut_at_both_ends(int lines, int length)
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        var line = new string('x', length - 1) + "\n";
        keeper.Write(
            StreamKind.Out,
            Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, lines)))
        );
        log.Turn(keeper.Now);
        var spans = new LogSpan[MaxSpans];
        using var cursor = log.Log.OpenCursor(
            new LogStart(LogStartKind.Oldest),
            LogFilter.All,
            readsDisk: true,
            new NoWaker(),
            out _
        );

        var counts = new List<(long Entries, long Bytes)>();
        while (cursor.Next(spans, new LogRoom(70_000)) is { Kind: LogReadKind.Batch } read)
        {
            counts.Add((read.Entries, read.Bytes));
        }

        Assert.Equal(lines, counts.Sum(one => one.Entries));
        Assert.All(counts, one => Assert.Equal(one.Entries * length, one.Bytes));
        Assert.All(counts.SkipLast(1), one => Assert.InRange(one.Bytes, 60_000, 70_000));
    }

    private static void Check(Func<LogRoom, LogRoom> breaks)
    {
        Gen.Select(Writes, Rooms, Gen.Bool, Gen.Bool)
            .Sample(
                (writes, room, isFiltered, isCursor) =>
                {
                    using var keeper = new FakeKeeper();
                    using var log = new LogUnderTest(keeper, Small);
                    Write(keeper, writes);
                    log.Turn(keeper.Now);
                    var filter = LogFilter.All with
                    {
                        Lines = isFiltered
                            ? new LinePattern(
                                [],
                                [new Regex("^xxx$", RegexOptions.NonBacktracking)]
                            )
                            : null,
                    };
                    var model = log.ReadAll(filter: filter);

                    var reads = ReadAll(log, filter, breaks(room), isCursor);

                    Assert.Equal(model, reads.SelectMany(read => read.Entries));
                    CheckRoom(reads, room, model, filter);
                },
                iter: 200
            );
    }

    private static void CheckRoom(
        List<OneRead> reads,
        LogRoom room,
        List<ReadEntry> model,
        LogFilter filter
    )
    {
        var done = 0;
        foreach (var read in reads)
        {
            done += read.Entries.Count;
            var used = read.Entries.Sum(LengthOf) + ((long)read.Spans * room.SpanOverhead);
            Assert.True(used <= room.MaxBytes || read.Entries.Count == 1, $"{used} bytes");
            Assert.True(read.Entries.Count <= room.MaxEntries, $"{read.Entries.Count} entries");
            if (done == model.Count || read.Spans == MaxSpans || filter.Lines is not null)
            {
                continue;
            }

            // The next one had not fitted even as a part of a span of its own.
            var next = used + LengthOf(model[done]) + room.SpanOverhead;
            Assert.True(
                next > room.MaxBytes || read.Entries.Count == room.MaxEntries,
                $"{read.Entries.Count} entries, and {next} bytes fit into {room}"
            );
        }
    }

    private static List<OneRead> ReadAll(
        LogUnderTest log,
        LogFilter filter,
        LogRoom room,
        bool isCursor
    )
    {
        var reads = new List<OneRead>();
        var spans = new LogSpan[MaxSpans];
        var head = log.Log.Facts.Head;
        using var cursor = log.Log.OpenCursor(
            new LogStart(LogStartKind.Oldest),
            filter,
            readsDisk: true,
            new NoWaker(),
            out _
        );
        for (long after = 0; after < head; )
        {
            var read = isCursor
                ? cursor.Next(spans, room)
                : log.Log.Read(after, head, filter, spans, room);
            Assert.True(read.UpTo > after, $"stuck at {after}");
            var entries = new List<ReadEntry>();
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                entries.AddRange(LogUnderTest.EntriesOf(log.Log, span));
            }

            Assert.Equal(read.Entries, entries.Count);
            reads.Add(new OneRead(read.Count, entries));
            after = read.UpTo;
        }

        return reads;
    }

    private static void Write(FakeKeeper keeper, (bool IsErr, string[] Lines)[] writes)
    {
        keeper.Begin();
        foreach (var (isErr, lines) in writes)
        {
            keeper.Write(
                isErr ? StreamKind.Err : StreamKind.Out,
                Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line + "\n")))
            );
        }
    }

    private static int LengthOf(ReadEntry entry) => entry.Bytes.Length / 2;

    private sealed record OneRead(int Spans, List<ReadEntry> Entries);

    private sealed class NoWaker : ICursorWaker
    {
        public void Wake() { }
    }
}
