namespace Tspm.Client;

/// <summary>What became of every seq that a follower passed: shown + filtered + lost is last − first + 1.</summary>
public sealed class FollowReceipt
{
    /// <summary>The first seq that was passed; 0 if none was.</summary>
    public long First { get; private set; }

    /// <summary>The last seq that was passed.</summary>
    public long Last { get; private set; }

    /// <summary>Entries given out.</summary>
    public long Shown { get; private set; }

    /// <summary>Entries that were not wanted.</summary>
    public long Filtered { get; private set; }

    /// <summary>Entries told as gaps.</summary>
    public long Lost { get; private set; }

    /// <summary>Entries that had left the ring and were read from disk; they count as shown too.</summary>
    public long Recovered { get; private set; }

    internal void Cover(long after, long upTo, long shown, long lost)
    {
        First = First == 0 && upTo > after ? after + 1 : First;
        Last = Math.Max(Last, upTo);
        Shown += shown;
        Lost += lost;
        Filtered += upTo - after - shown - lost;
    }

    internal void Recover(long entries) => Recovered += entries;
}
