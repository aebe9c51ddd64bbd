namespace Tspm.Logs;

/// <summary>Entries that had their numbers when their bytes were dropped: how many, and which, so that none is counted for two reasons.</summary>
/// <remarks>Any thread. Of more than <see cref="MaxRanges"/> stretches the later ones are only counted.</remarks>
internal sealed class DroppedSeqs
{
    private const int MaxRanges = 4096;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<(long From, long To)> _ranges = [];
    private long _count;

    /// <summary>How many there are.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Adds a stretch that is not in it yet.</summary>
    public void Add(long from, long to)
    {
        lock (_gate)
        {
            _count += to - from + 1;
            var at = _ranges.FindIndex(range => range.To + 1 == from || to + 1 == range.From);
            if (at >= 0)
            {
                var known = _ranges[at];
                _ranges[at] = (Math.Min(known.From, from), Math.Max(known.To, to));
            }
            else if (_ranges.Count < MaxRanges)
            {
                _ranges.Add((from, to));
            }
        }
    }

    /// <summary>How many of a stretch are in it.</summary>
    public long CountWithin(long from, long to)
    {
        lock (_gate)
        {
            var count = 0L;
            foreach (var range in _ranges)
            {
                count += Math.Max(0, Math.Min(to, range.To) - Math.Max(from, range.From) + 1);
            }

            return count;
        }
    }
}
