using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>One data file that is open for writing.</summary>
/// <remarks>Written by one capture thread; the sync thread syncs it, and closes it when it was left behind.</remarks>
internal sealed class DataFile
{
    /// <summary>Bytes in it; set by the capture thread.</summary>
    public long Length;

    /// <summary>Set by the capture thread after a write, cleared by the sync thread.</summary>
    public int Dirty;

    /// <summary>1 when a sync of it failed: it is never synced again, and is left as soon as possible.</summary>
    public int IsSuspect;

    private DataFile(uint process, StreamName stream, ulong first, string path, int descriptor)
    {
        Process = process;
        Stream = stream;
        First = first;
        Path = path;
        Descriptor = descriptor;
        var facts = FileFacts.Read(descriptor);
        Inode = facts.Inode;
        Length = facts.Size;
        SyncedLength = facts.Size;
        CheckedLength = facts.Size;
    }

    /// <summary>The process.</summary>
    public uint Process { get; }

    /// <summary>The stream.</summary>
    public StreamName Stream { get; }

    /// <summary>The offset in the stream of its first byte.</summary>
    public ulong First { get; }

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>The open file.</summary>
    public int Descriptor { get; }

    /// <summary>Which file the name meant when it was opened.</summary>
    public ulong Inode { get; }

    /// <summary>True if it lies in the spill directory.</summary>
    public bool IsSpill { get; private init; }

    /// <summary>How much of it is on the device; the sync thread's.</summary>
    public long SyncedLength { get; set; }

    /// <summary>Up to here it is known to have no hole; the capture thread's.</summary>
    public long CheckedLength { get; set; }

    /// <summary>Offset in the stream after its last byte.</summary>
    public ulong End => First + (ulong)Volatile.Read(ref Length);

    /// <summary>Makes a file, or empties one that nobody wrote; null and an errno if the disk refuses.</summary>
    public static DataFile? Create(
        uint process,
        StreamName stream,
        ulong first,
        string directory,
        bool isSpill
    )
    {
        var path = System.IO.Path.Join(directory, stream.DataFile(first));
        var descriptor = Disk.OpenToWrite(path, isNew: true);
        return descriptor < 0
            ? null
            : new DataFile(process, stream, first, path, descriptor) { IsSpill = isSpill };
    }

    /// <summary>Opens a file of an earlier run at its end; null and an errno if the disk refuses.</summary>
    public static DataFile? Reopen(uint process, in ClosedFile file)
    {
        var descriptor = Disk.OpenToWrite(file.Path, isNew: false);
        return descriptor < 0
            ? null
            : new DataFile(process, file.Stream, file.First, file.Path, descriptor)
            {
                IsSpill = file.IsSpill,
            };
    }

    /// <summary>A record about a range of a stream, whatever run it belongs to.</summary>
    public static JournalRecord RecordOf(uint process, StreamName stream, JournalRecordKind kind) =>
        new()
        {
            Kind = kind,
            Stream = stream.Kind,
            Flags = stream.OrphanRun == 0 ? JournalFlags.None : JournalFlags.Orphan,
            Process = process,
            Run = stream.OrphanRun,
        };

    /// <summary>Bytes were written at its end.</summary>
    public void Advance(long bytes)
    {
        Volatile.Write(ref Length, Length + bytes);
        Volatile.Write(ref Dirty, 1);
    }
}
