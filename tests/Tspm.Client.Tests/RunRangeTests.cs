using Tspm.Protocol.Messages;

namespace Tspm.Client.Tests;

public sealed class RunRangeTests
{
    [Theory]
    [InlineData("all", 7, 0)]
    [InlineData("current", 7, 7)]
    [InlineData("previous", 7, 6)]
    [InlineData("3", 7, 3)]
    [InlineData("-0", 7, 7)]
    [InlineData("-6", 7, 1)]
    public void A_range_is_one_run_or_all(string text, uint newest, uint run)
    {
        Assert.True(RunRange.TryParse(text, out var range));

        var selection = range.Narrow(new LogSelection(), newest);

        Assert.Equal(run, selection.FirstRun);
        Assert.Equal(run == 0 ? null : run, selection.LastRun);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("")]
    [InlineData("last")]
    [InlineData("1.5")]
    [InlineData("99999999999")]
    [InlineData("--1")]
    public void What_is_no_range_is_refused(string text)
    {
        Assert.False(RunRange.TryParse(text, out _));
    }

    [Theory]
    [InlineData("8", 7)]
    [InlineData("-7", 7)]
    [InlineData("current", 0)]
    public void A_run_that_there_is_not_is_an_error_and_no_empty_success(string text, uint newest)
    {
        Assert.True(RunRange.TryParse(text, out var range));

        var error = Assert.Throws<TspmException>(() => range.Narrow(new LogSelection(), newest));

        Assert.Equal("not-found", error.Code);
    }
}
