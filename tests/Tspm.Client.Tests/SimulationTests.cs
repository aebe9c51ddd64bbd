using System.Globalization;
using Tspm.Simulator;

namespace Tspm.Client.Tests;

/// <summary>The whole system in one thread, with faults: the promise holds, and what breaks it is found.</summary>
public sealed class SimulationTests
{
    // The seeds of the gate stand fast; a failure names its own (Tspm.Simulator --seed N --trace).
    private const int FirstSeed = 784_000_000;

    // A minute of each core of the machine that the gate is made for.
    private const int Lanes = 2;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        int.Parse(
            Environment.GetEnvironmentVariable("TSPM_SIM_SECONDS") ?? "65",
            CultureInfo.InvariantCulture
        )
    );

    [Fact]
    public void What_was_shown_and_told_is_everything_whatever_fails_and_every_cell_was_visited()
    {
        var visits = new Visits();
        TestContext.Current.SendDiagnosticMessage("the first seed is {0}", FirstSeed);

        var result = Campaign.RunLanes(FirstSeed, Budget, Lanes, visits);

        Assert.Null(result.Failure);
        Assert.Equal([], visits.Unexpected());
        Assert.Equal([], visits.Missing());
        Assert.True(result.Shown > 1_000 && result.Gaps > 0 && result.Truncations > 0);
    }

    [Theory]
    [InlineData(nameof(BrokenPart.GapRow))]
    [InlineData(nameof(BrokenPart.Truncation))]
    [InlineData(nameof(BrokenPart.AfterCheck))]
    [InlineData(nameof(BrokenPart.ExpiredHole))]
    [InlineData(nameof(BrokenPart.CorruptHole))]
    [InlineData(nameof(BrokenPart.EarlyExit))]
    public void A_part_that_is_left_out_is_found(string part)
    {
        var broken = Enum.Parse<BrokenPart>(part);

        var result = Campaign.Run(FirstSeed, Budget, new Visits(), broken);

        Assert.NotNull(result.Failure);
    }

    // A seed means another schedule after the simulator has changed: what these found has tests of its own, in
    // LogMachineTests, MessageQueueTests, RequestTests, LogTests and DamageTests.
    [Theory]
    [InlineData(32)]
    [InlineData(137)]
    [InlineData(325)]
    [InlineData(3439)]
    [InlineData(7059)]
    [InlineData(7220)]
    [InlineData(114_746)]
    [InlineData(216_200)]
    [InlineData(302_063)]
    [InlineData(784_013_522)]
    [InlineData(785_001_451)]
    [InlineData(785_004_850)]
    [InlineData(785_038_449)]
    [InlineData(785_046_730)]
    [InlineData(790_046_650)]
    public void Seeds_that_once_found_a_fault_pass(int seed)
    {
        using var simulation = new Simulation(seed, new Visits(), BrokenPart.None);

        Assert.True(simulation.Run().Events >= 200);
    }
}
