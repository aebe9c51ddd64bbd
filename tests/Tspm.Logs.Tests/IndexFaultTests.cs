using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;
using Tspm.Logs.Index;
using Tspm.Logs.Retention;

namespace Tspm.Logs.Tests;

/// <summary>Every call of index and retention that a disk can refuse, refused at every n: nothing is lost, doubled or changed.</summary>
public sealed class IndexFaultTests
{
    private const int NoSpace = 28;
    private const int Rounds = 14;
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    [Fact]
    public void The_nth_call_fails_for_every_n()
    {
        var calls = CountCalls();
        Assert.InRange(calls, 20, 400);
        for (var n = 1; n <= calls; n++)
        {
            var call = 0;
            Run(_ => ++call == n, losesSpill: false, $"call {n} of {calls} fails");
        }
    }

    [Fact]
    public void From_the_nth_call_on_some_fail()
    {
        var calls = CountCalls();
        for (var n = 1; n <= calls; n += 3)
        {
            var call = 0;
            Run(_ => ++call >= n && call < n + 9, losesSpill: false, $"calls {n} to {n + 8} fail");
        }
    }

    [Theory]
    [InlineData(DiskStep.Create)]
    [InlineData(DiskStep.Write)]
    [InlineData(DiskStep.Rename)]
    [InlineData(DiskStep.Sync)]
    [InlineData(DiskStep.Delete)]
    public void All_calls_of_one_kind_fail_for_a_while(object kind)
    {
        var call = 0;
        Run(step => step == (DiskStep)kind && ++call <= 6, losesSpill: false, $"{kind} fails");
        Assert.True(call > 0, $"{kind} was never called");
    }

    [Fact]
    public void A_batch_that_the_disk_took_in_part_is_no_damage()
    {
        using var keeper = new FakeKeeper();
        keeper.Begin();
        using (var log = new LogUnderTest(keeper, Small))
        {
            Write(keeper, [], 0);
            log.Turn(keeper.Now);
            var path = keeper.Home.IndexFile(FakeKeeper.Process, 1);
            DiskSeam.Before = step =>
            {
                DiskSeam.Before = null;
                using var file = new FileStream(
                    path,
                    FileMode.Append,
                    FileAccess.Write,
                    FileShare.ReadWrite
                );
                file.Write(new byte[2 * LogSpan.Size]);
                throw new IOException($"no space left on device for {step}", NoSpace);
            };
            try
            {
                Write(keeper, [], 1);
                log.Turn(keeper.Now);
            }
            finally
            {
                DiskSeam.Before = null;
            }

            Assert.True(log.Writer.IsSpilling);
        }

        var report = LogVerifier.Verify(keeper.Home, FakeKeeper.Process);
        Directory.Delete(SpillPlace.Of(keeper.Home).Root, recursive: true);
        Assert.Empty(report.Problems);
        Assert.Equal(6, report.Entries);
    }

