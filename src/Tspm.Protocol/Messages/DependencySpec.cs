namespace Tspm.Protocol.Messages;

/// <summary>What must be so of another process first.</summary>
/// <param name="Name">Its name, or <c>ns/name</c>; without a namespace the one of the process that depends. A group means all its instances.</param>
/// <param name="Condition">One of <see cref="DependencyConditions"/>.</param>
public sealed record DependencySpec(string Name, string Condition);

/// <summary>What can be waited for.</summary>
public static class DependencyConditions
{
    /// <summary>It runs.</summary>
    public const string Started = "started";

    /// <summary>Its readiness check has passed; without one: it runs.</summary>
    public const string Ready = "ready";

    /// <summary>Its health check passes; without one as ready.</summary>
    public const string Healthy = "healthy";

    /// <summary>It has ended successfully.</summary>
    public const string Completed = "completed";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Started, Ready, Healthy, Completed];
}
