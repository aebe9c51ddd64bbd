using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;
using Tspm.Logs.Index;
using Tspm.Logs.Retention;
using Tspm.TestTools;

namespace Tspm.Logs.Tests;

/// <summary>Damage costs what it touches, is told exactly, and never becomes other entries.</summary>
public sealed class DamageTests
{
    private const int MostLines = 9;

    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    // Which stream, how many lines, whether a new daemon comes after, whether the keeper syncs after.
    private static readonly Gen<(bool IsOut, int Lines, bool Reopens, bool Syncs)[]> Steps =
        Gen.Select(
            Gen.Bool,
            Gen.Int[1, MostLines],
            Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true))),
            Gen.Frequency((3, Gen.Const(false)), (1, Gen.Const(true)))
        ).Array[3, 20];

    [Fact]
    public void A_flipped_bit_of_the_index_costs_only_what_it_touches()
    {
        Gen.Select(Steps, Gen.Int[0, 1_000_000], Gen.Int[0, 7])
            .Sample(
                one => CheckFlip(one.Item1, one.Item2, one.Item3, isTrusting: false),
                iter: 250
            );
    }

    [Fact]
    public void An_index_file_that_is_nearly_right_costs_what_it_tells_and_no_line_is_another() =>
        Gen.Select(Steps, Gen.Int[0, 1_000_000], Mutant.Edits)
            .Sample(one => CheckMutant(one.Item1, one.Item2, one.Item3), time: Mutant.Seconds);

    [Fact]
    public void A_reader_that_trusts_slots_without_their_checksum_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Gen.Select(Steps, Gen.Int[0, 1_000_000], Gen.Int[0, 7])
                .Sample(
                    one => CheckFlip(one.Item1, one.Item2, one.Item3, isTrusting: true),
                    iter: 250
                )
        );
    }

    [Fact]
    public void An_index_cut_anywhere_is_read_again_from_the_journal()
    {
        Gen.Select(Steps, Gen.Int[1, 4000])
            .Sample(
                one =>
                {
                    using var keeper = new FakeKeeper();
                    var model = Write(keeper, one.Item1);
                    var path = IndexFiles(keeper)[^1];
                    using (var file = new FileStream(path, FileMode.Open))
                    {
                        file.SetLength(Math.Max(0, file.Length - one.Item2));
                    }

                    using var log = new LogUnderTest(keeper, Small);
                    log.Turn(keeper.Now);
                    var (entries, holes) = log.ReadWithHoles();

                    Assert.Empty(holes);
                    Assert.Equal(model, entries.Select(entry => TextOf(entry.Bytes)));
                },
                iter: 150
            );
    }

    [Fact]
    public void A_foreign_a_doubled_and_a_later_file_are_set_aside_and_kept()
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, [(true, 5, true, false), (false, 3, false, false)]);
        var newest = IndexFiles(keeper)[^1];
        var foreign = File.ReadAllBytes(newest);
        var other = HeaderSlot.Create(Guid.CreateVersion7(), 1000, 9, FakeKeeper.Process, 1);
        MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in other)).CopyTo(foreign);
        var directory = keeper.Home.Process(FakeKeeper.Process);
        File.WriteAllBytes(Path.Join(directory, "index.0000000000001000"), foreign);
        File.WriteAllBytes(Path.Join(directory, "index.0000000000002000"), [1, 2, 3]);

        using (var log = new LogUnderTest(keeper, Small))
        {
            log.Turn(keeper.Now);

            Assert.Equal(2, log.Writer.Problems.Count);
            Assert.Equal(model, log.ReadAll().Select(entry => TextOf(entry.Bytes)));
            Assert.True(File.Exists(Path.Join(directory, "index.0000000000001000.foreign")));
            Assert.True(File.Exists(Path.Join(directory, "index.0000000000002000.damaged")));
        }

        var later = HeaderSlot.Create(Guid.CreateVersion7(), 500, 9, FakeKeeper.Process, 1);
        later.Version = 2;
        later.Checksum = later.ComputeLaterChecksum();
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in later)).ToArray();
        File.WriteAllBytes(Path.Join(directory, "index.0000000000000500"), bytes);
        using var begun = new LogUnderTest(keeper, Small);

        Assert.False(begun.Writer.IsContinued);
        Assert.True(File.Exists(Path.Join(directory, "index.0000000000000500.later")));
        Assert.Equal(
            bytes,
            File.ReadAllBytes(Path.Join(directory, "index.0000000000000500.later"))
        );
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 5)]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 7)]
    public void A_flipped_bit_before_the_checksum_of_the_only_header_costs_nothing(int at, int bit)
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, [(true, 7, false, false), (false, 3, false, false)]);
        var before = LogVerifier.Verify(keeper.Home, FakeKeeper.Process).LogId;
        var path = IndexFiles(keeper)[0];
        var whole = File.ReadAllBytes(path);
        Flip(path, at, bit);

        using var archive = LogArchive.Open(keeper.Home, FakeKeeper.Process, Small, out var told);
        Assert.NotEqual(whole, File.ReadAllBytes(path));
        using var log = new LogUnderTest(keeper, Small);
        log.Turn(keeper.Now);

        Assert.Equal(before, archive!.LogId);
        Assert.Equal(before, log.Log.LogId);
        Assert.Equal(model, log.ReadAll().Select(entry => TextOf(entry.Bytes)));
        Assert.Single(told);
        Assert.Single(log.Writer.Problems);
        Assert.Equal(whole[..LogSpan.Size], File.ReadAllBytes(path)[..LogSpan.Size]);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(LogSpan.Size + 8)]
    public void An_epoch_whose_only_file_is_damaged_is_not_given_again(int at)
    {
        using var keeper = new FakeKeeper();
        var epochs = new List<uint>();
        for (var i = 0; i < 4; i++)
        {
            using (var log = new LogUnderTest(keeper, Small))
            {
                epochs.Add(log.Log.Facts.Epoch);
            }

            Flip(IndexFiles(keeper)[^1], at, 3);
        }

        using var last = new LogUnderTest(keeper, Small);
        epochs.Add(last.Log.Facts.Epoch);

        Assert.Equal(epochs.Distinct().Order(), epochs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_index_file_whose_header_is_overwritten_keeps_its_entries_and_the_log_its_identity(
        int which
    )
    {
        using var keeper = new FakeKeeper();
        var model = Write(
            keeper,
            [(true, 7, true, false), (false, 3, true, false), (true, 4, false, false)]
        );
        Guid logId;
        using (var log = new LogUnderTest(keeper, Small))
        {
            log.Turn(keeper.Now);
            logId = log.Log.LogId;
        }

        var damaged = IndexFiles(keeper)[which];
        using (var file = new FileStream(damaged, FileMode.Open))
        {
            file.Write(new byte[LogSpan.Size]);
        }

        using var again = new LogUnderTest(keeper, Small);
        again.Turn(keeper.Now);
        var (entries, holes) = again.ReadWithHoles();

        Assert.Equal(logId, again.Log.LogId);
        Assert.Empty(holes);
        Assert.Equal(model, entries.Select(entry => TextOf(entry.Bytes)));
        Assert.Single(again.Writer.Problems);
        Assert.Equal(IndexVerdict.Good, IndexFile.TryOpen(damaged, isSpill: false, out _));
    }

    [Fact]
    public void A_log_whose_only_header_is_damaged_is_another_log_with_the_same_entries()
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, [(true, 7, false, false), (false, 3, false, false)]);
        var before = LogVerifier.Verify(keeper.Home, FakeKeeper.Process).LogId;
        Flip(IndexFiles(keeper)[0], 20, 1);

        using var log = new LogUnderTest(keeper, Small);
        log.Turn(keeper.Now);

        Assert.NotEqual(before, log.Log.LogId);
        Assert.Equal(2u, log.Log.Facts.Epoch);
        Assert.Equal(model, log.ReadAll().Select(entry => TextOf(entry.Bytes)));
    }

    [Fact]
    public void Where_nothing_of_the_newest_file_is_good_the_one_before_is_cut_to_its_last_good_batch()
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, [(true, 7, false, false), (true, 3, false, false)]);
        new LogUnderTest(keeper, Small).Dispose();

        // The time of the second span, and the commit of the epoch in which nothing was written.
        Flip(IndexFiles(keeper)[0], (4 * LogSpan.Size) + 41, 2);
        Flip(IndexFiles(keeper)[1], LogSpan.Size + 31, 1);

        using var log = new LogUnderTest(keeper, Small);
        Assert.Equal(7, log.Log.Facts.Head);
        log.Turn(keeper.Now);
        var (entries, holes) = log.ReadWithHoles();

        Assert.Empty(holes);
        Assert.Equal(model, entries.Select(entry => TextOf(entry.Bytes)));
    }

    [Fact]
    public void The_first_read_of_a_log_whose_beginning_is_damaged_gives_what_is_left_of_it()
    {
        using var keeper = new FakeKeeper();
        // More spans after it than are taken into memory at the opening.
        var more = Enumerable.Repeat((true, 1, false, false), Small.RingEntries + 4);
        var model = Write(keeper, [(true, 4, false, false), (true, 3, true, false), .. more]);
        new LogUnderTest(keeper, Small).Dispose();

        // The commit that began the epoch, and the first span.
        Flip(IndexFiles(keeper)[0], LogSpan.Size + 31, 1);
        Flip(IndexFiles(keeper)[0], (2 * LogSpan.Size) + 41, 1);

        using var log = new LogUnderTest(keeper, Small);
        var lost = new LogTally();
        lost.Count(log.Log);
        Assert.Equal(4, lost.CountLost(log.Log)[(int)HoleReason.Corrupt]);

        using var again = new LogUnderTest(keeper, Small);
        var (entries, holes) = again.ReadWithHoles();
        Assert.Equal([new Hole(1, 4, HoleReason.Corrupt)], holes);
        Assert.Equal(model.Skip(4), entries.Select(entry => TextOf(entry.Bytes)));
    }

    [Fact]
    public void Who_saw_what_was_lost_is_told_so_also_where_the_beginning_of_the_next_epoch_is_damaged()
    {
        using var keeper = new FakeKeeper();
        Write(keeper, [(true, 7, false, false), (true, 3, false, false)]);
        using (var file = new FileStream(IndexFiles(keeper)[0], FileMode.Open))
        {
            file.SetLength(4 * LogSpan.Size);
        }

        using (var second = new LogUnderTest(keeper, Small))
        {
            second.Turn(keeper.Now);
            keeper.Write(StreamKind.Out, "more\n"u8);
            second.Turn(keeper.Now);
        }

        Flip(IndexFiles(keeper)[1], LogSpan.Size + 8, 1);
        Flip(IndexFiles(keeper)[1], (2 * LogSpan.Size) + 41, 1);

        using var log = new LogUnderTest(keeper, Small);
        using var cursor = log.Log.OpenCursor(
            new LogStart(LogStartKind.After, 10, 1),
            LogFilter.All,
            readsDisk: true,
            new SilentWaker(),
            out var opening
        );

        Assert.Equal(LogOpeningStatus.Truncated, opening.Status);
        Assert.Equal(7, opening.StartAt);
    }

    [Fact]
    public void After_a_power_loss_what_is_read_is_a_prefix_and_nothing_that_was_synced_is_missing()
    {
        Gen.Select(Steps, Gen.Double[0, 1], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Bool)
            .Sample(
                one => CheckPowerLoss(one.Item1, [one.Item2, one.Item3, one.Item4], one.Item5),
                iter: 250
            );
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void After_a_power_loss_the_first_file_whose_bytes_are_others_is_cut_and_all_after_it_go(
        int life,
        int kept
    )
    {
        using var keeper = new FakeKeeper();
        keeper.Begin();
        keeper.Synced();
        var syncedOrd = keeper.LastOrd;
        var ends = new List<ulong>();
        for (var i = 0; i < 3; i++)
        {
            using var log = new LogUnderTest(keeper, Small);
            log.Turn(keeper.Now);
            keeper.Write(StreamKind.Out, "one of a life\n"u8);
            log.Turn(keeper.Now);
            ends.Add(log.Writer.NumberedTo.Out);
        }

        var files = IndexFiles(keeper);
        Flip(keeper.DataFile(StreamKind.Out, 0), life == 0 ? 0 : (int)ends[life - 1], 1);

        using var opened = new LogUnderTest(keeper, Small, new StorePast(true, syncedOrd));
        opened.Turn(keeper.Now);
        var lines = opened.ReadAll().Where(entry => entry.Stream == StreamKind.Out).ToList();

        Assert.Equal(3, files.Count);
        Assert.Equal(kept, lines.Count);
        Assert.All(lines, line => Assert.Equal("one of a life\n", TextOf(line.Bytes)));
        Assert.Equal(4u, opened.Log.Facts.Epoch);
        Assert.Equal(files[..(life + 1)], files.Where(File.Exists));
        Assert.All(files[(life + 1)..], file => Assert.True(File.Exists(file + ".lost"), file));
    }

    [Fact]
    public void After_a_power_loss_what_was_flushed_does_not_take_with_it_what_came_after()
    {
        using var keeper = new FakeKeeper();
        keeper.Begin();
        keeper.Synced();
        var syncedOrd = keeper.LastOrd;
        using (var log = new LogUnderTest(keeper, Small))
        {
            keeper.Write(StreamKind.Out, Encoding.ASCII.GetBytes(new string('s', 20_000) + "\n"));
            log.Turn(keeper.Now);
            log.Writer.AppendFlush(1, keeper.Now / 100, keeper.Now);
            log.Commit();
            LogFlush.Free(log.Writer, 1);
            keeper.Write(StreamKind.Out, "after\n"u8);
            log.Turn(keeper.Now);
        }

        using var opened = new LogUnderTest(keeper, Small, new StorePast(true, syncedOrd));
        opened.Turn(keeper.Now);
        var (entries, holes) = opened.ReadWithHoles();

        Assert.Equal([new Hole(1, 1, HoleReason.Flushed)], holes);
        Assert.Equal(
            ["after\n"],
            entries
                .Where(entry => entry.Stream == StreamKind.Out)
                .Select(entry => TextOf(entry.Bytes))
        );
    }

    [Fact]
    public void Verify_finds_every_flipped_bit_of_the_data_and_nothing_in_a_good_store()
    {
        Gen.Select(Steps, Gen.Int[0, 1_000_000], Gen.Int[0, 7])
            .Sample(
                one =>
                {
                    using var keeper = new FakeKeeper();
                    var model = Write(keeper, one.Item1);
                    var good = LogVerifier.Verify(keeper.Home, FakeKeeper.Process);
                    var kind =
                        keeper.FilesOf(StreamKind.Out).Count > 0 ? StreamKind.Out : StreamKind.Err;
                    var path = keeper.DataFile(kind, 0);
                    var at = Flip(path, one.Item2, one.Item3);
                    var line = File.ReadAllBytes(path).Take(at).Count(b => b == (byte)'\n');
                    var seqs = model
                        .Select((text, i) => (Text: text, Seq: i + 1))
                        .Where(entry =>
                            entry.Text.StartsWith(kind.ToString(), StringComparison.Ordinal)
                        )
                        .Select(entry => entry.Seq)
                        .ToList();

                    var bad = LogVerifier.Verify(keeper.Home, FakeKeeper.Process);

                    Assert.False(good.IsDamaged);
                    Assert.Equal(model.Count, good.Entries);
                    Assert.True(bad.IsDamaged);
                    var seq = seqs[Math.Min(line, seqs.Count - 1)];
                    Assert.Contains(
                        bad.Findings,
                        finding => finding.IsDamage && finding.From <= seq && finding.To >= seq
                    );
                },
                iter: 120
            );
    }

    [Fact]
    public void An_archive_reads_what_the_log_holds_and_changes_nothing()
    {
        using var keeper = new FakeKeeper();
        var model = Write(
            keeper,
            [(true, 7, true, false), (false, 4, false, false), (true, 2, true, false)]
        );
        Flip(IndexFiles(keeper)[0], 64 * 8, 3);
        var before = Snapshot(keeper);

        using var log = LogArchive.Open(keeper.Home, FakeKeeper.Process, Small, out _);

        Assert.NotNull(log);
        Assert.Equal(model.Count, log.Facts.Head);
        log.Read(0, log.Facts.Head, LogFilter.All, new LogSpan[64], new LogRoom(1 << 20));
        Assert.Equal(before, Snapshot(keeper));
    }

    private static void CheckFlip(
        (bool IsOut, int Lines, bool Reopens, bool Syncs)[] steps,
        int where,
        int bit,
        bool isTrusting
    )
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, steps);
        var files = IndexFiles(keeper);
        var path = files[where % files.Count];
        var at = Flip(path, where, bit);
        if (isTrusting)
        {
            Reseal(path, at);
        }

        using var log = new LogUnderTest(keeper, Small);
        log.Turn(keeper.Now);
        var (entries, holes) = log.ReadWithHoles();

        Assert.Equal(model.Count, log.Log.Facts.Head);
        var told = holes.SelectMany(hole => Range(hole.From, hole.To)).ToList();
        Assert.Equal(
            Range(1, model.Count),
            told.Concat(entries.Select(entry => entry.Seq)).Order()
        );
        Assert.All(entries, entry => Assert.Equal(model[(int)entry.Seq - 1], TextOf(entry.Bytes)));
        Assert.All(holes, hole => Assert.Equal(HoleReason.Corrupt, hole.Reason));

        var most = at < LogSpan.Size ? 0 : MostLines;
        Assert.True(told.Count <= most, $"{told.Count} entries lost by one bit at {at}");
    }

    private static void CheckMutant(
        (bool IsOut, int Lines, bool Reopens, bool Syncs)[] steps,
        int where,
        (int How, int At, int Length, ulong Random)[] edits
    )
    {
        using var keeper = new FakeKeeper();
        var model = Write(keeper, steps);
        var files = IndexFiles(keeper);
        var path = files[where % files.Count];
        File.WriteAllBytes(path, Mutant.Apply(File.ReadAllBytes(path), edits));

        using var log = new LogUnderTest(keeper, Small);
        log.Turn(keeper.Now);
        var (entries, holes) = log.ReadWithHoles();

        // Every line is there under its number, or told; none is there twice, none is another.
        Assert.Equal(model.Count, log.Log.Facts.Head);
        Assert.Equal(
            Range(1, model.Count),
            holes
                .SelectMany(hole => Range(hole.From, hole.To))
                .Concat(entries.Select(entry => entry.Seq))
                .Order()
        );
        Assert.All(entries, entry => Assert.Equal(model[(int)entry.Seq - 1], TextOf(entry.Bytes)));
    }

    /// <summary>Gives the batch around a place the checksum of what it holds now, as if nobody looked at it.</summary>
    private static void Reseal(string path, int at)
    {
        var slots = MemoryMarshal.Cast<byte, LogSpan>(File.ReadAllBytes(path)).ToArray();
        for (var first = 1; first < slots.Length; )
        {
            var last = first;
            while (last < slots.Length - 1 && slots[last].Kind != SlotKind.Commit)
            {
                last++;
            }

            if (at / LogSpan.Size >= first && at / LogSpan.Size <= last)
            {
                var batch = slots.AsSpan(first, last + 1 - first);
                ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(batch[^1..])[0];
                commit.Checksum = 0;
                commit.Checksum = Crc32C.Compute(MemoryMarshal.AsBytes(batch));
            }

            first = last + 1;
        }

        File.WriteAllBytes(path, MemoryMarshal.AsBytes(slots.AsSpan()).ToArray());
    }

    private static void CheckPowerLoss(
        (bool IsOut, int Lines, bool Reopens, bool Syncs)[] steps,
        double[] kept,
        bool isZeroed
    )
    {
        using var keeper = new FakeKeeper();
        var synced = new Dictionary<string, long>();
        var (syncedOrd, syncedEntries) = (0ul, 0);
        var model = Write(
            keeper,
            steps,
            (ord, entries) =>
            {
                (syncedOrd, syncedEntries) = (ord, entries);
                synced = DeviceFiles(keeper)
                    .ToDictionary(path => path, path => new FileInfo(path).Length);
            }
        );
        var i = 0;
        foreach (
            var path in DeviceFiles(keeper)
                .Where(path => !path.Contains("journal", StringComparison.Ordinal))
        )
        {
            LoseTail(path, synced.GetValueOrDefault(path), kept[i++ % kept.Length], isZeroed);
        }

        using var log = new LogUnderTest(keeper, Small, new StorePast(true, syncedOrd));
        log.Turn(keeper.Now);
        var (entries, holes) = log.ReadWithHoles();

        var lines = entries.Where(entry => entry.Stream != StreamKind.Event).ToList();
        var told = holes.Sum(hole => hole.To - hole.From + 1);
        Assert.True(lines.Count + told >= syncedEntries, "something that was synced is missing");
        // A line that was cut is told as one without an end; an event says that bytes are missing after it.
        var whole = lines.Where(entry => !entry.Flags.HasFlag(SpanFlags.BreakEof));
        Assert.All(whole, entry => Assert.Contains(TextOf(entry.Bytes), model));
        var prefix = lines
            .TakeWhile((entry, n) => entry.Seq == n + 1)
            .Select(entry => TextOf(entry.Bytes));
        Assert.Equal(model.Take(syncedEntries), prefix.Take(syncedEntries));
    }

    private static void LoseTail(string path, long synced, double kept, bool isZeroed)
    {
        using var file = new FileStream(path, FileMode.Open);
        var keep = synced + (long)((file.Length - synced) * kept);
        if (isZeroed && file.Length > keep)
        {
            file.Position = keep;
            file.Write(new byte[file.Length - keep]);
        }
        else
        {
            file.SetLength(keep);
        }
    }

    private static List<string> Write(
        FakeKeeper keeper,
        (bool IsOut, int Lines, bool Reopens, bool Syncs)[] steps,
        Action<ulong, int>? onSynced = null
    )
    {
        var model = new List<string>();
        var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        foreach (var (isOut, lines, reopens, syncs) in steps)
        {
            var kind = isOut ? StreamKind.Out : StreamKind.Err;
            var fresh = Enumerable
                .Range(model.Count, lines)
                .Select(n => FormattableString.Invariant($"{kind} {n}\n"))
                .ToList();
            model.AddRange(fresh);
            keeper.Write(kind, Encoding.ASCII.GetBytes(string.Concat(fresh)));
            log.Turn(keeper.Now);
            if (syncs)
            {
                keeper.Synced();
                onSynced?.Invoke(keeper.LastOrd, model.Count);
            }

            if (reopens)
            {
                log.Dispose();
                log = new LogUnderTest(keeper, Small);
                log.Turn(keeper.Now);
            }
        }

        log.Dispose();
        return model;
    }

    private static int Flip(string path, int where, int bit)
    {
        var bytes = File.ReadAllBytes(path);
        var at = where % bytes.Length;
        bytes[at] ^= (byte)(1 << bit);
        File.WriteAllBytes(path, bytes);
        return at;
    }

    private static List<string> IndexFiles(FakeKeeper keeper) =>
        [
            .. Directory
                .EnumerateFiles(keeper.Home.Process(FakeKeeper.Process), "index.*")
                .Order(StringComparer.Ordinal),
        ];

    private static IEnumerable<string> DeviceFiles(FakeKeeper keeper) =>
        Directory
            .EnumerateFiles(keeper.Home.Process(FakeKeeper.Process))
            .Concat(Directory.EnumerateFiles(keeper.Home.Journal))
            .Order(StringComparer.Ordinal);

    private static List<(string Path, string Bytes)> Snapshot(FakeKeeper keeper) =>
        [
            .. DeviceFiles(keeper)
                .Select(path => (path, Convert.ToHexString(File.ReadAllBytes(path)))),
        ];

    private static IEnumerable<long> Range(long from, long to) =>
        Enumerable.Range((int)from, (int)(to - from + 1)).Select(seq => (long)seq);

    private static string TextOf(string hex) =>
        Encoding.ASCII.GetString(Convert.FromHexString(hex));

    private sealed class SilentWaker : ICursorWaker
    {
        public void Wake() { }
    }
}
