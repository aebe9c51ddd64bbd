using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>The end of one stream: the data file that is written, and the offset where the next byte goes.</summary>
/// <remarks>Owned by one capture thread while a pipe feeds it; the sync thread only syncs its descriptor.</remarks>
internal sealed class DataFileWriter
{
    private readonly string _directory;
    private ulong _first;

    private DataFileWriter(StreamName stream, string directory, ulong first, ulong end, int file)
    {
        Stream = stream;
        _directory = directory;
        _first = first;
        End = end;
        Descriptor = file;
    }

    /// <summary>The stream.</summary>
    public StreamName Stream { get; }

    /// <summary>Offset in the stream after its last byte.</summary>
    public ulong End { get; private set; }

    /// <summary>The open file.</summary>
    public int Descriptor { get; }

    /// <summary>Where in the file the next byte goes.</summary>
    public long Position => (long)(End - _first);

    /// <summary>Set by the capture thread after a write, cleared by the sync thread.</summary>
    public int Dirty;

    /// <summary>Opens the newest data file of a stream, or makes the first.</summary>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static DataFileWriter Open(StreamName stream, string directory)
    {
        ulong first = 0;
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var isOurs = StreamName.TryParseDataFile(
                Path.GetFileName(path.AsSpan()),
                out var name,
                out var offset
            );
            first = isOurs && name == stream ? Math.Max(first, offset) : first;
        }

        var file = Path.Join(directory, stream.DataFile(first));
        var descriptor = LibC.open(file, LibC.WriteOnly | LibC.Create | LibC.CloseOnExec, 0x180);
        if (descriptor < 0)
        {
            throw new IOException($"{file}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
        }

        var length = new FileInfo(file).Length;
        return new DataFileWriter(stream, directory, first, first + (ulong)length, descriptor);
    }

    /// <summary>Bytes were written at <see cref="Position"/>.</summary>
    public void Advance(long bytes)
    {
        End += (ulong)bytes;
        Volatile.Write(ref Dirty, 1);
    }

    /// <summary>The path, for messages.</summary>
    public override string ToString() => Path.Join(_directory, Stream.DataFile(_first));
}
