namespace Tspm.Daemon.Resources;

/// <summary>A process as the sampler sees it.</summary>
/// <param name="Run">The run that lives.</param>
/// <param name="Uptime">How long it has lived.</param>
/// <param name="Head">The newest entry of its log.</param>
/// <param name="MaxBytes">The most memory its tree may use; 0 for no limit.</param>
/// <param name="KeepsHistory">It is sampled though nobody looks.</param>
internal readonly record struct SampleTarget(
    SampledRun Run,
    TimeSpan Uptime,
    long Head,
    long MaxBytes,
    bool KeepsHistory
);

/// <summary>What the sampler needs of the processes.</summary>
internal interface ISampleTargets
{
    /// <summary>The processes that run now.</summary>
    public IReadOnlyList<SampleTarget> List();

    /// <summary>A tree is over its limit.</summary>
    /// <param name="run">Which.</param>
    /// <param name="text">What there is to say.</param>
    public void LimitPassed(in SampledRun run, string text);
}
