using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>All data files of one process: which are closed, oldest first, and how much they hold.</summary>
/// <remarks>Made by the control thread, then owned by the capture thread of the process; the control thread opens streams, so the list has a gate.</remarks>
internal sealed class ProcessFiles
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly List<ClosedFile> _closed = [];
    private long _told;

    /// <summary>Finds the files that are there.</summary>
    public ProcessFiles(uint process, string directory, HomeRoom room)
    {
        Process = process;
        Directory = directory;
        Room = room;
        SpillDirectory = room.Spill.Process(process);
        var found = new List<(DateTime ChangedAt, ClosedFile File)>();
        Find(directory, isSpill: false, found);
        if (room.Spill.IsOurs(SpillDirectory))
        {
            Find(SpillDirectory, isSpill: true, found);
        }

        found.Sort(
            (left, right) =>
                (left.ChangedAt, left.File.First).CompareTo((right.ChangedAt, right.File.First))
        );
        room.TakeResting(process);
        foreach (var (_, file) in found)
        {
            Count(file, 1);
            _closed.Add(file);
        }

        _told = Bytes;
    }

    /// <summary>The process.</summary>
    public uint Process { get; }

    /// <summary>Its directory in the home.</summary>
    public string Directory { get; }

    /// <summary>Its directory in the spill.</summary>
    public string SpillDirectory { get; }

    /// <summary>What all processes share.</summary>
    public HomeRoom Room { get; }

    /// <summary>Replaced by each spawn.</summary>
    public LogFileRules Rules { get; set; } = LogFileRules.Default;

    /// <summary>Bytes of its files in the home.</summary>
    public long Bytes { get; set; }

    /// <summary>Bytes of its files in the spill.</summary>
    public long SpillBytes { get; set; }

    /// <summary>Makes a file of a stream; null and an errno if the disk refuses.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="first">The offset of its first byte.</param>
    /// <param name="isSpill">In the spill directory instead of the home.</param>
    public DataFile? Create(StreamName stream, ulong first, bool isSpill)
    {
        var directory = isSpill ? SpillDirectory : Directory;
        var file = DataFile.Create(Process, stream, first, directory, isSpill);
        if (file is not null)
        {
            // An empty file of that name may be among the closed ones: it is this one now.
            lock (_gate)
            {
                _closed.RemoveAll(closed => closed.Path == file.Path);
            }
        }

        return file;
    }

    /// <summary>A file is not written any more.</summary>
    /// <param name="file">The file.</param>
    /// <param name="kept">What is still there of it, from its start.</param>
    /// <param name="nextOrd">All chunks in it have a smaller ord; 0 if that is not known.</param>
    public void Close(DataFile file, long kept, ulong nextOrd) =>
        PutBack(
            new ClosedFile(
                file.Stream,
                file.First,
                Math.Min(kept, file.Length),
                file.IsSpill,
                file.Path,
                nextOrd
            )
        );

    /// <summary>The newest file of a stream, no longer among the closed ones; null if it has none.</summary>
    public ClosedFile? TakeNewest(StreamName stream)
    {
        lock (_gate)
        {
            ClosedFile? newest = null;
            foreach (var file in _closed)
            {
                if (
                    file.Stream == stream
                    && (
                        newest is not { } best
                        || (file.First, file.Length).CompareTo((best.First, best.Length)) >= 0
                    )
                )
                {
                    newest = file;
                }
            }

            if (newest is { } found)
            {
                _closed.Remove(found);
            }

            return newest;
        }
    }

    /// <summary>The same after a keeper that died or went on as this one: an empty file between home and spill was only a try.</summary>
    public ClosedFile? TakeGoingOn(StreamName stream)
    {
        var newest = TakeNewest(stream);
        if (newest is { Length: 0 } tried && TakeNewest(stream) is { } before)
        {
            if (EndOf(before) == tried.First && (tried.IsSpill || before.IsSpill))
            {
                Disk.Delete(tried.Path);
                return before;
            }

            PutBack(before);
        }

        return newest;
    }

    /// <summary>True if a closed file in the spill ends at this offset of a stream.</summary>
    public bool HasSpillUpTo(StreamName stream, ulong offset)
    {
        lock (_gate)
        {
            return _closed.Exists(file =>
                file.IsSpill && file.Stream == stream && EndOf(file) == offset
            );
        }
    }

    /// <summary>Puts back what <see cref="TakeNewest"/> gave.</summary>
    public void PutBack(in ClosedFile file)
    {
        lock (_gate)
        {
            _closed.Add(file);
        }
    }

    /// <summary>The oldest closed file in home or spill; null if there is none.</summary>
    public ClosedFile? FindOldest(bool isSpill)
    {
        lock (_gate)
        {
            foreach (var file in _closed)
            {
                if (file.IsSpill == isSpill)
                {
                    return file;
                }
            }

            return null;
        }
    }

    /// <summary>A closed file was deleted.</summary>
    public void Forget(in ClosedFile file)
    {
        lock (_gate)
        {
            _closed.Remove(file);
        }

        Count(file, -1);
    }

    /// <summary>Forgets the files that somebody else has deleted: the daemon's retention.</summary>
    public void ForgetDeleted()
    {
        lock (_gate)
        {
            for (var i = _closed.Count - 1; i >= 0; i--)
            {
                if (!FileFacts.TryRead(_closed[i].Path, out _))
                {
                    Count(_closed[i], -1);
                    _closed.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Tells the home how much more there is since it was told last.</summary>
    public void TellRoom()
    {
        Room.Add(Bytes - _told);
        _told = Bytes;
    }

    /// <summary>The process has no run left: what is in the spill stays, and stays counted.</summary>
    public void Rest() => Room.Rest(Process, SpillBytes);

    /// <summary>The offset in the stream after the last byte of a file.</summary>
    public static ulong EndOf(in ClosedFile file) => file.First + (ulong)file.Length;

    private void Count(in ClosedFile file, int sign)
    {
        if (file.IsSpill)
        {
            SpillBytes += sign * file.Length;
            Room.AddSpill(sign * file.Length);
        }
        else
        {
            Bytes += sign * file.Length;
        }
    }

    private static void Find(
        string directory,
        bool isSpill,
        List<(DateTime ChangedAt, ClosedFile File)> found
    )
    {
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles())
        {
            if (StreamName.TryParseDataFile(file.Name, out var stream, out var first))
            {
                found.Add(
                    (
                        file.LastWriteTimeUtc,
                        new ClosedFile(stream, first, file.Length, isSpill, file.FullName, 0)
                    )
                );
            }
        }
    }
}
