namespace Tspm.Cli.Health;

/// <summary>What a look at one thing found.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Verdict">How it is.</param>
/// <param name="Found">What was found.</param>
/// <param name="Remedy">What to do; null if there is nothing to do.</param>
internal sealed record HealthCheck(
    string Name,
    HealthVerdict Verdict,
    string Found,
    string? Remedy = null
)
{
    /// <summary>All is well.</summary>
    public static HealthCheck Ok(string name, string found) => new(name, HealthVerdict.Ok, found);
}

/// <summary>How something is.</summary>
internal enum HealthVerdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, with a risk.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Fault,
}
