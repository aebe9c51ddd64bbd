using System.Diagnostics;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>A pid that means another process by now is left alone.</summary>
public sealed class TreeKillerTests
{
    private const int Kill = 9;

    [Fact]
    public void A_stranger_that_has_the_pid_of_one_that_is_gone_is_not_signalled()
    {
        using var program = Process.Start("/bin/sleep", "1000");
        var facts = ProcFacts.Read(program.Id)!.Value;
        var gone = facts with { StartTime = facts.StartTime - 1 };

        Assert.Empty(TreeKiller.Living([gone]));
        TreeKiller.Signal([gone], Kill);
        Assert.Equal(facts.StartTime, ProcFacts.Read(program.Id)?.StartTime);
        Assert.False(program.HasExited);

        Assert.Single(TreeKiller.Living([facts]));
        TreeKiller.Signal([facts], Kill);
        Assert.True(program.WaitForExit(20_000));
    }
}
