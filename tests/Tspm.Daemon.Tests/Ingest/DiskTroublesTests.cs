using Tspm.CaptureLog;
using Tspm.Daemon.Ingest;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Ingest;

/// <summary>What a log is told about its disk: once when trouble begins, once when it is over.</summary>
public sealed class DiskTroublesTests
{
    private const int NotTaken = 5;

    [Fact]
    public void A_failed_sync_is_told_once_and_shown_until_one_succeeds()
    {
        var troubles = new DiskTroubles();

        var first = troubles.Note(Suspect(process: 1));
        var second = troubles.Note(Suspect(process: 1));
        var during = troubles.StateOf(1);
        var stillBad = troubles.NoteSynced(Synced(NotTaken));
        var good = troubles.NoteSynced(Synced(0));
        var again = troubles.NoteSynced(Synced(0));

        Assert.Equal((DiskStates.SyncFailed, NotTaken), (first?.State, first?.Errno));
        Assert.Null(second);
        Assert.Equal(DiskStates.SyncFailed, during);
        Assert.Empty(stillBad);
        Assert.Equal((1u, DiskStates.Resumed), (Assert.Single(good).Process, good[0].Told.State));
        Assert.Empty(again);
        Assert.Equal(DiskStates.Good, troubles.StateOf(1));
        Assert.Equal(DiskStates.Good, troubles.StateOf(2));
    }

    [Fact]
    public void Output_in_memory_is_the_greater_trouble_and_says_itself_when_it_is_over()
    {
        var troubles = new DiskTroubles();
        troubles.Note(Suspect(process: 1));

        var spilled = troubles.Note(Record(JournalRecordKind.SpillBegan, b: 28));
        var during = troubles.StateOf(1);
        var synced = troubles.NoteSynced(Synced(0));
        var back = troubles.Note(Record(JournalRecordKind.SpillEnded, b: 0));

        Assert.Equal(DiskStates.Full, spilled?.State);
        Assert.Equal(DiskStates.Full, during);
        Assert.Empty(synced);
        Assert.Equal(DiskStates.Resumed, back?.State);
        Assert.Equal(DiskStates.Good, troubles.StateOf(1));
    }

    [Theory]
    [InlineData(RotationReason.Size, null)]
    [InlineData(RotationReason.FailedSync, null)]
    [InlineData(RotationReason.Changed, DiskStates.Changed)]
    public void A_file_that_somebody_else_deleted_or_cut_is_told(
        RotationReason reason,
        string? expected
    )
    {
        var told = new DiskTroubles().Note(Record(JournalRecordKind.Rotated, (ulong)reason));

        Assert.Equal(expected, told?.State);
    }

    private static JournalRecord Suspect(uint process) =>
        new()
        {
            Kind = JournalRecordKind.Suspect,
            Process = process,
            C = NotTaken,
        };

    private static JournalRecord Synced(ulong errno) =>
        new() { Kind = JournalRecordKind.Synced, B = errno };

    private static JournalRecord Record(JournalRecordKind kind, ulong b) =>
        new()
        {
            Kind = kind,
            Process = 1,
            B = b,
        };
}
