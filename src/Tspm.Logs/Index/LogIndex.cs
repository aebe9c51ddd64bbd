using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Which seq of a log lies where: all its index files, the newest open for writing.</summary>
/// <remarks>
/// The list of files changes under the gate only; files are read without it. Between two stretches whose seqs do not
/// meet it gives out a hole, so that a reader of spans is told of every seq.
/// </remarks>
internal sealed class LogIndex : IDisposable
{
    /// <summary>The longest body of an event.</summary>
    public const int MaxEventBytes = 4096;

    private const int BlockSlots = 256;
    private readonly HomePaths _home;
    private readonly uint _process;
    private readonly LogStoreOptions _options;
    private readonly SpillPlace? _spill;
    private readonly Lock _gate = new();

    // Guarded by _gate: replaced, never changed in place.
    private IndexFile[] _files;
    private readonly List<IndexFile> _unsynced = [];
    private long _expiredTo;
    private long _flushedTo;

    /// <summary>Makes an index of what was found.</summary>
    /// <param name="home">The home.</param>
    /// <param name="process">The process.</param>
    /// <param name="options">Limits.</param>
    /// <param name="spill">Where the index goes on in memory while the disk refuses; null if nothing is written.</param>
    /// <param name="files">Its good stretches.</param>
    public LogIndex(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        SpillPlace? spill,
        IReadOnlyList<IndexFile> files
    )
    {
        _home = home;
        _process = process;
        _options = options;
        _spill = spill;
        _files = [.. files];
        if (files.LastOrDefault(file => file.Floor is not null)?.Floor is { } floor)
        {
            (_expiredTo, _flushedTo) = (floor.ExpiredTo, floor.FlushedTo);
        }
    }

    /// <summary>The oldest seq that can be found; 1 in a log that lost nothing.</summary>
    public long OldestSeq
    {
        get
        {
            var first = Files is [var oldest, ..] ? oldest.FirstSeq : 1;
            return Math.Max(first, Math.Max(ExpiredTo, FlushedTo) + 1);
        }
    }

    /// <summary>The last seq that retention took.</summary>
    public long ExpiredTo => Volatile.Read(ref _expiredTo);

    /// <summary>The last seq that somebody flushed.</summary>
    public long FlushedTo => Volatile.Read(ref _flushedTo);

    /// <summary>Its newest commit; null if there is none.</summary>
    public CommitSlot? LastCommit => Newest?.LastCommit;

    /// <summary>The last seq it has; 0 if none.</summary>
    public long LastSeq => Newest?.LastSeq ?? 0;

    /// <summary>The log's identity; null if there is no file.</summary>
    public Guid? LogId => Newest?.LogId;

    /// <summary>Why a seq below the oldest is not there, and up to where that holds.</summary>
    public (long To, HoleReason Reason) BelowOldest(long seq) =>
        seq <= FlushedTo ? (FlushedTo, HoleReason.Flushed)
        : seq <= ExpiredTo ? (ExpiredTo, HoleReason.Expired)
        // Whatever took it did not tell: its index file is damaged or was deleted.
        : (OldestSeq - 1, HoleReason.Corrupt);

    /// <summary>Slots in the newest file: the number that the next one gets.</summary>
    public long NextSlot => Newest?.Slots ?? 1;

    /// <summary>Bytes of all its files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>True if the newest file has reached its size.</summary>
    public bool IsFull =>
        Newest is { } file && file.Slots * LogSpan.Size >= _options.IndexFileBytes;

    /// <summary>True if the newest file is in the spill directory.</summary>
    public bool IsSpilling => Newest is { IsSpill: true };

    /// <summary>Its stretches, in order.</summary>
    public IndexFile[] Files
    {
        get
        {
            lock (_gate)
            {
                return _files;
            }
        }
    }

    private IndexFile? Newest => Files is [.., var last] ? last : null;

    /// <summary>Where each epoch begins: (epoch, first seq), ascending.</summary>
    /// <remarks>
    /// Where nobody knows any more, since the first batches of an epoch are damaged, it is counted from what is left of the
    /// one before: who has seen something after that is told that it is not in the store any more.
    /// </remarks>
    public IReadOnlyList<(uint Epoch, long FirstSeq)> ListEpochs()
    {
        var epochs = new List<(uint Epoch, long FirstSeq)>();
        long? before = null;
        foreach (var file in Files)
        {
            if (epochs.Count == 0 || epochs[^1].Epoch != file.Epoch)
            {
                var first = file.IsBeginningLost ? before + 1 : null;
                epochs.Add((file.Epoch, first ?? file.FirstOfFile));
            }

            before = file.LastSeq;
        }

        return epochs;
    }

