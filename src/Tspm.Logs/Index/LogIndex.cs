using System.Runtime.InteropServices;
using Tspm.CaptureLog;

namespace Tspm.Logs.Index;

/// <summary>Which seq of a log lies where: all its index files, the newest open for writing.</summary>
/// <remarks>The list of files changes under the gate only; files are read without it.</remarks>
internal sealed class LogIndex : IDisposable
{
    /// <summary>The longest body of an event.</summary>
    public const int MaxEventBytes = 4096;

    private const int BlockSlots = 256;
    private readonly HomePaths _home;
    private readonly uint _process;
    private readonly LogStoreOptions _options;
    private readonly Lock _gate = new();

    // Guarded by _gate: replaced, never changed in place.
    private IndexFile[] _files;

    private LogIndex(HomePaths home, uint process, LogStoreOptions options, IndexFile[] files)
    {
        _home = home;
        _process = process;
        _options = options;
        _files = files;
    }

    /// <summary>The oldest seq that can be found; 1 in a log that lost nothing.</summary>
    public long OldestSeq => Files is [var first, ..] ? first.FirstSeq : 1;

    /// <summary>Slots in the newest file: the number that the next one gets.</summary>
    public long NextSlot => Newest?.Slots ?? 1;

    private IndexFile[] Files
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

    /// <summary>Opens the index of a process and cuts it to its last good commit.</summary>
    /// <param name="home">The home.</param>
    /// <param name="process">The process.</param>
    /// <param name="options">Limits.</param>
    /// <param name="orphans">Gets the checkpoint slots of the last good batch.</param>
    /// <param name="last">The last good commit; null if there is none, so that a new log must begin.</param>
    /// <param name="logId">The log's identity if there is a commit.</param>
    public static LogIndex Open(
        HomePaths home,
        uint process,
        LogStoreOptions options,
        List<LogSpan> orphans,
        out CommitSlot? last,
        out Guid logId
    )
    {
        last = null;
        logId = Guid.Empty;
        var scratch = new LogSpan[LogSequencer.MaxSlots + BlockSlots];
        var files = new List<IndexFile>();
        foreach (var path in ListFiles(home.Process(process)))
        {
            if (IndexFile.Open(path) is not { } file)
            {
                // Kept for a look, out of the way of the file that will get this name.
                File.Move(path, path + ".damaged", overwrite: true);
                continue;
            }

            var commit = file.CutToLastCommit(scratch);
            if (commit is null || (files.Count > 0 && files[^1].LogId != file.LogId))
            {
                file.Dispose();
                File.Move(path, path + ".damaged", overwrite: true);
                continue;
            }

            files.Add(file);
            last = commit;
            logId = file.LogId;
            orphans.Clear();
            orphans.AddRange(
                scratch.Take(commit.Value.Slots).Where(slot => slot.Kind == SlotKind.Checkpoint)
            );
        }

        return new LogIndex(home, process, options, [.. files]);
    }

    /// <summary>Where each epoch begins: (epoch, first seq), ascending.</summary>
    public IReadOnlyList<(uint Epoch, long FirstSeq)> ListEpochs()
    {
        var epochs = new List<(uint Epoch, long FirstSeq)>();
        foreach (var file in Files)
        {
            if (epochs.Count == 0 || epochs[^1].Epoch != file.Epoch)
            {
                epochs.Add((file.Epoch, file.FirstSeq));
            }
        }

        return epochs;
    }

    /// <summary>True if the newest file has reached its size.</summary>
    public bool IsFull =>
        Newest is { } file && file.Slots * LogSpan.Size >= _options.IndexFileBytes;

