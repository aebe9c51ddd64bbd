using Tspm.CaptureLog;

namespace Tspm.Keeper.Tests;

/// <summary>Files are begun between two splices, stay as they are once closed, and go when the bounds say so.</summary>
[Collection("disk")]
public sealed class RotationTests
{
    private static readonly LogFileRules Tiny = new(4096, 1 << 20, MustBlock: false);

    [Fact]
    public void A_full_file_is_followed_by_one_that_begins_where_it_ends()
    {
        using var rig = new Rig(Tiny);
        rig.Open(StreamKind.Out, StreamKind.Err);
        for (var i = 0; i < 50; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, Lines(i, 1000));
            rig.Write(StreamKind.Err, Lines(i, 100));
        }

        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        var rotated = rig.ReadJournal()
            .Where(record =>
                record.Kind == JournalRecordKind.Rotated && record.Stream == StreamKind.Out
            )
            .ToList();
        Assert.InRange(rotated.Count, 9, 13);
        Assert.All(rotated, record => Assert.Equal((ulong)RotationReason.Size, record.B));
        Assert.Equal(
            rotated.Select(record => new StreamName(StreamKind.Out, 0).DataFile(record.A)),
            rig.HomeFiles.Select(path => Path.GetFileName(path))
                .Where(name => name.StartsWith("out.", StringComparison.Ordinal))
                .Skip(1)
        );
    }

    [Fact]
    public void The_next_run_goes_on_in_the_newest_file()
    {
        using var rig = new Rig(Tiny);
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, Lines(1, 5000));
        rig.WriteAndSettle(StreamKind.Out, Lines(2, 100));
        rig.Finish();

        rig.Open(StreamKind.Out);
        rig.Write(StreamKind.Out, Lines(3, 100));
        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        Assert.Equal(2, rig.HomeFiles.Count);
    }

    [Fact]
    public void At_the_cap_the_oldest_files_go_and_are_told_with_their_newlines()
    {
        using var rig = new Rig(new LogFileRules(4096, 16_384, MustBlock: false));
        rig.Open(StreamKind.Out);
        for (var i = 0; i < 100; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, Lines(i, 1000));
        }

        rig.Finish();

        var dropped = Verifier.Check(rig);
        var left = rig.HomeFiles.Sum(path => new FileInfo(path).Length);
        Assert.Equal(rig.WrittenTo(StreamKind.Out).Length, dropped + left);
        Assert.InRange(left, 4096, 4096 + 16_384 + 4096 + 1000);
        Assert.ThrowsAny<Exception>(() => Verifier.Check(rig, Verifier.Fault.DropsUntold));
        Assert.DoesNotContain(
            rig.ReadJournal(),
            record =>
                record.Kind == JournalRecordKind.Dropped
                && record.C == JournalRecord.UnknownNewlines
        );
    }

    [Fact]
    public void What_the_daemon_has_consumed_is_not_counted_again()
    {
        using var rig = new Rig(new LogFileRules(4096, 4096, MustBlock: false))
        {
            ConsumedOrd = ulong.MaxValue,
        };
        rig.Open(StreamKind.Out);
        for (var i = 0; i < 30; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, Lines(i, 1000));
        }

        rig.Finish();

        Assert.NotEqual(0, Verifier.Check(rig));
        Assert.All(
            rig.ReadJournal().Where(record => record.Kind == JournalRecordKind.Dropped),
            record => Assert.Equal(JournalRecord.UnknownNewlines, record.C)
        );
    }

    [Fact]
    public void Retention_of_the_daemon_makes_room_before_the_keeper_drops()
    {
        using var rig = new Rig(new LogFileRules(4096, 16_384, MustBlock: false));
        rig.Open(StreamKind.Out);
        for (var i = 0; i < 100; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, Lines(i, 1000));
            while (rig.HomeFiles.Sum(path => new FileInfo(path).Length) > 16_384)
            {
                File.Delete(rig.HomeFiles[0]);
            }
        }

        rig.Finish();

        Assert.DoesNotContain(
            rig.ReadJournal(),
            record => record.Kind == JournalRecordKind.Dropped
        );
    }

    [Fact]
    public async Task Under_block_the_program_waits_until_there_is_room()
    {
        using var rig = new Rig(new LogFileRules(4096, 16_384, MustBlock: true));
        rig.Open(StreamKind.Out);
        var writer = Task.Run(
            () =>
            {
                for (var i = 0; i < 300; i++)
                {
                    rig.Write(StreamKind.Out, Lines(i, 1000));
                }
            },
            TestContext.Current.CancellationToken
        );

        rig.Wait(() => rig.ReadJournal().Exists(IsBlocked));
        Assert.False(writer.IsCompleted);
        var kept = new Dictionary<string, byte[]>();
        var finished = writer.ContinueWith(
            _ => rig.Finish(),
            TestContext.Current.CancellationToken,
            TaskContinuationOptions.None,
            TaskScheduler.Default
        );
        while (!finished.IsCompleted)
        {
            // The retention of a daemon.
            foreach (var path in rig.HomeFiles.SkipLast(1))
            {
                kept[path] = await File.ReadAllBytesAsync(
                    path,
                    TestContext.Current.CancellationToken
                );
                File.Delete(path);
            }
        }

        await finished;
        foreach (var (path, bytes) in kept)
        {
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, Verifier.Check(rig));
        var marks = rig.ReadJournal()
            .Where(record => record.Kind == JournalRecordKind.Blocked)
            .Select(record => record.A)
            .ToList();
        Assert.Equal(marks.Select((_, i) => i % 2 == 0 ? 1ul : 0), marks);

        static bool IsBlocked(JournalRecord record) => record.Kind == JournalRecordKind.Blocked;
    }

    [Fact]
    public void A_reserve_that_the_disk_does_not_have_costs_the_oldest_then_goes_to_the_spill()
    {
        using var rig = new Rig(Tiny, reserve: long.MaxValue);
        rig.Open(StreamKind.Out);
        for (var i = 0; i < 20; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, Lines(i, 1000));
        }

        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        Assert.NotEmpty(rig.SpillFiles);
        Assert.Contains(
            rig.ReadJournal(),
            record => record.Kind == JournalRecordKind.SpillBegan && record.B == 28
        );
    }

    internal static byte[] Lines(int seed, int bytes)
    {
        var random = new Random(seed);
        var text = new byte[bytes];
        for (var i = 0; i < bytes; i++)
        {
            text[i] = random.Next(30) == 0 ? (byte)'\n' : (byte)random.Next('a', 'z');
        }

        return text;
    }
}
