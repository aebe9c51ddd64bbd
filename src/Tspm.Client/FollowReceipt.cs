namespace Tspm.Client;

/// <summary>What became of every seq that a follower passed: shown + filtered + lost is last − first + 1 + truncated.</summary>
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

    /// <summary>Entries that were passed and are not in the store any more; their seqs were passed again.</summary>
    public long Truncated { get; private set; }

    /// <summary>The first run that an entry was of; 0 if there was none.</summary>
    public uint FirstRun { get; private set; }

    /// <summary>The last run that an entry was of.</summary>
    public uint LastRun { get; private set; }

    /// <summary>Whether the sums add up; they always do.</summary>
    public bool IsBalanced =>
        Shown + Filtered + Lost == (First == 0 ? 0 : Last - First + 1) + Truncated;

    internal void Cover(long after, long upTo, long shown, long lost)
    {
        First = First == 0 && upTo > after ? after + 1 : First;
        Last = upTo;
        Shown += shown;
        Lost += lost;
        Filtered += upTo - after - shown - lost;
    }

    internal void Recover(long entries) => Recovered += entries;

    internal void PassRuns(uint first, uint last)
    {
        FirstRun = FirstRun == 0 ? first : FirstRun;
        LastRun = Math.Max(LastRun, last);
    }

    /// <summary>The store ends so many entries before what was passed.</summary>
    internal void Rewind(long entries)
    {
        // What was passed before this follow began is not in the sums.
        var counted = First == 0 ? 0 : Math.Min(entries, Last - First + 1);
        Truncated += counted;
        Last -= counted;
        First = Last < First ? 0 : First;
    }
}
