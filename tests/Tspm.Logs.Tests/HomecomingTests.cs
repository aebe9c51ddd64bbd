using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs.Tests;

/// <summary>An index that went on in memory comes home by itself, also where nothing is written any more.</summary>
public sealed class HomecomingTests
{
    private const int NoSpace = 28;
    private const long Second = 1_000_000_000;

    private static readonly LogStoreOptions Small = new() { RingEntries = 16, CachedSpans = 16 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_silent_log_is_tried_again_every_two_seconds_and_costs_nothing_meanwhile(
        bool beginsInMemory
    )
    {
        using var keeper = new FakeKeeper();
        var observer = new Observer();
        using var ingest = new LogIngest(keeper.Home, Small, observer);
        var isFull = beginsInMemory;
        var inHome = true;
        DiskSeam.Before = step =>
        {
            // The home is asked first, then memory.
            if (isFull && inHome && (step is DiskStep.Create or DiskStep.Write))
            {
                inHome = false;
                throw new IOException("no space left on device", NoSpace);
            }
        };
        try
        {
            var writer = LogWriter.Open(
                keeper.Home,
                FakeKeeper.Process,
                Small,
                TimeProvider.System
            );
            using var log = writer.Log;
            ingest.Add(writer);
            keeper.Begin();
            keeper.Write(StreamKind.Out, "one\ntwo\n"u8);
            (isFull, inHome) = (true, !beginsInMemory);
            var turn = Turn(ingest, 5 * Second);
            Assert.True(writer.IsSpilling);
            Assert.Equal(7 * Second, turn.Deadline);
            var bytes = log.IndexBytes;

            for (var i = 7; i < 27; i += 2)
            {
                inHome = true;
                turn = Turn(ingest, i * Second);
                Assert.Equal((i + 2) * Second, turn.Deadline);
            }

            Assert.True(writer.IsSpilling);
            Assert.Equal(bytes, log.IndexBytes);
            isFull = false;
            turn = Turn(ingest, 26 * Second);
            Assert.True(writer.IsSpilling);
            turn = Turn(ingest, 27 * Second);

            Assert.False(writer.IsSpilling);
            Assert.Equal(long.MaxValue, turn.Deadline);
            Assert.Equal([NoSpace, 0], observer.Told);
            Assert.Equal(2, log.Facts.Head);
        }
        finally
        {
            DiskSeam.Before = null;
            Directory.Delete(SpillPlace.Of(keeper.Home).Root, recursive: true);
        }
    }

    private static IngestTurn Turn(LogIngest ingest, long now)
    {
        while (true)
        {
            if (ingest.Turn(now) is { HasMore: false } turn)
            {
                return turn;
            }
        }
    }

    private sealed class Observer : IJournalObserver
    {
        public List<int> Told { get; } = [];

        public void OnRecord(in JournalRecord record) { }

        public void OnIndexMoved(LogWriter log, int errno) => Told.Add(errno);
    }
}
