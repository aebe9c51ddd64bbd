namespace Tspm.Protocol.Messages;

/// <summary>How one finds out whether a program serves.</summary>
public sealed record ProbeSpec
{
    /// <summary><c>log:/re/</c>, <c>tcp:HOST:PORT</c>, <c>http:URL</c>, <c>exec:SHELL LINE</c> or <c>notify</c>.</summary>
    public required string Check { get; init; }

    /// <summary>Time before the first look, ms.</summary>
    public int DelayMs { get; init; }

    /// <summary>Time between two looks, ms.</summary>
    public int EveryMs { get; set; } = 1_000;

    /// <summary>The longest that one look may take, ms.</summary>
    public int TimeoutMs { get; set; } = 1_000;

    /// <summary>Looks in a row that must fail before it counts as unhealthy (health only).</summary>
    public int Failures { get; set; } = 3;

    /// <summary>Looks in a row that must succeed.</summary>
    public int Successes { get; set; } = 1;

    /// <summary>How long it may take to become ready before that is told, ms (ready only).</summary>
    public int DeadlineMs { get; set; } = 60_000;

    /// <summary>One of <see cref="HealthActions"/> (health only).</summary>
    public string Action { get; set; } = HealthActions.Tell;
}

/// <summary>What is done about an unhealthy program.</summary>
public static class HealthActions
{
    /// <summary>It is stopped and started again, as its restart policy bounds it.</summary>
    public const string Restart = "restart";

    /// <summary>It is told in the log and in the list.</summary>
    public const string Tell = "tell";

    /// <summary>Both of them.</summary>
    public static readonly IReadOnlyList<string> All = [Restart, Tell];
}
