using Tspm.Protocol;

namespace Tspm.Client;

/// <summary>Where a follow begins and what it does about gaps.</summary>
public sealed record LogFollowOptions
{
    /// <summary>The newest so many entries first; null means none, <see cref="long.MaxValue"/> all.</summary>
    public long? Tail { get; init; }

    /// <summary>Begin with the first entry not before this time, in units of 100 ns since 1970 UTC; instead of <see cref="Tail"/>.</summary>
    public long? Since { get; init; }

    /// <summary>Begin after a position that was seen before; instead of <see cref="Tail"/>. One log only.</summary>
    public LogPosition? After { get; init; }

    /// <summary>Go on with what comes; else end at the head.</summary>
    public bool Follow { get; init; } = true;

    /// <summary><c>out</c>, <c>err</c>, <c>event</c>; empty means all.</summary>
    public IReadOnlyList<string> Streams { get; init; } = [];

    /// <summary>
    /// Who reads what has left the ring, if gaps are filled: the daemon, inside the subscription (true), or this
    /// client, by requests for pages (false). What comes out is the same.
    /// </summary>
    public bool Catchup { get; init; } = true;

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
