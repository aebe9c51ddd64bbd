using Tspm.CaptureLog.Control;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Tests;

/// <summary>What a keeper hands on over exec, also to and from one that is older.</summary>
public sealed class HandoverTests
{
    [Fact]
    public void The_stdin_of_each_run_is_handed_on()
    {
        var handover = Of(Run(1, input: 41), Run(2, input: -1), Run(3, input: 43));

        var read = Handover.Decode(handover.Encode().Span[ControlFrame.HeaderBytes..])!;

        Assert.Equal([41, -1, 43], read.Runs.Select(run => run.Input));
        Assert.Contains(41, handover.Descriptors);
        Assert.DoesNotContain(-1, handover.Descriptors);
    }

    [Fact]
    public void A_keeper_that_knows_of_no_stdin_hands_on_to_one_that_does()
    {
        var handover = Of(Run(1, input: 41), Run(2, input: 42));
        var whole = handover.Encode().Span[ControlFrame.HeaderBytes..];

        // As an older one wrote it: without the numbers behind the runs.
        var read = Handover.Decode(whole[..^(2 * sizeof(uint))])!;

        Assert.Equal([1u, 2u], read.Runs.Select(run => run.Order.Process));
        Assert.All(read.Runs, run => Assert.Equal(-1, run.Input));
    }

    private static Handover Of(params HandedRun[] runs) =>
        new()
        {
            Lock = 3,
            Listener = 4,
            Daemon = new HandedDaemon(5, true, true, 1),
            Runs = runs,
        };

    private static HandedRun Run(uint process, int input) =>
        new(
            new SpawnOrder
            {
                Process = process,
                Run = 1,
                RunId = Guid.NewGuid(),
                Cwd = "/",
                Command = ["cat"],
                Flags = SpawnFlags.Stdin,
            },
            100,
            1,
            false,
            true,
            [],
            []
        )
        {
            Input = input,
        };
}
