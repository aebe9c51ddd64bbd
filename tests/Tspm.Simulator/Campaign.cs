using System.Diagnostics;

namespace Tspm.Simulator;

/// <summary>Seed after seed until the time is over or one fails.</summary>
internal static class Campaign
{
    private const int SeedsPerLane = 1_000_000;

    public static CampaignResult Run(
        int firstSeed,
        TimeSpan budget,
        Visits visits,
        BrokenPart broken = BrokenPart.None
    ) => Run(firstSeed, budget, visits, broken, static () => false);

    /// <summary>Several rows of seeds side by side; rare cells, once in 500 seeds, have longer to be visited.</summary>
    /// <param name="firstSeed">Of the first row; each has a million seeds of its own.</param>
    /// <param name="budget">Of each row.</param>
    /// <param name="lanes">How many rows.</param>
    /// <param name="visits">Hears of all that was visited.</param>
    public static CampaignResult RunLanes(int firstSeed, TimeSpan budget, int lanes, Visits visits)
    {
        var ofLanes = Enumerable.Range(0, lanes).Select(_ => new Visits()).ToList();
        var results = new CampaignResult[lanes];
        Parallel.For(
            0,
            lanes,
            new ParallelOptions { MaxDegreeOfParallelism = lanes },
            lane => results[lane] = Run(firstSeed + (lane * SeedsPerLane), budget, ofLanes[lane])
        );
        ofLanes.ForEach(visits.Add);
        var all = results.Aggregate((one, other) => one.And(other));

        // On a busy machine fewer seeds fit into the time.
        return all.Failure is null && visits.Missing().Count > 0
            ? all.And(
                Run(
                    firstSeed + (lanes * SeedsPerLane),
                    budget * 2,
                    visits,
                    BrokenPart.None,
                    () => visits.Missing().Count == 0
                )
            )
            : all;
    }

    private static CampaignResult Run(
        int firstSeed,
        TimeSpan budget,
        Visits visits,
        BrokenPart broken,
        Func<bool> isEnough
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
        } while (watch.Elapsed < budget && !isEnough());
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
)
{
    /// <summary>Both together; of two failures the first.</summary>
    public CampaignResult And(CampaignResult other) =>
        new(
            Seeds + other.Seeds,
            Shown + other.Shown,
            Gaps + other.Gaps,
            Truncations + other.Truncations,
            Failure ?? other.Failure
        );
}

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