    /// <summary>Begins a new file; an empty one of the same first seq is replaced.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Begin(
        Guid logId,
        long firstSeq,
        uint epoch,
        long wall,
        ReadOnlySpan<LogSpan> firstBatch
    )
    {
        var path = _home.IndexFile(_process, firstSeq);
        var header = HeaderSlot.Create(logId, firstSeq, epoch, _process, wall);
        var file = IndexFile.Create(path, header, firstBatch);
        lock (_gate)
        {
            _files = [.. _files.Where(old => old.FirstSeq != firstSeq), file];
        }
    }

    /// <summary>Appends a batch.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Append(ReadOnlySpan<LogSpan> slots)
    {
        // Begin was called before: a log is opened with a file of its epoch.
        Newest!.Append(slots);
    }

    /// <summary>Reads the spans from the one that holds a seq on.</summary>
    /// <param name="seq">The first seq wanted.</param>
    /// <param name="last">The last seq that is visible.</param>
    /// <param name="spans">Where they go.</param>
    /// <returns>How many; 0 if the seq is not there.</returns>
    public int Read(long seq, long last, Span<LogSpan> spans)
    {
        var files = Files;
        var at = FileOf(files, seq);
        if (at < 0)
        {
            return 0;
        }

        var slot = files[at].FindLast(static span => span.Seq, seq);
        var found = 0;
        var block = new LogSpan[BlockSlots];
        for (; at < files.Length && found < spans.Length; at++, slot = 1)
        {
            slot = Math.Max(slot, 1);
            while (found < spans.Length && files[at].Read(slot, block) is var read && read > 0)
            {
                for (var i = 0; i < read && found < spans.Length; i++)
                {
                    var isWanted =
                        block[i].Kind is SlotKind.Span or SlotKind.Event && block[i].LastSeq >= seq;
                    if (isWanted && block[i].Seq > last)
                    {
                        return found;
                    }

                    if (isWanted)
                    {
                        spans[found++] = block[i];
                    }
                }

                slot += read;
            }
        }

        return found;
    }

    /// <summary>Reads the spans that end at or before a seq, the newest first.</summary>
    /// <param name="seq">The last seq wanted.</param>
    /// <param name="spans">Where they go.</param>
    /// <returns>How many.</returns>
    public int ReadBackwards(long seq, Span<LogSpan> spans)
    {
        var files = Files;
        var at = FileOf(files, seq);
        var found = 0;
        var block = new LogSpan[BlockSlots];
        for (var end = -1L; at >= 0 && found < spans.Length; at--, end = -1)
        {
            end = end >= 0 ? end : files[at].FindLast(static span => span.Seq, seq) + 1;
            while (end > 1 && found < spans.Length)
            {
                var first = Math.Max(1, end - BlockSlots);
                var read = files[at].Read(first, block.AsSpan(0, (int)(end - first)));
                for (var i = read - 1; i >= 0 && found < spans.Length; i--)
                {
                    if (block[i].Kind is SlotKind.Span or SlotKind.Event)
                    {
                        spans[found++] = block[i];
                    }
                }

                end = first;
            }
        }

        return found;
    }

    /// <summary>The first seq that is not before a time; one above the last if there is none.</summary>
    public long FindTime(long wall, long head)
    {
        var result = OldestSeq;
        Span<LogSpan> span = stackalloc LogSpan[1];
        foreach (var file in Files)
        {
            var slot = file.FindLast(static span => span.Wall, wall - 1);
            if (slot > 0 && file.Read(slot, span) == 1)
            {
                result = span[0].LastSeq + 1;
            }
        }

        return Math.Min(result, head + 1);
    }

    /// <summary>Reads the body of an event.</summary>
    /// <returns>Its length; fewer than told if it is damaged.</returns>
    public int ReadEvent(in LogSpan span, Span<byte> destination)
    {
        var files = Files;
        var at = FileOf(files, span.Seq);
        if (at < 0)
        {
            return 0;
        }

        Span<LogSpan> slots = stackalloc LogSpan[(MaxEventBytes / (LogSpan.Size - 2)) + 1];
        var read = files[at].Read((long)span.Offset + 1, slots);
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

    /// <summary>Waits until the newest file is on the device.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Sync() => Newest?.Sync();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in Files)
        {
            file.Dispose();
        }
    }

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

    private static IEnumerable<string> ListFiles(string directory) =>
        Directory
            .EnumerateFiles(directory, "index.*")
            .Where(path =>
                Path.GetExtension(path) is { Length: 17 } suffix
                && suffix.AsSpan(1).ContainsAnyExceptInRange('0', '9') is false
            )
            .Order(StringComparer.Ordinal);
}
