namespace Tspm.Protocol.Messages;

/// <summary>Stop and start, one after the other or several at once.</summary>
public sealed record RestartRequest
{
    /// <summary>Which ones.</summary>
    public required IReadOnlyList<string> Select { get; init; }

    /// <summary>How many at a time; 0 means all at once. With a number each must serve before the next is stopped.</summary>
    public int Parallel { get; init; }

    /// <summary>Those that depend on them too: stopped before, started after.</summary>
    public bool WithDependants { get; init; }

    /// <summary>The caller's environment, taken over before the restart; null leaves what there is.</summary>
    public IReadOnlyList<string>? Env { get; init; }
}

/// <summary>Change settings of known processes.</summary>
public sealed record SetRequest
{
    /// <summary>Which ones.</summary>
    public required IReadOnlyList<string> Select { get; init; }

    /// <summary><c>key=value</c>, applied in order.</summary>
    public required IReadOnlyList<string> Changes { get; init; }
}

/// <summary>Give a process another name.</summary>
/// <param name="Select">Which one.</param>
/// <param name="Name">The new name.</param>
/// <param name="Ns">The new namespace; null leaves it.</param>
public sealed record RenameRequest(string Select, string Name, string? Ns);

/// <summary>Have so many instances.</summary>
/// <param name="Name">The name of the group, or of a process that becomes its first.</param>
/// <param name="Count">How many.</param>
public sealed record ScaleRequest(string Name, int Count);
