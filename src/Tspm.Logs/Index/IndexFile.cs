using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>A stretch of good batches of one index file; a file without damage is one stretch.</summary>
/// <remarks>
/// The newest file is open for writing; the others are opened for each read, so that a log of many files costs no
/// descriptors. Reads are safe for many threads; only the ingest thread writes.
/// </remarks>
internal sealed class IndexFile : IDisposable
{
    private readonly SafeFileHandle? _writer;
    private readonly HeaderSlot _header;
    private long _end;
    private long _lastSeq;

    private IndexFile(SafeFileHandle? writer, string path, bool isSpill, in HeaderSlot header)
    {
        _writer = writer;
        _header = header;
        Path = path;
        IsSpill = isSpill;
        FirstSeq = header.FirstSeq;
        _lastSeq = header.FirstSeq - 1;
        _end = FirstSlot;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>True if it is in the spill directory, which a reboot empties.</summary>
    public bool IsSpill { get; }

    /// <summary>True if the file before it was in the spill directory: a hole before it is what a reboot took.</summary>
    public bool FollowsSpill => _header.FollowsSpill;

    /// <summary>The first seq that can stand in this stretch.</summary>
    public long FirstSeq { get; private init; }

    /// <summary>The first seq that can stand in the whole file.</summary>
    public long FirstOfFile => _header.FirstSeq;

    /// <summary>The last seq of this stretch.</summary>
    public long LastSeq => Volatile.Read(ref _lastSeq);

    /// <summary>The epoch of all its entries.</summary>
    public uint Epoch => _header.Epoch;

    /// <summary>The log it belongs to.</summary>
    public Guid LogId => _header.LogId;

    /// <summary>The process it belongs to.</summary>
    public uint Process => _header.Process;

    /// <summary>The first slot of this stretch.</summary>
    public long FirstSlot { get; private init; } = 1;

    /// <summary>The slot after the last committed one.</summary>
    public long Slots => Volatile.Read(ref _end);

    /// <summary>Its last commit.</summary>
    public CommitSlot LastCommit { get; private set; }

    /// <summary>What is told as gone in its last batch that tells it.</summary>
    public FloorSlot? Floor { get; private set; }

    /// <summary>The stretches that are told as dropped or suspect in its last batch that tells them; none if no batch does.</summary>
    public RangeSlot[] Ranges { get; private set; } = [];

    /// <summary>True if its header was damaged where that costs nothing, and stands in the file so.</summary>
    public bool HasMendedHeader { get; private init; }

    /// <summary>Its header.</summary>
    public ref readonly HeaderSlot Header => ref _header;

    /// <summary>True if the checksums of all its batches were seen to hold.</summary>
    public bool IsVerified { get; private init; }

    /// <summary>True if the batch that began its epoch was looked for and is not in this stretch.</summary>
    public bool IsBeginningLost { get; private init; }

    /// <summary>Bytes of the committed slots.</summary>
    public long Bytes => Slots * LogSpan.Size;

    /// <summary>Makes a file with its header and a first batch; it gets its name by a rename, so it is never there without them.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static IndexFile Create(
        string path,
        bool isSpill,
        in HeaderSlot header,
        ReadOnlySpan<LogSpan> firstBatch
    )
    {
        var fresh = path + ".new";
        var handle = OpenFresh(fresh);
        try
        {
            File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            RandomAccess.Write(
                handle,
                MemoryMarshal.AsBytes(new ReadOnlySpan<HeaderSlot>(in header)),
                0
            );
            var file = new IndexFile(handle, path, isSpill, header) { IsVerified = true };
            file.Append(firstBatch);
            CrashPoint.Pass(CrashPoint.InIndexFile);
            DiskSeam.Pass(DiskStep.Rename);
            File.Move(fresh, path, overwrite: true);
            return file;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenFresh(string fresh)
    {
        const int noAccess = 13;
        DiskSeam.Pass(DiskStep.Create);
        try
        {
            return File.OpenHandle(
                fresh,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
        }
        catch (UnauthorizedAccessException refused)
        {
            // A disk that may not be written is a disk that refuses, like any other.
            throw new IOException(refused.Message, noAccess);
        }
    }

    /// <summary>Reads the header of a file and looks at its last slot.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="isSpill">Whether that is the spill directory.</param>
    /// <param name="file">The file, as long as its last slot says; not yet verified.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static IndexVerdict TryOpen(string path, bool isSpill, out IndexFile? file)
    {
        file = null;
        using var handle = OpenHandle(path);
        Span<HeaderSlot> header = stackalloc HeaderSlot[1];
        var length = RandomAccess.Read(handle, MemoryMarshal.AsBytes(header), 0);
        if (length < LogSpan.Size)
        {
            return IndexVerdict.Damaged;
        }

        if (header[0].IsOfLaterVersion)
        {
            return IndexVerdict.LaterVersion;
        }

        var isMended = !header[0].IsGood;
        if (!header[0].TryMend(out var whole))
        {
            return IndexVerdict.Damaged;
        }

        file = new IndexFile(null, path, isSpill, whole) { HasMendedHeader = isMended };
        return file.LookAtEnd(handle);
    }

    /// <summary>A file whose own header is damaged, with another one; not yet verified.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static IndexFile WithHeader(string path, bool isSpill, in HeaderSlot header)
    {
        using var handle = OpenHandle(path);
        var file = new IndexFile(null, path, isSpill, header);
        _ = file.LookAtEnd(handle);
        return file;
    }

    private IndexVerdict LookAtEnd(SafeFileHandle handle)
    {
        _end = RandomAccess.GetLength(handle) / LogSpan.Size;
        Span<CommitSlot> last = stackalloc CommitSlot[1];
        var read = RandomAccess.Read(
            handle,
            MemoryMarshal.AsBytes(last),
            (_end - 1) * LogSpan.Size
        );
        if (read < LogSpan.Size || _end < 2 || last[0].Kind != SlotKind.Commit)
        {
            return IndexVerdict.TornEnd;
        }

        LastCommit = last[0];
        _lastSeq = last[0].LastSeq;
        return IndexVerdict.Good;
    }

    /// <summary>Checks every batch.</summary>
    /// <returns>The good stretches, in order; itself if nothing is damaged, none if nothing is good.</returns>
    /// <exception cref="IOException">The device failed, or the file is gone.</exception>
    public IReadOnlyList<IndexFile> Verify()
    {
        var stretches = new List<IndexFile>();
        using var handle = OpenHandle(Path);
        var batches = new IndexBatches(handle, FirstSlot, Slots);
        IndexFile? open = null;
        while (batches.MoveNext())
        {
            if (batches.IsDamaged)
            {
                open = null;
                continue;
            }

            if (open is null)
            {
                open = View(batches);
                stretches.Add(open);
            }

            open._end = batches.FirstSlot + batches.Slots.Length;
            open.LastCommit = batches.Commit;
            open._lastSeq = batches.Commit.LastSeq;
            open.Floor = FloorOf(batches.Slots) ?? open.Floor;
            open.Ranges = RangeSlot.ListOf(batches.Slots) is { Length: > 0 } told
                ? told
                : open.Ranges;
        }

        return stretches;
    }

    /// <summary>The same stretch, no longer open for writing.</summary>
    public IndexFile Closed() => CutAt(Slots, LastCommit);

    /// <summary>The same stretch, known to end earlier.</summary>
    public IndexFile CutAt(long end, in CommitSlot last) =>
        new(null, Path, IsSpill, _header)
        {
            FirstSlot = FirstSlot,
            FirstSeq = FirstSeq,
            IsVerified = IsVerified,
            IsBeginningLost = IsBeginningLost,
            _end = end,
            LastCommit = last,
            Floor = Floor,
            Ranges = Ranges,
            _lastSeq = last.LastSeq,
        };

    /// <summary>Opens it for reading; false if it is gone.</summary>
    public bool TryRead(out IndexReader reader)
    {
        reader = default;
        var handle = _writer;
        if (handle is null && !TryOpenHandle(out handle))
        {
            return false;
        }

        reader = new IndexReader(handle, _writer is null, FirstSlot, Slots);
        return true;
    }

    /// <summary>Appends slots that end with a commit; they are visible to readers when this returns.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Append(ReadOnlySpan<LogSpan> slots)
    {
        DiskSeam.Pass(DiskStep.Write);

        // Only the file that Create made is appended to.
        RandomAccess.Write(_writer!, MemoryMarshal.AsBytes(slots), Slots * LogSpan.Size);
        LastCommit = MemoryMarshal.Cast<LogSpan, CommitSlot>(slots[^1..])[0];
        Volatile.Write(ref _end, Slots + slots.Length);
        Volatile.Write(ref _lastSeq, LastCommit.LastSeq);
    }

    /// <summary>Waits until everything appended is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Sync()
    {
        if (_writer is { IsClosed: false } writer)
        {
            DiskSeam.Pass(DiskStep.Sync);
            RandomAccess.FlushToDisk(writer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer?.Dispose();

    private IndexFile View(IndexBatches batches)
    {
        var first = FirstSeq;
        if (batches.FirstSlot != FirstSlot)
        {
            first = batches.Commit.LastSeq + 1;
            foreach (ref readonly var slot in batches.Slots)
            {
                if (slot.IsEntry)
                {
                    first = slot.Seq;
                    break;
                }
            }
        }

        return new IndexFile(null, Path, IsSpill, _header)
        {
            FirstSlot = batches.FirstSlot,
            FirstSeq = first,
            IsVerified = true,
            IsBeginningLost = (batches.Commit.Flags & CommitSlot.FirstOfEpoch) == 0,
        };
    }

    /// <summary>The floor stands just before the commit, if there is one.</summary>
    private static FloorSlot? FloorOf(Span<LogSpan> batch) =>
        batch.Length > 1 && batch[^2].Kind == SlotKind.Floor
            ? MemoryMarshal.Cast<LogSpan, FloorSlot>(batch.Slice(batch.Length - 2, 1))[0]
            : null;

    private bool TryOpenHandle([NotNullWhen(true)] out SafeFileHandle? handle)
    {
        try
        {
            handle = OpenHandle(Path);
            return true;
        }
        catch (FileNotFoundException)
        {
            // Retention or a flush took it between the look at the list and this one.
            handle = null;
            return false;
        }
    }

    /// <summary>Opens a file for reading, whoever writes or deletes it meanwhile.</summary>
    internal static SafeFileHandle OpenHandle(string path) =>
        File.OpenHandle(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
}

/// <summary>What a first look at an index file tells.</summary>
internal enum IndexVerdict
{
    /// <summary>Header and last slot are in order.</summary>
    Good,

    /// <summary>It does not end with a commit: a batch was not finished, or its end is damaged.</summary>
    TornEnd,

    /// <summary>Not an index, or its header is damaged.</summary>
    Damaged,

    /// <summary>Written by a later version of tspm.</summary>
    LaterVersion,
}
