using Tspm.CaptureLog;
using Tspm.Logs.Archive;

namespace Tspm.Logs.Tests;

/// <summary>Output that memory held while the disk was full: marked, and told as dropped when memory had no room for it.</summary>
public sealed class SpilledOutputTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Entries_are_marked_from_the_first_byte_in_memory_to_the_last(bool turnsBetween)
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        foreach (var step in new[] { "before", "(", "during", "still", ")", "after" })
        {
            if (step is "(" or ")")
            {
                keeper.Spill(StreamKind.Out, begins: step == "(");
            }
            else
            {
                keeper.Write(StreamKind.Out, System.Text.Encoding.ASCII.GetBytes(step + "\n"));
                keeper.Write(StreamKind.Err, "elsewhere\n"u8);
            }

            if (turnsBetween)
            {
                log.Turn(keeper.Now);
            }
        }

        log.Turn(keeper.Now);

        var marked = log.ReadAll()
            .Where(entry => entry.Flags.HasFlag(SpanFlags.NotDurable))
            .Select(entry => Convert.FromHexString(entry.Bytes))
            .Select(System.Text.Encoding.ASCII.GetString);
        Assert.Equal(["during\n", "still\n"], marked);
    }

    [Fact]
    public void What_was_numbered_and_then_dropped_is_told_and_counted_as_dropped()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "one\ntwo\n"u8);
        keeper.Write(StreamKind.Err, "kept\n"u8);
        keeper.Write(StreamKind.Out, "three\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "four\n"u8);
        log.Turn(keeper.Now);

        var (first, end) = keeper.FilesOf(StreamKind.Out)[0];
        keeper.Drop(StreamKind.Out, first, end);
        log.Turn(keeper.Now);

        var (entries, holes) = log.ReadWithHoles();
        Assert.Equal(
            [new Hole(1, 2, HoleReason.Dropped), new Hole(4, 4, HoleReason.Dropped)],
            holes
        );
        Assert.Equal([3, 5], entries.Select(entry => entry.Seq));
        Assert.Equal(3, new LogTally().CountLost(log.Log)[(int)HoleReason.Dropped]);
    }

    [Fact]
    public void Verify_and_the_next_daemon_tell_as_dropped_what_this_one_does()
    {
        using var keeper = new FakeKeeper();
        using (var log = new LogUnderTest(keeper))
        {
            keeper.Begin();
            keeper.Write(StreamKind.Out, "one\ntwo\n"u8);
            keeper.Rotate(StreamKind.Out);
            keeper.Write(StreamKind.Out, "three\n"u8);
            keeper.Write(StreamKind.Err, "kept\n"u8);
            log.Turn(keeper.Now);
            var (first, end) = keeper.FilesOf(StreamKind.Out)[0];
            keeper.Drop(StreamKind.Out, first, end);
            log.Turn(keeper.Now);
        }

        var verified = LogVerifier.Verify(keeper.Home, FakeKeeper.Process);
        using var again = new LogUnderTest(keeper);
        again.Turn(keeper.Now);
        using var third = new LogUnderTest(keeper);
        var (entries, holes) = third.ReadWithHoles();

        var finding = Assert.Single(verified.Findings);
        Assert.Equal((1, 2, HoleReason.Dropped), (finding.From, finding.To, finding.Reason));
        Assert.False(verified.IsDamaged);
        Assert.Equal([new Hole(1, 2, HoleReason.Dropped)], holes);
        Assert.Equal([3, 4], entries.Select(entry => entry.Seq));
        Assert.Equal(2, new LogTally().CountLost(third.Log)[(int)HoleReason.Dropped]);
    }

    [Fact]
    public void What_was_dropped_at_the_beginning_does_not_keep_the_index_of_what_has_expired_since()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        foreach (var line in new[] { "one\n", "two\n", "three\n" })
        {
            keeper.Write(StreamKind.Out, System.Text.Encoding.ASCII.GetBytes(line));
            keeper.Rotate(StreamKind.Out);
        }

        keeper.Write(StreamKind.Out, "four\n"u8);
        log.Turn(keeper.Now);
        var files = keeper.FilesOf(StreamKind.Out);
        keeper.Drop(StreamKind.Out, files[0].First, files[0].End);
        log.Turn(keeper.Now);
        Assert.Equal(0, log.Log.FindExpired());

        log.Writer.Files.Forget(new StreamName(StreamKind.Out, 0), files[1].End);

        Assert.Equal(2, log.Log.FindExpired());
    }

    [Fact]
    public void What_was_dropped_and_has_expired_since_is_counted_for_one_reason()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "one\ntwo\n"u8);
        keeper.Write(StreamKind.Err, "three\n"u8);
        keeper.Write(StreamKind.Out, "four\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "five\nsix\n"u8);
        log.Turn(keeper.Now);
        var (first, end) = keeper.FilesOf(StreamKind.Out)[0];
        keeper.Drop(StreamKind.Out, first, end);
        log.Turn(keeper.Now);

        log.Writer.AppendExpiry(5);
        log.Commit();

        var lost = new LogTally().CountLost(log.Log);
        Assert.Equal(3, lost[(int)HoleReason.Dropped]);
        Assert.Equal(2, lost[(int)HoleReason.Expired]);
        Assert.Equal(5, lost.Sum());
    }

    [Fact]
    public void A_line_that_lies_in_two_dropped_files_is_counted_once()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "one\ntw"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "o\nthree\n"u8);
        keeper.Rotate(StreamKind.Out);
        keeper.Write(StreamKind.Out, "four\n"u8);
        log.Turn(keeper.Now);

        foreach (var (first, end) in keeper.FilesOf(StreamKind.Out).Take(2).ToList())
        {
            keeper.Drop(StreamKind.Out, first, end);
            log.Turn(keeper.Now);
        }

        var (entries, holes) = log.ReadWithHoles();
        Assert.Equal(3, holes.Sum(hole => hole.To - hole.From + 1));
        Assert.Equal([4], entries.Select(entry => entry.Seq));
        Assert.Equal(3, new LogTally().CountLost(log.Log)[(int)HoleReason.Dropped]);
    }
}
