using Tspm.Cli.FullScreen.Model;

namespace Tspm.Cli.Tests.FullScreen;

/// <summary>Pages of the view become one stretch where they meet, and only there.</summary>
public sealed class LogSliceTests
{
    [Fact]
    public void A_new_epoch_goes_on_where_the_one_before_ended()
    {
        var slice = LogSlice.Of(Page(epoch: 1, first: 1, last: 6)).Append(Page(2, 7, 9, before: 6));

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], slice.Lines.Select(line => line.Seq));
        Assert.Equal((2u, 0L, 9L), (slice.Epoch, slice.After, slice.UpTo));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    public void Where_the_end_of_an_epoch_was_lost_nothing_of_it_stays(long before)
    {
        var slice = LogSlice.Of(Page(epoch: 1, first: 1, last: 6)).Append(Page(2, 7, 9, before));

        Assert.Equal([7, 8, 9], slice.Lines.Select(line => line.Seq));
    }

    [Fact]
    public void An_older_epoch_comes_before()
    {
        var slice = LogSlice.Of(Page(2, 7, 9, before: 6)).Prepend(Page(1, 1, 6));

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], slice.Lines.Select(line => line.Seq));
        Assert.Equal((2u, 0L, 9L), (slice.Epoch, slice.After, slice.UpTo));
    }

    [Fact]
    public void A_later_epoch_before_a_stretch_takes_its_place()
    {
        var slice = LogSlice.Of(Page(1, 7, 9)).Prepend(Page(2, 4, 6, before: 3));

        Assert.Equal([4, 5, 6], slice.Lines.Select(line => line.Seq));
    }

    [Fact]
    public void Pages_join_at_the_end_of_an_epoch_only()
    {
        var page = Page(1, 1, 6);

        Assert.Equal(9, page.Join(Page(2, 7, 9, before: 6))!.Lines.Count);
        Assert.Null(page.Join(Page(1, 7, 9)));
        Assert.Null(page.Join(Page(2, 7, 9, before: 4)));
    }

    private static LoadedPage Page(uint epoch, long first, long last, long before = -1) =>
        new(
            1,
            "log",
            epoch,
            before,
            first - 1,
            last,
            Head: 9,
            OldestDisk: 1,
            [
                .. Enumerable
                    .Range((int)first, (int)(last - first + 1))
                    .Select(seq => new LogLine
                    {
                        Id = 1,
                        Seq = seq,
                        LastSeq = seq,
                        Ord = (ulong)seq,
                        Wall = seq,
                        Kind = LineKind.Out,
                        Text = default,
                    }),
            ]
        );
}
