using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Tests;

/// <summary>Each call by which the keeper keeps fails in turn; what was written is kept once, or told as gone.</summary>
[Collection("disk")]
public sealed class FaultTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);
    private const int NoSpace = 28;
    private const int InputOutput = 5;
    private const int ReadOnlyFiles = 30;
    private const int Quota = 122;
    private static readonly LogFileRules Tiny = new(4096, 20_000, MustBlock: false);

    public static TheoryData<int> Calls =>
        [.. Enum.GetValues<DiskCall>().Select(call => (int)call)];

    [Theory]
    [MemberData(nameof(Calls))]
    public void The_nth_call_fails_for_every_n(int which)
    {
        var call = (DiskCall)which;
        var count = CountCalls(call);
        Assert.True(count > 3, $"{call} is called {count} times only");
        for (var n = 1; n <= count; n++)
        {
            foreach (var errno in new[] { NoSpace, InputOutput })
            {
                var seen = 0;
                RunWith(
                    (made, _) => made == call && Interlocked.Increment(ref seen) == n ? errno : 0,
                    $"{call} {n} errno {errno}"
                );
            }
        }
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void From_the_nth_call_on_some_fail(int which)
    {
        var call = (DiskCall)which;
        var count = CountCalls(call);
        for (var n = 1; n <= count; n += 3)
        {
            var seen = 0;
            RunWith(
                (made, _) =>
                    made == call
                    && Interlocked.Increment(ref seen) is var at
                    && at >= n
                    && at < n + 7
                        ? Quota
                        : 0,
                $"{call} from {n}"
            );
        }
    }

    [Theory]
    [InlineData(17)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Short_writes_lose_nothing(int most) => RunWith((_, _) => -most, $"at most {most}");

    [Theory]
    [InlineData(NoSpace)]
    [InlineData(InputOutput)]
    [InlineData(ReadOnlyFiles)]
    [InlineData(Quota)]
    public void A_home_that_takes_nothing_is_told_and_nothing_is_lost(int errno)
    {
        using var rig = new Rig(new LogFileRules(1 << 20, 1 << 22, MustBlock: false));
        Disk.Fault = (call, path) => RefuseHome(rig, call, path, errno);
        rig.Open(StreamKind.Out, StreamKind.Err);
        for (var i = 0; i < 20; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(i, 3000));
            rig.WriteAndSettle(StreamKind.Err, RotationTests.Lines(i, 100));
        }

        Assert.NotEmpty(rig.SpillFiles);
        Disk.Fault = null;
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(100, 3000));
        rig.WriteAndSettle(StreamKind.Err, RotationTests.Lines(101, 3000));
        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        Assert.ThrowsAny<Exception>(() => Verifier.Check(rig, Verifier.Fault.HomeOnly));
        var journal = rig.ReadJournal();
        Assert.Equal(2, journal.Count(record => record.Kind == JournalRecordKind.SpillEnded));
        Assert.All(
            journal.Where(record => record.Kind == JournalRecordKind.SpillBegan),
            record => Assert.Equal((ulong)errno, record.B)
        );
        Assert.NotEmpty(rig.HomeFiles);
    }

    [Fact]
    public void A_silent_stream_comes_home_when_there_is_space_and_not_before()
    {
        const long often = 10_000_000;
        using var rig = new Rig(
            new LogFileRules(1 << 20, 1 << 22, MustBlock: false),
            quietRetryAfter: often
        );
        var tries = 0;
        Disk.Fault = (call, path) =>
        {
            var refused = RefuseHome(rig, call, path, NoSpace);
            // The first bytes are tried by themselves; what comes after is the look.
            tries += refused != 0 ? 1 : 0;
            return call == DiskCall.Open ? 0 : refused;
        };
        rig.Open(StreamKind.Out, StreamKind.Err);
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(1, 3000));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref tries) > 10, Wait));
        var isAway = false;
        rig.Between(() => isAway = rig.StreamOf(StreamKind.Out).Target.IsAway);
        Assert.True(isAway);

        rig.Between(() => Disk.Fault = null);
        Assert.True(
            SpinWait.SpinUntil(
                () => rig.ReadJournal().Any(record => record.Kind == JournalRecordKind.SpillEnded),
                Wait
            )
        );
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(2, 3000));
        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        Assert.Equal(
            1,
            rig.ReadJournal().Count(record => record.Kind == JournalRecordKind.SpillEnded)
        );
        Assert.Single(rig.SpillFiles);
    }

    [Fact]
    public void A_full_spill_drops_its_oldest_and_tells_how_much()
    {
        using var rig = new Rig(new LogFileRules(1 << 20, 1 << 22, MustBlock: false));
        Disk.Fault = (call, path) => RefuseHome(rig, call, path, NoSpace);
        rig.Open(StreamKind.Out);
        var some = RotationTests.Lines(5, 100_000);
        for (var i = 0; i < 200; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, some);
        }

        rig.Finish();

        var dropped = Verifier.Check(rig);
        var left = rig.SpillFiles.Sum(path => new FileInfo(path).Length);
        Assert.Equal(rig.WrittenTo(StreamKind.Out).Length, dropped + left);
        Assert.InRange(left, 4_000_000, 9_000_000);
    }

    [Fact]
    public void With_neither_home_nor_spill_the_program_runs_on_and_all_is_counted()
    {
        using var rig = new Rig(Tiny);
        Disk.Fault = (call, path) =>
            path.Contains("/p/", StringComparison.Ordinal) && call != DiskCall.Delete ? NoSpace : 0;
        rig.Open(StreamKind.Out);
        for (var i = 0; i < 20; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(i, 3000));
        }

        Disk.Fault = null;
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(100, 3000));
        rig.Finish();

        Assert.Equal(60_000, Verifier.Check(rig));
    }

    [Fact]
    public void An_empty_file_at_the_end_of_a_stream_is_the_one_that_goes_on()
    {
        using var rig = new Rig(Tiny);
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(1, 100));
        Disk.Fault = (call, path) =>
            path.Contains("/p/", StringComparison.Ordinal) && call != DiskCall.Delete ? NoSpace : 0;
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(2, 100));
        Disk.Fault = null;
        rig.Finish();
        Assert.Equal(0, new FileInfo(rig.HomeFiles[^1]).Length);

        for (var run = 0; run < 3; run++)
        {
            rig.Open(StreamKind.Out);
            rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(run, 100));
            rig.Finish();
            rig.Forget();
        }

        Assert.Equal(100, Verifier.Check(rig));
    }

    [Fact]
    public void An_empty_file_that_gets_bytes_after_all_is_not_deleted_as_an_empty_one()
    {
        using var rig = new Rig(new LogFileRules(4096, 8192, MustBlock: false));
        rig.Open(StreamKind.Out, StreamKind.Err);
        rig.WriteAndSettle(StreamKind.Err, RotationTests.Lines(1, 100));
        rig.Finish();

        // The empty file of out can be opened by the next run only at its first byte.
        Disk.Fault = (call, path) => RefuseHome(rig, call, path, NoSpace);
        rig.Open(StreamKind.Out);
        Disk.Fault = null;
        rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(2, 5000));
        for (var i = 0; i < 5; i++)
        {
            rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(i, 5000));
        }

        rig.Finish();

        Assert.NotEqual(0, Verifier.Check(rig));
    }

    [Fact]
    public void A_sync_that_fails_makes_its_range_suspect_and_begins_a_new_file()
    {
        using var rig = new Rig(new LogFileRules(1 << 20, 1 << 22, MustBlock: false));
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, new byte[1000]);
        rig.Sync.Sync();
        rig.WriteAndSettle(StreamKind.Out, new byte[500]);
        var synced = new List<string>();
        var fails = true;
        Disk.Fault = (call, path) =>
        {
            if (call != DiskCall.Sync || !path.Contains("/out.", StringComparison.Ordinal))
            {
                return 0;
            }

            synced.Add(path);
            var errno = fails ? InputOutput : 0;
            fails = false;
            return errno;
        };

        rig.Sync.Sync();
        rig.WriteAndSettle(StreamKind.Out, new byte[70]);
        rig.Sync.Sync();
        rig.Finish();

        Assert.Equal(0, Verifier.Check(rig));
        Assert.Equal(synced.Count, synced.Distinct().Count());
        var suspect = Assert.Single(
            rig.ReadJournal(),
            record => record.Kind == JournalRecordKind.Suspect
        );
        Assert.Equal((1000ul, 1500ul, (ulong)InputOutput), (suspect.A, suspect.B, suspect.C));
        Assert.Contains(
            rig.ReadJournal(),
            record =>
                record.Kind == JournalRecordKind.Rotated
                && record.B == (ulong)RotationReason.FailedSync
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_device_that_keeps_again_is_told_although_nobody_writes(int journalFailures)
    {
        using var rig = new Rig(new LogFileRules(1 << 20, 1 << 22, MustBlock: false));
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, new byte[1000]);
        var (fails, probes, journal) = (true, 0, 0);
        Disk.Fault = (call, path) =>
        {
            if (call != DiskCall.Sync)
            {
                return 0;
            }

            if (!path.Contains("/p/", StringComparison.Ordinal))
            {
                return journal-- > 0 ? InputOutput : 0;
            }

            probes += path.EndsWith("/.probe", StringComparison.Ordinal) ? 1 : 0;
            return fails ? InputOutput : 0;
        };

        rig.Sync.Sync();
        rig.Sync.Sync();
        rig.Sync.Sync();
        var during = Syncs(rig);
        fails = false;
        journal = journalFailures;
        for (var i = 0; i < journalFailures; i++)
        {
            rig.Sync.Sync();
            Assert.DoesNotContain(0ul, Syncs(rig));
        }

        rig.Sync.Sync();
        var after = Syncs(rig);
        rig.Sync.Sync();

        Assert.Equal([(ulong)InputOutput], during);
        Assert.Equal(0ul, after[^1]);
        Assert.Equal(2 + journalFailures, after.Length);
        Assert.Equal(3 + journalFailures, probes);
        Assert.Empty(Directory.GetFiles(rig.Home.Process(Rig.Process), ".probe"));
        rig.Finish();
        Assert.Equal(0, Verifier.Check(rig));
    }

    private static ulong[] Syncs(Rig rig) =>
        [
            .. rig.ReadJournal()
                .Where(record => record.Kind == JournalRecordKind.Synced)
                .Select(record => record.B),
        ];

    private static int RefuseHome(Rig rig, DiskCall call, string path, int errno) =>
        call != DiskCall.Delete && path.StartsWith(rig.Home.Root, StringComparison.Ordinal)
            ? errno
            : 0;

    private static int CountCalls(DiskCall call)
    {
        var count = 0;
        RunWith(
            (made, _) =>
            {
                Interlocked.Add(ref count, made == call ? 1 : 0);
                return 0;
            },
            "counting"
        );
        return count;
    }

    private static void RunWith(DiskFault fault, string what)
    {
        using var rig = new Rig(Tiny);
        Disk.Fault = fault;
        try
        {
            rig.Open(StreamKind.Out, StreamKind.Err);
            for (var i = 0; i < 8; i++)
            {
                rig.WriteAndSettle(StreamKind.Out, RotationTests.Lines(i, 4500));
                rig.Write(StreamKind.Err, RotationTests.Lines(i, 300));
                if (i % 4 == 3)
                {
                    rig.Sync.Sync();
                }
            }

            rig.Finish();
            Disk.Fault = null;
            Verifier.Check(rig);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{what}: {error.Message}\n{rig.LogText}", error);
        }
    }
}
