using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Capture;

/// <summary>Asks a device whether it keeps what is written, with a file that is there only meanwhile.</summary>
/// <param name="directory">A directory on it.</param>
internal sealed unsafe class SyncProbe(string directory)
{
    private const int ProbeBytes = 4096;
    private readonly string _path = Path.Join(directory, ".probe");

    /// <summary>Writes, syncs and deletes; 0 or an errno.</summary>
    public int Try()
    {
        var file = Disk.OpenToWrite(_path, isNew: true);
        if (file < 0)
        {
            return LibC.LastError;
        }

        try
        {
            // Not zeros: those need no room on some file systems.
            Span<byte> bytes = stackalloc byte[ProbeBytes];
            bytes.Fill((byte)'.');
            fixed (byte* first = bytes)
            {
                return Disk.Write(file, _path, first, ProbeBytes, 0) < 0
                    ? LibC.LastError
                    : Disk.Sync(file, _path);
            }
        }
        finally
        {
            LibC.close(file);
            Disk.Delete(_path);
        }
    }
}
