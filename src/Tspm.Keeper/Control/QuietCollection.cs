namespace Tspm.Keeper.Control;

/// <summary>Gives back what a burst of orders left behind, once it is over: the loops allocate nothing, so nobody else would.</summary>
/// <remarks>Control thread only. A capture thread waits about a millisecond for it, with its bytes in the pipe.</remarks>
internal sealed class QuietCollection
{
    private const long QuietFor = 2_000_000_000;
    private const long WorthBytes = 512 * 1024;
    private long _seen = GC.GetTotalAllocatedBytes();
    private long _collected;
    private long _busyAt;

    /// <summary>Monotonic time, ns, of the next look; the last there is if nothing is worth it.</summary>
    public long DueAt => _seen - _collected >= WorthBytes ? _busyAt + QuietFor : long.MaxValue;

    /// <summary>Looks what was allocated, and collects if it is time.</summary>
    public void Turn(long now)
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated != _seen)
        {
            _seen = allocated;
            _busyAt = now;
        }
        else if (now >= DueAt)
        {
            GC.Collect(
                GC.MaxGeneration,
                GCCollectionMode.Aggressive,
                blocking: true,
                compacting: true
            );
            _seen = GC.GetTotalAllocatedBytes();
            _collected = _seen;
        }
    }
}
