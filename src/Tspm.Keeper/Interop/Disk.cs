using System.Runtime.InteropServices;

namespace Tspm.Keeper.Interop;

/// <summary>The calls by which the keeper keeps: those of <see cref="LibC"/>, with a seam where tests let the n-th one fail.</summary>
/// <remarks>In production the seam is one look at a field that is always null.</remarks>
internal static unsafe class Disk
{
    private const uint OwnerFile = 0x180;
    private const int Truncate = 0x200;

    /// <summary>Set by tests only, while nothing else runs.</summary>
    public static DiskFault? Fault { get; set; }

    /// <summary>Opens a file for writing, 0600 if it is made. −1 and an errno if refused.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isNew">What is in it is cut away.</param>
    public static int OpenToWrite(string path, bool isNew) =>
        Refuses(DiskCall.Open, path)
            ? -1
            : LibC.open(
                path,
                LibC.WriteOnly | LibC.Create | LibC.CloseOnExec | (isNew ? Truncate : 0),
                OwnerFile
            );

    /// <summary>Writes at a place; how many, or −1. The path is for the seam.</summary>
    public static nint Write(int file, string path, byte* bytes, nint length, long position)
    {
        var most = length;
        if (Fault is not null && !Limits(DiskCall.Write, path, ref most))
        {
            return -1;
        }

        nint written;
        do
        {
            written = LibC.pwrite(file, bytes, (nuint)most, position);
        } while (written < 0 && LibC.LastError == LibC.Interrupted);
        return written;
    }

    /// <summary>Moves bytes from a pipe to a place in a file; how many, 0 at the end of the pipe, or −1. The path is for the seam.</summary>
    public static nint Splice(int pipe, int file, string path, long position, nint length)
    {
        if (Fault is not null && !Limits(DiskCall.Splice, path, ref length))
        {
            return -1;
        }

        nint moved;
        do
        {
            var at = position;
            moved = LibC.splice(
                pipe,
                null,
                file,
                &at,
                (nuint)length,
                LibC.SpliceMove | LibC.SpliceNonBlock
            );
        } while (moved < 0 && LibC.LastError == LibC.Interrupted);
        return moved;
    }

    /// <summary>True if an empty file could have so many bytes; where the file system cannot say it, it is tried with the bytes themselves.</summary>
    public static bool TryReserve(int file, string path, long bytes)
    {
        if (Refuses(DiskCall.Write, path))
        {
            return false;
        }

        if (LibC.fallocate(file, LibC.KeepSize, 0, bytes) != 0)
        {
            return LibC.LastError is LibC.NotSupported or LibC.Invalid;
        }

        return LibC.ftruncate(file, 0) == 0;
    }

    /// <summary>Waits until the data of a file are on the device; 0 or an errno.</summary>
    public static int Sync(int file, string path) =>
        Refuses(DiskCall.Sync, path) || LibC.fdatasync(file) != 0 ? LibC.LastError : 0;

    /// <summary>The same for a whole file system.</summary>
    public static int SyncAll(int anyFile) =>
        Refuses(DiskCall.Sync, "") || LibC.syncfs(anyFile) != 0 ? LibC.LastError : 0;

    /// <summary>Deletes a file; false and an errno if it is still there.</summary>
    public static bool Delete(string path) =>
        !Refuses(DiskCall.Delete, path)
        && (LibC.unlink(path) == 0 || LibC.LastError == LibC.NoEntry);

    private static bool Refuses(DiskCall call, string path)
    {
        if (Fault is null)
        {
            return false;
        }

        var verdict = Fault(call, path);
        if (verdict > 0)
        {
            Marshal.SetLastPInvokeError(verdict);
        }

        return verdict > 0;
    }

    private static bool Limits(DiskCall call, string path, ref nint length)
    {
        // Looked at before: there is a seam.
        var verdict = Fault!(call, path);
        if (verdict > 0)
        {
            Marshal.SetLastPInvokeError(verdict);
            return false;
        }

        length = verdict < 0 ? Math.Min(length, -verdict) : length;
        return true;
    }
}
