using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>Whose turn it is among logs that have printed: by bytes, against sums made anew each time.</summary>
public sealed class FairTurnTests
{
    private const int ChunkBytes = 64 * 1024;

    [Fact]
    public void Those_who_wait_get_the_same_bytes_and_each_log_its_own_order()
    {
        CheckShares(() => new Turns());
    }

    [Fact]
    public void Turns_in_the_order_of_arrival_are_caught()
    {
        Assert.ThrowsAny<Exception>(() => CheckShares(() => new ArrivalTurns()));
        Assert.ThrowsAny<Exception>(() => CheckQuiet(() => new ArrivalTurns()));
    }

    [Fact]
    public void A_log_that_was_quiet_waits_for_one_record_of_each_other_at_the_most()
    {
        CheckQuiet(() => new Turns());
    }

    [Fact]
    public void Turns_that_remember_how_much_a_quiet_log_printed_before_are_caught()
    {
        Assert.ThrowsAny<Exception>(() => CheckQuiet(() => new GrudgingTurns()));
    }

    [Fact]
    public void A_record_of_no_log_waits_for_all_before_it_and_for_none_after_it()
    {
        Gen.Int[0, 4]
            .Array[1, 200]
            .Sample(rows =>
            {
                var turns = new Turns();
                foreach (var row in rows)
                {
                    turns.Add(row, 1000 * row);
                }

                var taken = new List<(int Row, ulong Ord, long Bytes)>();
                while (turns.TryTake(out var one))
                {
                    if (one.Row == 0)
                    {
                        var before = rows.Take((int)one.Ord - 1).Count();
                        Assert.Equal(before, taken.Count(other => other.Ord < one.Ord));
                    }

                    taken.Add(one);
                }

                Assert.Equal(rows.Length, taken.Count);
            });
    }

    [Fact]
    public void A_line_of_a_quiet_log_is_shown_before_what_a_flood_printed_earlier()
    {
        using var keeper = new FakeKeeper();
        using var ingest = new LogIngest(keeper.Home, new LogStoreOptions(), new Deaf());
        var flood = Open(keeper, ingest, 2);
        var quiet = Open(keeper, ingest, 3);
        keeper.WriteOf(3, "first\n"u8);
        var chunk = new byte[ChunkBytes];
        chunk.AsSpan().Fill((byte)'\n');
        for (var i = 0; i < 100; i++)
        {
            keeper.WriteOf(2, chunk);
        }

        keeper.WriteOf(3, "second\n"u8);
        keeper.TellAll();

        // What the journal held is one turn's reading; the line is in what this turn takes.
        ingest.Turn(0);

        Assert.Equal(2, quiet.Facts.Head);
        Assert.InRange(flood.Facts.Head, 0, 10L * ChunkBytes);
        Assert.True(ingest.Consumed < keeper.LastOrd, "what waits is needed in the journal");

        while (ingest.Turn(0).HasMore)
        {
            // Until all is taken.
        }

        Assert.Equal(100L * ChunkBytes, flood.Facts.Head);
        Assert.Equal(keeper.LastOrd + 1, ingest.Consumed);
    }

    [Fact]
    public void What_was_dropped_is_found_though_another_log_is_ahead()
    {
        using var keeper = new FakeKeeper();
        using var ingest = new LogIngest(keeper.Home, new LogStoreOptions(), new Deaf());
        var flood = Open(keeper, ingest, 2);
        var log = Open(keeper, ingest, FakeKeeper.Process);
        keeper.Begin();
        var chunk = new byte[ChunkBytes];
        chunk.AsSpan().Fill((byte)'\n');
        for (var i = 0; i < 8; i++)
        {
            keeper.Write(StreamKind.Out, chunk);
            keeper.Rotate(StreamKind.Out);
        }

        // The other log has lost bytes too, and is told of it first, since it printed less.
        keeper.WriteOf(2, "gone\n"u8);
        keeper.Drop(StreamKind.Out, 6 * ChunkBytes, 7 * ChunkBytes);
        keeper.Write(StreamKind.Out, "end\n"u8);
        File.WriteAllBytes(
            Path.Join(keeper.Home.Process(2), new StreamName(StreamKind.Out, 0).DataFile(0)),
            []
        );

        while (ingest.Turn(0).HasMore)
        {
            // Until all is taken.
        }

        Assert.Equal((8L * ChunkBytes) + 1, log.Facts.Head);
        var spans = new LogSpan[1];
        var room = new LogRoom(1 << 20);
        var read = log.Read(6 * ChunkBytes, log.Facts.Head, LogFilter.All, spans, room);
        Assert.Equal((6L * ChunkBytes) + 1, read.HoleFrom);
        Assert.True(flood.Facts.Head >= 1, "it tells of what is gone");
    }

    private static ProcessLog Open(FakeKeeper keeper, LogIngest ingest, uint process)
    {
        var writer = LogWriter.Open(
            keeper.Home,
            process,
            new LogStoreOptions(),
            TimeProvider.System
        );
        ingest.Add(writer);
        return writer.Log;
    }

