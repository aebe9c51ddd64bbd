using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>One file of the index: an array of slots of which a known number is committed.</summary>
/// <remarks>Reads are safe for many threads; only the ingest thread writes.</remarks>
internal sealed class IndexFile : IDisposable
{
    private const int ScanSlots = 128;

    private IndexFile(SafeFileHandle handle, string path, in HeaderSlot header)
    {
        Handle = handle;
        Path = path;
        FirstSeq = header.FirstSeq;
        Epoch = header.Epoch;
        LogId = header.LogId;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The first seq that can stand in it.</summary>
    public long FirstSeq { get; }

    /// <summary>The epoch of all its entries.</summary>
    public uint Epoch { get; }

    /// <summary>The log it belongs to.</summary>
    public Guid LogId { get; }

    /// <summary>Slots that are committed, the header included.</summary>
    public long Slots { get; private set; } = 1;

    private SafeFileHandle Handle { get; }

    /// <summary>Makes a file with its header and a first batch; it gets its name by a rename, so it is never there without them.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static IndexFile Create(
        string path,
        in HeaderSlot header,
        ReadOnlySpan<LogSpan> firstBatch
    )
    {
        var fresh = path + ".new";
        var handle = File.OpenHandle(
            fresh,
            FileMode.Create,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        RandomAccess.Write(
            handle,
            MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in header)),
            0
        );
        RandomAccess.Write(handle, MemoryMarshal.AsBytes(firstBatch), LogSpan.Size);
        File.Move(fresh, path, overwrite: true);
        return new IndexFile(handle, path, header) { Slots = 1 + firstBatch.Length };
    }

    /// <summary>Opens a file; null if it has no good header.</summary>
    public static IndexFile? Open(string path)
    {
        var handle = File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        Span<HeaderSlot> header = stackalloc HeaderSlot[1];
        var length = RandomAccess.Read(handle, MemoryMarshal.AsBytes(header), 0);
        if (length < LogSpan.Size || !header[0].IsGood)
        {
            handle.Dispose();
            return null;
        }

        return new IndexFile(handle, path, header[0])
        {
            Slots = RandomAccess.GetLength(handle) / LogSpan.Size,
        };
    }

    /// <summary>Appends slots that end with a commit; they are visible to readers when this returns.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Append(ReadOnlySpan<LogSpan> slots)
    {
        RandomAccess.Write(Handle, MemoryMarshal.AsBytes(slots), Slots * LogSpan.Size);
        Slots += slots.Length;
    }

    /// <summary>Reads slots; fewer than asked for at the end of what is committed.</summary>
    public int Read(long slot, Span<LogSpan> destination)
    {
        var room = (int)Math.Clamp(Slots - slot, 0, destination.Length);
        var bytes = MemoryMarshal.AsBytes(destination[..room]);
        return RandomAccess.Read(Handle, bytes, slot * LogSpan.Size) / LogSpan.Size;
    }

    /// <summary>Cuts what follows the last good commit.</summary>
    /// <returns>The commit; null if there is none.</returns>
    public CommitSlot? CutToLastCommit(Span<LogSpan> scratch)
    {
        for (var last = Slots - 1; last >= 1; last--)
        {
            if (Read(last, scratch[..1]) == 1 && scratch[0].Kind == SlotKind.Commit)
            {
                var commit = MemoryMarshal.Cast<LogSpan, CommitSlot>(scratch)[0];
                var first = last + 1 - commit.Slots;
                if (
                    first >= 1
                    && commit.Slots <= scratch.Length
                    && IsGood(first, scratch[..commit.Slots])
                )
                {
                    Cut(last + 1);
                    return commit;
                }
            }
        }

        return null;
    }

    /// <summary>The last slot of an entry whose <paramref name="key"/> is not above a value; −1 if there is none.</summary>
    /// <remarks>Binary search; a probe that hits another slot goes on to the next entry (at most one event's payload away).</remarks>
    public long FindLast(Func<LogSpan, long> key, long value)
    {
        Span<LogSpan> scratch = stackalloc LogSpan[1];
        long low = 0;
        var high = Slots;
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

    /// <summary>The first slot of an entry at or after this one; −1 if there is none before <paramref name="end"/>.</summary>
    private long NextEntry(long slot, long end, Span<LogSpan> entry)
    {
        Span<LogSpan> block = stackalloc LogSpan[ScanSlots];
        while (slot < end)
        {
            var read = Read(slot, block[..(int)Math.Min(ScanSlots, end - slot)]);
            if (read == 0)
            {
                return -1;
            }

            for (var i = 0; i < read; i++)
            {
                if (block[i].Kind is SlotKind.Span or SlotKind.Event)
                {
                    entry[0] = block[i];
                    return slot + i;
                }
            }

            slot += read;
        }

        return -1;
    }

    /// <summary>Waits until everything appended is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Sync() => RandomAccess.FlushToDisk(Handle);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private bool IsGood(long first, Span<LogSpan> batch)
    {
        if (Read(first, batch) != batch.Length)
        {
            return false;
        }

        ref var commit = ref MemoryMarshal.Cast<LogSpan, CommitSlot>(batch[^1..])[0];
        var told = commit.Checksum;
        commit.Checksum = 0;
        return Crc32C.Compute(MemoryMarshal.AsBytes(batch)) == told;
    }

    private void Cut(long slots)
    {
        if (RandomAccess.GetLength(Handle) != slots * LogSpan.Size)
        {
            RandomAccess.SetLength(Handle, slots * LogSpan.Size);
        }

        Slots = slots;
    }
}
