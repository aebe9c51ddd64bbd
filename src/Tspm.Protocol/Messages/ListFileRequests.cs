namespace Tspm.Protocol.Messages;

/// <summary>Start what ran when the machine or tspm ended, in the order in which it was started.</summary>
public sealed record ResurrectRequest
{
    /// <summary>Tell what would be done, and do nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>A list that was saved; its processes are added, and started if they ran then. Absolute.</summary>
    public string? File { get; init; }
}

/// <summary>Save the list.</summary>
public sealed record SaveRequest
{
    /// <summary>Where a copy goes, absolute; null for the list itself, which is always saved.</summary>
    public string? File { get; init; }
}

/// <summary>The list is saved.</summary>
public sealed record SaveReply
{
    /// <summary>Where.</summary>
    public required string File { get; init; }

    /// <summary>Processes in it.</summary>
    public int Processes { get; init; }
}
