using System.Text;
using System.Text.RegularExpressions;
using Tspm.CaptureLog;
using Tspm.Logs.Archive;

namespace Tspm.Logs.Tests;

/// <summary>After a failed sync a disk may give back other bytes than it took: they are never shown as if they were those.</summary>
public sealed class SuspectTests
{
    // Batches of two lines, so that one of them may be damaged and its neighbours not.
    private const int Batches = 5;
    private const int LineBytes = 7;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Other_bytes_in_a_suspect_stretch_are_a_hole_of_their_batch(
        bool isReopened,
        bool looksIntoLines
    )
    {
        using var keeper = new FakeKeeper();
        using var first = Written(keeper);
        keeper.Suspect(StreamKind.Out, 2 * LineBytes, 10 * LineBytes);
        first.Turn(keeper.Now);
        using var second = isReopened ? new LogUnderTest(keeper) : null;
        second?.Turn(keeper.Now);
        var log = second ?? first;
        var filter = looksIntoLines
            ? LogFilter.All with
            {
                Lines = new LinePattern([new Regex("line", RegexOptions.NonBacktracking)], []),
            }
            : LogFilter.All;
        Change(keeper, 4 * LineBytes);

        var (entries, holes) = log.ReadWithHoles(filter);

        Assert.Equal([new Hole(5, 6, HoleReason.Corrupt)], holes);
        Assert.Equal([1, 2, 3, 4, 7, 8, 9, 10], entries.Select(entry => entry.Seq));
        // Of the newest four entries two are not there.
        Assert.Equal(4, log.Log.FindTail(6, 10, filter) + 2);
    }

    [Fact]
    public void A_suspect_stretch_whose_bytes_are_as_they_were_is_shown()
    {
        using var keeper = new FakeKeeper();
        using var log = Written(keeper);
        keeper.Suspect(StreamKind.Out, 0, 10 * LineBytes);
        log.Turn(keeper.Now);

        Assert.Equal(2 * Batches, log.ReadAll().Count);
    }

    [Fact]
    public void Bytes_that_become_others_between_two_reads_are_noticed()
    {
        using var keeper = new FakeKeeper();
        using var log = Written(keeper);
        keeper.Suspect(StreamKind.Out, 0, 10 * LineBytes);
        log.Turn(keeper.Now);
        Assert.Empty(log.ReadWithHoles().Holes);

        Change(keeper, 0);

        Assert.Equal([new Hole(1, 2, HoleReason.Corrupt)], log.ReadWithHoles().Holes);
    }

    [Fact]
    public void Where_no_sync_has_failed_only_verify_looks_at_checksums()
    {
        using var keeper = new FakeKeeper();
        using var log = Written(keeper);
        keeper.Suspect(StreamKind.Out, 6 * LineBytes, 10 * LineBytes);
        log.Turn(keeper.Now);

        Change(keeper, 4 * LineBytes);

        Assert.Equal(2 * Batches, log.ReadAll().Count);
        Assert.True(LogVerifier.Verify(keeper.Home, FakeKeeper.Process).IsDamaged);
    }

    private static LogUnderTest Written(FakeKeeper keeper)
    {
        var log = new LogUnderTest(keeper);
        keeper.Begin();
        for (var i = 0; i < Batches; i++)
        {
            keeper.Write(
                StreamKind.Out,
                Encoding.ASCII.GetBytes(FormattableString.Invariant($"line {i}\nline {i}\n"))
            );
            log.Turn(keeper.Now);
        }

        return log;
    }

    /// <summary>Another byte, which is no newline and none before.</summary>
    private static void Change(FakeKeeper keeper, int at)
    {
        var path = keeper.DataFile(StreamKind.Out, 0);
        var bytes = File.ReadAllBytes(path);
        Assert.NotEqual((byte)'\n', bytes[at + 5]);
        bytes[at + 5] = (byte)'?';
        File.WriteAllBytes(path, bytes);
    }
}