    [Fact]
    public void A_store_that_loses_what_it_kept_in_memory_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
        {
            for (var n = 1; n <= 40; n++)
            {
                var call = 0;
                Run(_ => ++call >= n && call < n + 4, losesSpill: true, "memory is lost");
            }
        });

    private static int CountCalls()
    {
        var calls = 0;
        Run(
            _ =>
            {
                calls++;
                return false;
            },
            losesSpill: false,
            "nothing fails"
        );
        return calls;
    }

    private static void Run(Func<DiskStep, bool> fails, bool losesSpill, string what)
    {
        using var keeper = new FakeKeeper();
        var spill = SpillPlace.Of(keeper.Home);
        var model = new List<string>();
        DiskSeam.Before = step =>
        {
            if (fails(step))
            {
                throw new IOException("no space left on device", NoSpace);
            }
        };
        try
        {
            var log = Open(keeper);
            keeper.Begin();
            for (var round = 0; round < Rounds; round++)
            {
                Write(keeper, model, round);
                Turn(keeper, log, model, round);
                if (round == Rounds / 2)
                {
                    log.Dispose();
                    log = Open(keeper);
                }
            }

            DiskSeam.Before = null;
            Try(() => log.Turn(keeper.Now), always: true);
            Check(log, model, what);
            log.Dispose();
            if (losesSpill && Directory.Exists(spill.Root))
            {
                Directory.Delete(spill.Root, recursive: true);
            }

            using var again = new LogUnderTest(keeper, Small);
            again.Turn(keeper.Now);
            Check(again, model, $"{what}, opened again");
        }
        finally
        {
            DiskSeam.Before = null;
            if (Directory.Exists(spill.Root))
            {
                Directory.Delete(spill.Root, recursive: true);
            }
        }
    }

    /// <summary>As a daemon that could not begin is started again.</summary>
    private static LogUnderTest Open(FakeKeeper keeper)
    {
        LogUnderTest? log = null;
        Try(() => log = new LogUnderTest(keeper, Small), always: true);
        return log!;
    }

    private static void Write(FakeKeeper keeper, List<string> model, int round)
    {
        for (var i = 0; i < 3; i++)
        {
            var kind = i == 2 ? StreamKind.Err : StreamKind.Out;
            var line = FormattableString.Invariant($"{kind} {round}.{i}");
            model.Add(line);
            keeper.Write(kind, Encoding.ASCII.GetBytes(line + "\n"));
        }

        if (round % 3 == 2)
        {
            keeper.Rotate(StreamKind.Out);
        }

        keeper.Now += 1_000_000;
    }

    private static void Turn(FakeKeeper keeper, LogUnderTest log, List<string> model, int round)
    {
        Try(() => log.Turn(keeper.Now), always: true);
        if (round % 4 == 1)
        {
            log.Writer.AppendEvent(1, "{}"u8, keeper.LastOrd, keeper.Now / 100, keeper.Now);
            model.Add("{}");
            Try(log.Commit, always: true);
        }

        Try(log.Writer.Sync, always: false);
        if (round % 5 == 4)
        {
            Try(() => Enforce(keeper, log), always: false);
        }
    }

    private static void Enforce(FakeKeeper keeper, LogUnderTest log)
    {
        var retention = new LogRetention(keeper.Home, long.MaxValue, reserveBytes: 0);
        var bound = log.Log.DataBytes + log.Log.IndexBytes - 1;
        foreach (
            var expiry in retention.Enforce(
                [new RetainedLog(log.Writer, bound, TimeSpan.Zero)],
                Now
            )
        )
        {
            expiry.Writer.AppendExpiry(expiry.ExpiredTo);
            Try(log.Commit, always: true);
            expiry.Writer.DeleteExpiredIndex();
        }
    }

    /// <summary>What is refused is tried again, as the ingest thread does.</summary>
    private static void Try(Action action, bool always)
    {
        const int most = 1000;
        for (var i = 0; i < most; i++)
        {
            try
            {
                action();
                return;
            }
            catch (IOException refused) when (refused.HResult == NoSpace)
            {
                if (!always)
                {
                    return;
                }
            }
        }

        Assert.Fail("it was refused for ever");
    }

    private static void Check(LogUnderTest log, List<string> model, string what)
    {
        var (entries, holes) = log.ReadWithHoles();
        var told = holes.SelectMany(hole =>
            Enumerable.Range((int)hole.From, (int)(hole.To - hole.From + 1))
        );
        Assert.All(holes, hole => Assert.Equal((what, HoleReason.Expired), (what, hole.Reason)));
        Assert.Equal(
            Enumerable.Range(1, model.Count),
            told.Concat(entries.Select(entry => (int)entry.Seq)).Order()
        );
        Assert.All(
            entries,
            entry =>
                Assert.Equal(
                    (what, model[(int)entry.Seq - 1]),
                    (what, Encoding.ASCII.GetString(Convert.FromHexString(entry.Bytes)).TrimEnd())
                )
        );
    }
}
