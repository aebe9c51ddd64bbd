using System.Diagnostics;

namespace Tspm.Simulator;

/// <summary>Seed after seed until the time is over or one fails.</summary>
internal static class Campaign
{
    public static CampaignResult Run(
        int firstSeed,
        TimeSpan budget,
        Visits visits,
        BrokenPart broken = BrokenPart.None
    )
    {
        var watch = Stopwatch.StartNew();
        long shown = 0;
        long gaps = 0;
        long truncated = 0;
        var seed = firstSeed;
        do
        {
            try
            {
                using var simulation = new Simulation(seed, visits, broken);
                var run = simulation.Run();
                shown += run.Shown;
                gaps += run.Gaps;
                truncated += run.Truncations;
            }
            catch (InvariantException failure)
            {
                return new CampaignResult(seed - firstSeed + 1, shown, gaps, truncated, failure);
            }

            seed++;

            // On a busy machine fewer seeds fit: rare cells, once in 500 seeds, have longer to be visited.
        } while (
            watch.Elapsed < budget
            || (
                broken == BrokenPart.None
                && watch.Elapsed < budget * 3
                && visits.Missing().Count > 0
            )
        );
        return new CampaignResult(seed - firstSeed, shown, gaps, truncated, null);
    }
}

/// <summary>What a campaign came to.</summary>
internal sealed record CampaignResult(
    int Seeds,
    long Shown,
    long Gaps,
    long Truncations,
    InvariantException? Failure
);

/// <summary>What one run came to.</summary>
internal sealed record RunResult(
    int Seed,
    int Events,
    int Faults,
    long Shown,
    long Gaps,
    long Truncations
);

/// <summary>Something that must always hold does not.</summary>
internal sealed class InvariantException(string message) : Exception(message);

/// <summary>A part of the client that is left out, to see that the simulator finds it.</summary>
internal enum BrokenPart
{
    None,

    /// <summary>The row of a gap is not told.</summary>
    GapRow,

    /// <summary>That the store ends before what was seen is not looked at.</summary>
    Truncation,

    /// <summary>A batch that begins after the position is taken as if it followed on it.</summary>
    AfterCheck,

    /// <summary>What retention took is not told.</summary>
    ExpiredHole,

    /// <summary>What was damaged is not told.</summary>
    CorruptHole,

    /// <summary>The end of a run is entered before its last lines (a fault of the daemon).</summary>
    EarlyExit,
}