    /// <summary>Begins a new file; an empty one of the same first seq is replaced.</summary>
    /// <param name="logId">The log.</param>
    /// <param name="firstSeq">The first seq that can stand in it.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="wall">Now.</param>
    /// <param name="firstBatch">Slots that end with a commit.</param>
    /// <param name="inSpill">In the spill directory, since the disk refuses.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Begin(
        Guid logId,
        long firstSeq,
        uint epoch,
        long wall,
        ReadOnlySpan<LogSpan> firstBatch,
        bool inSpill = false
    )
    {
        var path = inSpill ? PrepareSpill(firstSeq) : _home.IndexFile(_process, firstSeq);
        var header = HeaderSlot.Create(logId, firstSeq, epoch, _process, wall, IsSpilling);
        var file = IndexFile.Create(path, inSpill, header, firstBatch);
        lock (_gate)
        {
            if (_files is [.., var before])
            {
                // Closed when the last reader that is at it has gone and it was synced: then it is collected.
                _unsynced.Add(before);
                _files[^1] = before.Closed();
            }

            _files = [.. _files.Where(old => old.FirstSeq < firstSeq), file];
        }
    }

    /// <summary>True if there is a directory in memory to go on in.</summary>
    public bool CanSpill => _spill is not null;

    private string PrepareSpill(long firstSeq)
    {
        // The caller asks for the spill only where CanSpill says that there is one.
        var directory = _spill!.Process(_process);
        return _spill.Prepare(directory) is { } fault
            ? throw new IOException(fault)
            : Path.Join(directory, Path.GetFileName(_home.IndexFile(_process, firstSeq)));
    }

    /// <summary>Appends a batch.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Append(ReadOnlySpan<LogSpan> slots)
    {
        // Begin was called before: a log is opened with a file of its epoch.
        Newest!.Append(slots);
    }

    /// <summary>Everything up to a seq is gone from now on.</summary>
    public void SetFloor(long expiredTo, long flushedTo)
    {
        Volatile.Write(ref _expiredTo, Math.Max(ExpiredTo, expiredTo));
        Volatile.Write(ref _flushedTo, Math.Max(FlushedTo, flushedTo));
    }

    /// <summary>Deletes the files that only tell of seqs below the oldest; the newest file stays.</summary>
    /// <returns>Bytes of them.</returns>
    public long DeleteBelow(long oldestSeq)
    {
        var gone = new List<IndexFile>();
        lock (_gate)
        {
            var first = Array.FindIndex(_files, file => file.LastSeq >= oldestSeq);
            first = Math.Min(first < 0 ? _files.Length : first, _files.Length - 1);
            gone.AddRange(_files[..Math.Max(first, 0)]);
            _files = _files[Math.Max(first, 0)..];
            gone.RemoveAll(file => _files.Any(kept => kept.Path == file.Path));
        }

        foreach (var file in gone.DistinctBy(file => file.Path))
        {
            file.Dispose();
            DiskSeam.Pass(DiskStep.Delete);
            File.Delete(file.Path);
        }

        return gone.Sum(file => file.Bytes);
    }

    /// <summary>Reads the spans, events and holes from the one that holds a seq on.</summary>
    /// <param name="seq">The first seq wanted.</param>
    /// <param name="last">The last seq that is visible.</param>
    /// <param name="spans">Where they go.</param>
    /// <returns>How many; 0 if neither the seq nor why it is missing is known. It ends before a file that was not verified yet.</returns>
    public int Read(long seq, long last, Span<LogSpan> spans)
    {
        var files = FilesFor(seq, last, out var at);
        if (at < 0)
        {
            return ReadBelowOldest(seq, last, spans);
        }

        var found = 0;
        Span<LogSpan> block = stackalloc LogSpan[BlockSlots];
        for (; at < files.Length && found < spans.Length && files[at].IsVerified; at++)
        {
            if (
                seq <= files[at].LastSeq
                && !ReadFile(files[at], seq, last, spans, block, ref found)
            )
            {
                break;
            }

            var next = at + 1 < files.Length ? files[at + 1] : null;
            var from = Math.Max(seq, files[at].LastSeq + 1);
            if (next is not null && from < next.FirstSeq && from <= last && found < spans.Length)
            {
                spans[found++] = HoleBefore(next, files[at], from);
            }
        }

        return found;
    }

    /// <summary>Reads the spans, events and holes that end at or before a seq, the newest first.</summary>
    /// <param name="seq">The last seq wanted.</param>
    /// <param name="spans">Where they go.</param>
    /// <returns>How many; 0 if there are none. It ends after a file that was not verified yet.</returns>
    public int ReadBackwards(long seq, Span<LogSpan> spans)
    {
        var files = FilesFor(seq, seq, out var at);
        var found = 0;
        Span<LogSpan> block = stackalloc LogSpan[BlockSlots];
        for (; at >= 0 && found < spans.Length && files[at].IsVerified; at--)
        {
            var next = at + 1 < files.Length ? files[at + 1] : null;
            var from = files[at].LastSeq + 1;
            if (next is not null && from < next.FirstSeq && from <= seq)
            {
                spans[found++] = HoleBefore(next, files[at], from);
            }

            if (!files[at].TryRead(out var reader))
            {
                break;
            }

            using (reader)
            {
                ReadFileBackwards(reader, seq, spans, block, ref found);
            }
        }

        return found;
    }

    /// <summary>The first seq that is not before a time; one above the last if there is none.</summary>
    /// <remarks>Binary search where the wall clock only went forward; a file in which it was set back is read through.</remarks>
    public long FindTime(long wall, long head)
    {
        Span<LogSpan> span = stackalloc LogSpan[1];
        foreach (var file in Files)
        {
            if (!file.TryRead(out var reader))
            {
                continue;
            }

            using (reader)
            {
                var isDisturbed = (file.LastCommit.Flags & CommitSlot.ClockDisturbed) != 0;
                var slot = isDisturbed
                    ? FindFirstAt(reader, wall, span)
                    : AfterLastBefore(reader, wall, span);
                if (slot >= 0)
                {
                    return Math.Min(Math.Max(span[0].Seq, OldestSeq), head + 1);
                }
            }
        }

        return head + 1;
    }

    /// <summary>Reads the body of an event.</summary>
    /// <returns>Its length; fewer than told if it is damaged.</returns>
    public int ReadEvent(in LogSpan span, Span<byte> destination)
    {
        var files = Files;
        var at = FileOf(files, span.Seq);
        if (at < 0 || !files[at].TryRead(out var reader))
        {
            return 0;
        }

        using (reader)
        {
            Span<LogSpan> slots = stackalloc LogSpan[(MaxEventBytes / (LogSpan.Size - 2)) + 1];
            var read = reader.Read((long)span.Offset + 1, slots);
            var length = 0;
            foreach (ref var slot in slots[..read])
            {
                var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<LogSpan>(in slot));
                var part = Math.Min((int)bytes[1], (int)span.Length - length);
                if (slot.Kind != SlotKind.Payload || part <= 0)
                {
                    break;
                }

                bytes.Slice(2, part).CopyTo(destination[length..]);
                length += part;
            }

            return length;
        }
    }

    /// <summary>The batch that an entry is in; null if it is not known.</summary>
    public IndexBatch? FindBatch(long seq)
    {
        var files = FilesFor(seq, seq, out var at);
        if (at < 0 || !files[at].TryRead(out var reader))
        {
            return null;
        }

        using (reader)
        {
            return IndexBatch.Find(reader, seq);
        }
    }

    /// <summary>Cuts what a power loss damaged: the first batch whose bytes are not what they were, and all after it.</summary>
    /// <param name="bytes">The data files.</param>
    /// <param name="syncedOrd">Batches of records up to this ord were on the device.</param>
    /// <returns>The commit that was the last before the cut; null if nothing was cut.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    public CommitSlot? CutUnsynced(DataFileReader bytes, ulong syncedOrd)
    {
        var first = Array.FindIndex(Files, file => file.LastCommit.JournalPosition > syncedOrd);
        if (first < 0)
        {
            return null;
        }

        // A damaged batch costs what it touches; only bytes that are other ones cut.
        foreach (var file in Files[first..].Where(file => !file.IsVerified))
        {
            Replace(file, file.Verify());
        }

        var files = Files;
        var goneTo = Math.Max(ExpiredTo, FlushedTo);
        for (var i = first; i < files.Length; i++)
        {
            if (UnsyncedTail.FindCut(files[i], bytes, syncedOrd, goneTo) is not { } cut)
            {
                continue;
            }

            var last = files[^1].LastCommit;
            UnsyncedTail.Cut(files, i, cut);
            lock (_gate)
            {
                _files = cut.Kept is { } kept ? [.. files[..i], kept] : files[..i];
            }

            while (Newest is { IsVerified: false } end)
            {
                Replace(end, end.Verify());
            }

            return last;
        }

        return null;
    }

    /// <summary>Waits until its files are on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Sync()
    {
        IndexFile[] rolled;
        lock (_gate)
        {
            rolled = [.. _unsynced];
            _unsynced.Clear();
        }

        foreach (var file in rolled)
        {
            file.Sync();
        }

        Newest?.Sync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in Files)
        {
            file.Dispose();
        }

        foreach (var file in _unsynced)
        {
            file.Dispose();
        }
    }

    /// <summary>The first look at a file may show that its beginning is damaged: what is left of it is not part of the hole.</summary>
    private int ReadBelowOldest(long seq, long last, Span<LogSpan> spans)
    {
        var (to, reason) = BelowOldest(seq);
        if (seq > to || seq > last || spans.IsEmpty)
        {
            return 0;
        }

        spans[0] = Hole(seq, to, reason);
        return 1;
    }

    private static bool ReadFile(
        IndexFile file,
        long seq,
        long last,
        Span<LogSpan> spans,
        Span<LogSpan> block,
        ref int found
    )
    {
        if (!file.TryRead(out var reader))
        {
            return false;
        }

        using (reader)
        {
            var slot = Math.Max(reader.First, reader.FindLast(static span => span.Seq, seq));
            while (found < spans.Length && reader.Read(slot, block) is var read && read > 0)
            {
                for (var i = 0; i < read && found < spans.Length; i++)
                {
                    var isWanted = block[i].IsEntry && block[i].LastSeq >= seq;
                    if (isWanted && block[i].Seq > last)
                    {
                        return false;
                    }

                    if (isWanted)
                    {
                        spans[found++] = block[i];
                    }
                }

                slot += read;
            }
        }

        return true;
    }

    private static void ReadFileBackwards(
        in IndexReader reader,
        long seq,
        Span<LogSpan> spans,
        Span<LogSpan> block,
        ref int found
    )
    {
        var end = reader.FindLast(static span => span.Seq, seq) + 1;
        while (end > reader.First && found < spans.Length)
        {
            var first = Math.Max(reader.First, end - BlockSlots);
            var read = reader.Read(first, block[..(int)(end - first)]);
            for (var i = read - 1; i >= 0 && found < spans.Length; i--)
            {
                if (block[i].IsEntry)
                {
                    spans[found++] = block[i];
                }
            }

            end = first;
        }
    }

    private static long FindFirstAt(in IndexReader reader, long wall, Span<LogSpan> span)
    {
        var slot = reader.NextEntry(reader.First, reader.End, span);
        while (slot >= 0 && span[0].Wall < wall)
        {
            slot = reader.NextEntry(slot + 1, reader.End, span);
        }

        return slot;
    }

    private static long AfterLastBefore(in IndexReader reader, long wall, Span<LogSpan> span)
    {
        var before = reader.FindLast(static one => one.Wall, wall - 1);
        return reader.NextEntry(before < 0 ? reader.First : before + 1, reader.End, span);
    }

    /// <summary>The files, those that a read from here touches verified; −1 if none holds the seq.</summary>
    private IndexFile[] FilesFor(long seq, long last, out int at)
    {
        while (true)
        {
            var files = Files;
            at = FileOf(files, seq);
            if (at < 0 || files[at].IsVerified || files[at].FirstSeq > last)
            {
                return files;
            }

            Replace(files[at], files[at].Verify());
        }
    }

    private void Replace(IndexFile file, IReadOnlyList<IndexFile> stretches)
    {
        lock (_gate)
        {
            var at = Array.IndexOf(_files, file);
            if (at >= 0)
            {
                _files = [.. _files[..at], .. stretches, .. _files[(at + 1)..]];
            }
        }
    }

    private static LogSpan HoleBefore(IndexFile next, IndexFile before, long from) =>
        Hole(
            from,
            next.FirstSeq - 1,
            next.FollowsSpill && next.FirstSlot == 1 && next.Path != before.Path
                ? HoleReason.NotStored
                : HoleReason.Corrupt
        );

    private static LogSpan Hole(long from, long to, HoleReason reason) =>
        new()
        {
            Kind = SlotKind.Hole,
            Stream = StreamKind.Event,
            Seq = from,
            Count = (uint)Math.Min(uint.MaxValue, to - from + 1),
            Aux = (ulong)reason,
        };

    private static int FileOf(IndexFile[] files, long seq)
    {
        for (var i = files.Length - 1; i >= 0; i--)
        {
            if (files[i].FirstSeq <= seq)
            {
                return i;
            }
        }

        return -1;
    }
}
