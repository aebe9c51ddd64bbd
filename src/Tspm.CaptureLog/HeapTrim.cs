namespace Tspm.CaptureLog;

/// <summary>Gives the garbage of a burst back to the machine once it is quiet; the collector alone would wait for the next burst.</summary>
/// <remarks>
/// No timer and no thread of its own: one loop that wakes for other reasons asks, and wakes once more while something is
/// to be given back. Who is idle is told <see cref="long.MaxValue"/> and may sleep for ever.
/// </remarks>
public sealed class HeapTrim
{
    /// <summary>Bytes that must have been allocated since the last time.</summary>
    public const long Worth = 1024 * 1024;

    /// <summary>Bytes allocated between two looks that still are quiet.</summary>
    public const long Quiet = 256 * 1024;

    /// <summary>Between two looks, ns.</summary>
    public const long LookAfter = 3_000_000_000;

    private readonly Func<long> _readAllocated;
    private readonly Action _collect;
    private long _trimmedAt;
    private long _seen = long.MinValue;
    private long _dueAt = long.MaxValue;

    /// <summary>Makes one.</summary>
    /// <param name="readAllocated">Bytes that were allocated so far.</param>
    /// <param name="collect">Gives back.</param>
    public HeapTrim(Func<long> readAllocated, Action collect)
    {
        _readAllocated = readAllocated;
        _collect = collect;
    }

    /// <summary>That of this program.</summary>
    public static HeapTrim OfThisProgram() =>
        new(
            static () => GC.GetTotalAllocatedBytes(),
            static () =>
                GC.Collect(
                    GC.MaxGeneration,
                    GCCollectionMode.Aggressive,
                    blocking: true,
                    compacting: true
                )
        );

    /// <summary>Looks; gives back if it is time.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <returns>When to look again; <see cref="long.MaxValue"/>: when something has happened.</returns>
    public long Turn(long now)
    {
        var allocated = _readAllocated();
        if (allocated - _trimmedAt < Worth)
        {
            return _dueAt = long.MaxValue;
        }

        if (_dueAt == long.MaxValue || (now >= _dueAt && allocated - _seen > Quiet))
        {
            _seen = allocated;
            return _dueAt = now + LookAfter;
        }

        if (now < _dueAt)
        {
            return _dueAt;
        }

        _collect();
        _trimmedAt = _readAllocated();
        return _dueAt = long.MaxValue;
    }
}
