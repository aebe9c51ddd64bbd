using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Logs.Interop;

/// <summary>The system calls of the log store.</summary>
internal static partial class LibC
{
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    /// <summary>Gives the blocks of a range back to the file system; the file's length stays. False if it cannot be done there.</summary>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length) =>
        fallocate(file, KeepSize | PunchHole, offset, length) == 0;

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);
}