    /// <summary>All wait from the start: as long as they do, nobody is ahead of another by more than their two largest records.</summary>
    private static void CheckShares(Func<Turns> make) =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 256 * 1024])
            .Array[1, 300]
            .Sample(records =>
            {
                var turns = make();
                foreach (var (row, bytes) in records)
                {
                    turns.Add(row, bytes);
                }

                var left = records
                    .GroupBy(one => one.Item1)
                    .ToDictionary(one => one.Key, one => one.Count());
                var had = left.Keys.ToDictionary(row => row, _ => 0L);
                var last = left.Keys.ToDictionary(row => row, _ => 0UL);
                var largest = records.Max(one => one.Item2) + PendingRecords.CostOfRecord;
                var doAllWait = true;
                while (turns.TryTake(out var one))
                {
                    Assert.True(one.Ord > last[one.Row], "a log's records were mixed up");
                    last[one.Row] = one.Ord;
                    had[one.Row] += one.Bytes + PendingRecords.CostOfRecord;
                    left[one.Row]--;
                    doAllWait &= left[one.Row] > 0;
                    if (doAllWait)
                    {
                        Assert.True(had.Values.Max() - had.Values.Min() <= 2 * largest);
                    }
                }

                Assert.All(left.Values, count => Assert.Equal(0, count));
            });

    /// <summary>Floods always wait; now and then one that printed much long ago prints a line.</summary>
    private static void CheckQuiet(Func<Turns> make) =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[1, 256 * 1024].Array[40, 80], Gen.Int[0, 9])
            .Sample(one =>
            {
                var (floods, sizes, pause) = one;
                var turns = make();
                const int quiet = 99;
                turns.Add(quiet, 40 * 256 * 1024);
                Assert.True(turns.TryTake(out _));
                for (var i = 0; i < sizes.Length * floods; i++)
                {
                    turns.Add(1 + (i % floods), sizes[i % sizes.Length]);
                }

                for (var i = 0; i < 1 + pause; i++)
                {
                    Assert.True(turns.TryTake(out _));
                }

                turns.Add(quiet, 100);
                var before = new HashSet<int>();
                while (turns.TryTake(out var taken) && taken.Row != quiet)
                {
                    Assert.True(before.Add(taken.Row), "it waited for two records of one flood");
                }
            });

    /// <summary>The records that wait, with numbers for logs; 0 is none.</summary>
    private class Turns
    {
        private readonly PendingRecords _pending = new();
        private readonly Dictionary<int, PendingRow> _rows = [];
        private ulong _ord;

        public virtual void Add(int row, int bytes) => _pending.Add(Next(row, bytes), RowOf(row));

        public virtual bool TryTake(out (int Row, ulong Ord, long Bytes) taken)
        {
            var isThere = _pending.TryPeek(out var record);
            taken = ((int)record.Process, record.Ord, (long)record.B);
            if (isThere)
            {
                Assert.True(_pending.OldestOrd(ulong.MaxValue) <= record.Ord);
                _pending.Remove();
            }

            return isThere;
        }

        protected JournalRecord Next(int row, int bytes) =>
            new()
            {
                Kind = JournalRecordKind.Chunk,
                Process = (uint)row,
                Ord = ++_ord,
                B = (ulong)bytes,
            };

        protected PendingRow? RowOf(int row)
        {
            if (row == 0)
            {
                return null;
            }

            if (!_rows.TryGetValue(row, out var found))
            {
                _rows[row] = found = new PendingRow();
            }

            return found;
        }
    }

    private sealed class Deaf : IJournalObserver
    {
        public void OnRecord(in JournalRecord record) { }
    }

    /// <summary>Broken: who came first is first.</summary>
    private sealed class ArrivalTurns : Turns
    {
        private readonly Queue<JournalRecord> _records = new();

        public override void Add(int row, int bytes) => _records.Enqueue(Next(row, bytes));

        public override bool TryTake(out (int Row, ulong Ord, long Bytes) taken)
        {
            var isThere = _records.TryDequeue(out var record);
            taken = ((int)record.Process, record.Ord, (long)record.B);
            return isThere;
        }
    }

    /// <summary>Broken: who printed more, ever, is later.</summary>
    private sealed class GrudgingTurns : Turns
    {
        private readonly Dictionary<int, Queue<JournalRecord>> _records = [];
        private readonly Dictionary<int, long> _had = [];

        public override void Add(int row, int bytes)
        {
            _records.TryAdd(row, new Queue<JournalRecord>());
            _records[row].Enqueue(Next(row, bytes));
        }

        public override bool TryTake(out (int Row, ulong Ord, long Bytes) taken)
        {
            var next = _records
                .Where(one => one.Value.Count > 0)
                .OrderBy(one => _had.GetValueOrDefault(one.Key))
                .FirstOrDefault();
            if (next.Value is null)
            {
                taken = default;
                return false;
            }

            var record = next.Value.Dequeue();
            _had[next.Key] = _had.GetValueOrDefault(next.Key) + (long)record.B;
            taken = ((int)record.Process, record.Ord, (long)record.B);
            return true;
        }
    }
}
