using Tspm.Cli.Rendering;
using Tspm.Cli.Tests.Completion;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>How runs ended, a sign each; numbers with their words.</summary>
public sealed class RunStripTests
{
    [Fact]
    public void Each_run_has_its_sign_the_oldest_first()
    {
        var process = SomeProcess.With("web", "default", 7) with
        {
            Stop = new StopSpec { Signal = 15, MoreSignals = [2] },
            Runs =
            [
                Run(7, ended: false),
                Run(6, code: 0),
                Run(5, code: 1),
                Run(4, signal: "TERM"),
                Run(3, signal: "INT"),
                Run(2, signal: "SEGV"),
                Run(1),
            ],
        };

        Assert.Equal("?✗■■✗✓▶", RunStrip.Draw(process));
        Assert.Contains(
            "last runs  ?✗■■✗✓▶\n",
            DescribeText.Format(process, Nothing),
            StringComparison.Ordinal
        );
        Assert.Contains("last runs\n", DescribeText.Format(process), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_history_is_its_newest_part()
    {
        var process = SomeProcess.With("web", "default", 7) with
        {
            Runs =
            [
                .. Enumerable
                    .Range(0, 50)
                    .Select(i =>
                        Run(
                            (uint)(50 - i),
                            code: i == 29 ? 1
                                : i < 30 ? 0
                                : 2
                        )
                    ),
            ],
        };

        Assert.Equal($"✗{new string('✓', 29)}", RunStrip.Draw(process));
    }

    [Theory]
    [InlineData(0, "0 entries")]
    [InlineData(1, "1 entry")]
    [InlineData(2, "2 entries")]
    public void A_number_agrees_with_its_word(long count, string text) =>
        Assert.Equal(text, Counted.Of(count, "entry", "entries"));

    private static ProcessSamples Nothing =>
        new()
        {
            Id = 0,
            Ns = "default",
            Name = "web",
            Status = "running",
            StatusText = "running",
        };

    private static RunView Run(
        uint run,
        bool ended = true,
        int? code = null,
        string? signal = null
    ) => new(run, "id", 1, "from", ended ? "to" : null, code, signal, null, null, null);
}
