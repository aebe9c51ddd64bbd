using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Logs.Index;

/// <summary>Reads slots of one index file, from its first to its last committed one.</summary>
/// <remarks>A value of one read; it closes what it opened.</remarks>
internal readonly struct IndexReader(SafeFileHandle handle, bool isOwner, long first, long end)
    : IDisposable
{
    private const int ScanSlots = 128;

    /// <summary>The first slot that may be read.</summary>
    public long First => first;

    /// <summary>The slot after the last one that may be read.</summary>
    public long End => end;

    /// <summary>Reads slots; fewer than asked for at the end of what is committed.</summary>
    public int Read(long slot, Span<LogSpan> destination)
    {
        var room = (int)Math.Clamp(end - slot, 0, destination.Length);
        var bytes = MemoryMarshal.AsBytes(destination[..room]);
        return RandomAccess.Read(handle, bytes, slot * LogSpan.Size) / LogSpan.Size;
    }

    /// <summary>The last slot of an entry whose <paramref name="key"/> is not above a value; −1 if there is none.</summary>
    /// <remarks>Binary search; a probe that hits another slot goes on to the next entry (at most one event's payload away).</remarks>
    public long FindLast(Func<LogSpan, long> key, long value)
    {
        Span<LogSpan> scratch = stackalloc LogSpan[1];
        var low = first - 1;
        var high = end;
        long found = -1;
        while (low + 1 < high)
        {
            var middle = low + ((high - low) / 2);
            var entry = NextEntry(middle, high, scratch);
            if (entry >= 0 && key(scratch[0]) <= value)
            {
                found = entry;
                low = entry;
            }
            else
            {
                high = middle;
            }
        }

        return found;
    }

    /// <summary>The first slot of an entry at or after this one; −1 if there is none before <paramref name="stop"/>.</summary>
    public long NextEntry(long slot, long stop, Span<LogSpan> entry)
    {
        Span<LogSpan> block = stackalloc LogSpan[ScanSlots];
        while (slot < stop)
        {
            var read = Read(slot, block[..(int)Math.Min(ScanSlots, stop - slot)]);
            if (read == 0)
            {
                return -1;
            }

            for (var i = 0; i < read; i++)
            {
                if (block[i].IsEntry)
                {
                    entry[0] = block[i];
                    return slot + i;
                }
            }

            slot += read;
        }

        return -1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isOwner)
        {
            handle.Dispose();
        }
    }
}
