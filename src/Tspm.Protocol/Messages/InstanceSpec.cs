namespace Tspm.Protocol.Messages;

/// <summary>One of several processes that are alike.</summary>
public sealed record InstanceSpec
{
    /// <summary>The most instances of one group.</summary>
    public const int MaxInstances = 1_000;

    /// <summary>The name that all of them go by; this one is <c>group.index</c>.</summary>
    public required string Group { get; init; }

    /// <summary>Which one, from 0; the program sees it as TSPM_INSTANCE.</summary>
    public int Index { get; init; }

    /// <summary>By how much PORT differs from one to the next; 0 leaves it alone.</summary>
    public int PortStep { get; init; }
}
