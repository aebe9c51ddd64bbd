using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>How a run ended, in words.</summary>
public sealed class RunOutcomeTests
{
    [Theory]
    [InlineData(0, 0, "exited(0)", false)]
    [InlineData(1, 0, "exited(1)", true)]
    [InlineData(255, 0, "exited(255)", true)]
    [InlineData(null, 0, "exited(?)", true)]
    [InlineData(null, 9, "killed(KILL)", true)]
    [InlineData(null, 11, "killed(SEGV)", true)]
    [InlineData(null, 15, "killed(TERM)", true)]
    [InlineData(null, 34, "killed(34)", true)]
    public void The_words_tell_code_or_signal_and_only_code_0_is_no_failure(
        int? code,
        int signal,
        string words,
        bool isFailure
    )
    {
        var outcome = new RunOutcome(code, signal);

        Assert.Equal(words, outcome.ToString());
        Assert.Equal(isFailure, outcome.IsFailure);
    }

    [Fact]
    public void Every_standard_signal_has_a_name_of_its_own()
    {
        var names = Enumerable
            .Range(1, 31)
            .Select(signal => new RunOutcome(null, signal).SignalName)
            .ToList();

        Assert.Equal(31, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[A-Z]+[12]?$", name!));
        Assert.Null(RunOutcome.Unknown.SignalName);
    }
}
