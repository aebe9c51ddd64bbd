using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Tests;

/// <summary>Chunks that need several batches, several index files and several tries: each byte gets one number.</summary>
public sealed class FullBatchTests
{
    private const int NoSpace = 28;
    private const int Frames = 40_000;

    // Every text that a carriage return ends is an entry of its own, so that a chunk is more than two batches.
    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
        Progress = ProgressMode.Keep,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Whatever_call_is_refused_in_the_middle_of_a_chunk_nothing_is_skipped_or_doubled(
        int refused
    )
    {
        var calls = 0;
        Run(_ => ++calls < 0, out _);
        Assert.InRange(calls, 12, 100);
        var failures = 0;
        for (var n = 1; n <= calls; n++)
        {
            var call = 0;
            Run(_ => ++call >= n && call < n + refused, out var failed);
            failures += failed;
        }

        // One refusal goes into memory unseen; of several the turn itself hears.
        Assert.Equal(refused > 1, failures > 0);
    }

    [Fact]
    public void What_is_refused_for_long_holds_nothing_but_itself()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        var isFull = true;
        DiskSeam.Before = _ =>
        {
            if (isFull)
            {
                throw new IOException("no space left on device", NoSpace);
            }
        };
        try
        {
            keeper.Write(StreamKind.Out, FramesText());
            for (var i = 0; i < 20; i++)
            {
                Assert.Throws<IOException>(() => log.Turn(keeper.Now));
                Assert.Equal(0, log.Log.Facts.Head);
            }

            isFull = false;
            log.Turn(keeper.Now);
        }
        finally
        {
            DiskSeam.Before = null;
            Forget(keeper);
        }

        Assert.Equal(Frames, CountInOrder(log, StreamKind.Out));
    }

    private static void Run(Func<DiskStep, bool> fails, out int failed)
    {
        using var keeper = new FakeKeeper();
        failed = 0;
        try
        {
            using (var log = new LogUnderTest(keeper, Small))
            {
                DiskSeam.Before = step =>
                {
                    if (fails(step))
                    {
                        throw new IOException("no space left on device", NoSpace);
                    }
                };
                keeper.Begin();
                keeper.Write(StreamKind.Out, FramesText());
                keeper.Write(StreamKind.Err, "one\ntwo\n"u8);
                keeper.Write(StreamKind.Out, "last\n"u8);
                while (!TryTurn(keeper, log))
                {
                    failed++;
                    Assert.InRange(failed, 1, 50);
                }

                DiskSeam.Before = null;
                Check(log);
            }

            using var again = new LogUnderTest(keeper, Small);
            again.Turn(keeper.Now);
            Assert.Empty(again.Writer.Problems);
            Check(again);
        }
        finally
        {
            DiskSeam.Before = null;
            Forget(keeper);
        }
    }

    private static void Check(LogUnderTest log)
    {
        Assert.Equal(Frames + 1, CountInOrder(log, StreamKind.Out));
        Assert.Equal(2, CountInOrder(log, StreamKind.Err));
        Assert.Equal(Frames + 3, log.Log.Facts.Head);
    }

    private static bool TryTurn(FakeKeeper keeper, LogUnderTest log)
    {
        try
        {
            log.Turn(keeper.Now);
            return true;
        }
        catch (IOException refused) when (refused.HResult == NoSpace)
        {
            return false;
        }
    }

    /// <summary>Entries of a stream; their bytes follow on each other, and so do the numbers of all.</summary>
    private static long CountInOrder(LogUnderTest log, StreamKind kind)
    {
        var spans = new LogSpan[4096];
        var head = log.Log.Facts.Head;
        ulong end = 0;
        long count = 0;
        for (var after = 0L; after < head; )
        {
            var read = log.Log.Read(after, head, LogFilter.All, spans, new LogRoom(1 << 24));
            Assert.Equal(0, read.HoleFrom);
            foreach (ref readonly var span in spans.AsSpan(0, read.Count))
            {
                Assert.Equal(after + 1, span.Seq);
                after = span.LastSeq;
                if (span.Stream == kind)
                {
                    Assert.Equal(end, span.Offset);
                    end += span.Length;
                    count += span.Count;
                }
            }

            Assert.Equal(read.UpTo, after);
        }

        return count;
    }

    private static byte[] FramesText()
    {
        var text = new StringBuilder(2 * Frames);
        for (var i = 1; i < Frames; i++)
        {
            text.Append((char)('a' + (i % 26))).Append('\r');
        }

        return Encoding.ASCII.GetBytes(text.Append("z\n").ToString());
    }

    private static void Forget(FakeKeeper keeper)
    {
        var spill = SpillPlace.Of(keeper.Home);
        if (Directory.Exists(spill.Root))
        {
            Directory.Delete(spill.Root, recursive: true);
        }
    }
}
