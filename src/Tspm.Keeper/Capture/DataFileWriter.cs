using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>The end of one stream: the data file that is written, and the offset where the next byte goes.</summary>
/// <remarks>Owned by one capture thread while a pipe feeds it.</remarks>
internal sealed class DataFileWriter
{
    private DataFileWriter(StreamName stream, ProcessFiles files, ulong end)
    {
        Stream = stream;
        Files = files;
        End = end;
    }

    /// <summary>The stream.</summary>
    public StreamName Stream { get; }

    /// <summary>The files of its process.</summary>
    public ProcessFiles Files { get; }

    /// <summary>Offset in the stream after its last byte.</summary>
    public ulong End { get; set; }

    /// <summary>The file that is written; null while neither home nor spill takes anything.</summary>
    public DataFile? File { get; set; }

    /// <summary>While the home is tried again: the spill file to go back to, if there is one.</summary>
    public DataFile? Previous { get; set; }

    /// <summary>True from the opening of a file in the home until it has taken bytes.</summary>
    public bool IsReturning { get; set; }

    /// <summary>True while the home does not take its bytes.</summary>
    public bool IsAway => File is null || File.IsSpill;

    /// <summary>Monotonic time, ns, of the next look at file and room.</summary>
    public long CareAt { get; set; }

    /// <summary>The length of the file at which they are looked at earlier.</summary>
    public long CareLength { get; set; }

    /// <summary>Monotonic time, ns, at which the home is tried again.</summary>
    public long RetryAt { get; set; }

    /// <summary>Opens the newest data file of a stream, or makes the first. A disk that refuses is met again at the first byte.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="files">The files of its process.</param>
    /// <param name="from">Everything before this offset has been numbered: the stream goes on there if its files end earlier.</param>
    /// <param name="goesOn">Its pipe is open: what is in the spill goes on there until the home has taken bytes, and nobody need be told.</param>
    public static DataFileWriter Open(
        StreamName stream,
        ProcessFiles files,
        ulong from = 0,
        bool goesOn = false
    )
    {
        var newest = goesOn ? files.TakeGoingOn(stream) : files.TakeNewest(stream);
        var end = newest is { } known ? ProcessFiles.EndOf(known) : 0;
        var writer = new DataFileWriter(stream, files, Math.Max(end, from));
        if (newest is { } file)
        {
            if ((goesOn || !file.IsSpill) && end >= from)
            {
                writer.File = DataFile.Reopen(files.Process, file);
            }

            if (writer.File is { } reopened)
            {
                var more = reopened.Length - file.Length;
                files.Bytes += file.IsSpill ? 0 : more;
                files.SpillBytes += file.IsSpill ? more : 0;

                writer.End = reopened.End;
                return writer;
            }

            files.PutBack(file);
        }

        writer.File = files.Create(stream, writer.End, isSpill: false);
        return writer;
    }

    /// <summary>Bytes were written to the file.</summary>
    public void Advance(DataFile file, long bytes)
    {
        End += (ulong)bytes;
        file.Advance(bytes);
        if (file.IsSpill)
        {
            Files.SpillBytes += bytes;
            Files.Room.AddSpill(bytes);
        }
        else
        {
            Files.Bytes += bytes;
        }
    }

    /// <summary>Nothing is written here any more: the file is synced once more and closed.</summary>
    public void Leave(SyncThread sync)
    {
        if (IsReturning && File is { } tried)
        {
            Disk.Delete(tried.Path);
            sync.CloseLater(tried);
            File = Previous;
            Previous = null;
            IsReturning = false;
        }

        if (File is { } file)
        {
            // Ords are not known here: its newlines are counted if it has to go.
            Files.Close(file, file.Length, 0);
            sync.CloseLater(file);
            File = null;
        }
    }

    /// <summary>The path, for messages.</summary>
    public override string ToString() =>
        File?.Path ?? Path.Join(Files.Directory, Stream.DataFile(End));
}
