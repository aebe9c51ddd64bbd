using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Client;

/// <summary>Where a follow begins and what it does about gaps.</summary>
public sealed record LogFollowOptions
{
    /// <summary>The newest so many wanted entries first; null means none, <see cref="long.MaxValue"/> all.</summary>
    public long? Tail { get; init; }

    /// <summary>Begin with the first entry not before this time, in units of 100 ns since 1970 UTC; instead of <see cref="Tail"/>.</summary>
    public long? Since { get; init; }

    /// <summary>End before the first entry after this time, in units of 100 ns since 1970 UTC.</summary>
    public long? Until { get; init; }

    /// <summary>Begin after what was seen before; instead of <see cref="Tail"/>. A log that is not in it is read from its start.</summary>
    public FollowCursor? Cursor { get; init; }

    /// <summary>Begin after a position; instead of <see cref="Tail"/>. For one log.</summary>
    public LogPosition? After { get; init; }

    /// <summary>Go on with what comes; else end at the head.</summary>
    public bool Follow { get; init; } = true;

    /// <summary>Which entries are wanted.</summary>
    public LogSelection Selection { get; init; } = new();

    /// <summary>Of which runs.</summary>
    public RunRange Runs { get; init; }

    /// <summary>Processes made later that these selectors mean are followed as well, from their start; empty means none.</summary>
    public IReadOnlyList<string> Join { get; init; } = [];

    /// <summary>A single log that is deleted is followed on under its name, if that is made again within 2 s.</summary>
    public bool FollowsName { get; init; }

    /// <summary>Each log ends with the run that it is in when the follow begins, or at its head if that has ended.</summary>
    public bool UntilExit { get; init; }

    /// <summary>
    /// Who reads what has left the ring, if gaps are filled: the daemon, inside the subscription (true), or this
    /// client, by requests for pages (false). What comes out is the same.
    /// </summary>
    public bool Catchup { get; init; } = true;

    /// <summary>History comes inside the subscription instead of in pages. What comes out is the same. Not with <see cref="Since"/>.</summary>
    public bool IsSingleRequest { get; init; }

    /// <summary>What is done when entries left the daemon's ring before they came here.</summary>
    public GapPolicy Gaps { get; init; } = GapPolicy.Fill;
}

/// <summary>What is done about entries that left the ring.</summary>
public enum GapPolicy
{
    /// <summary>They are read from disk if they are there.</summary>
    Fill,

    /// <summary>They are told as a gap.</summary>
    Skip,
}
