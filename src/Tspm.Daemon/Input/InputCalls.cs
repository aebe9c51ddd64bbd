using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Daemon.Input;

/// <summary>The system calls that writing into a program's stdin needs.</summary>
internal static partial class InputCalls
{
    /// <summary>errno: full.</summary>
    public const int TryAgain = 11;

    /// <summary>errno: a signal came first.</summary>
    public const int Interrupted = 4;

    /// <summary>errno: nobody reads any more.</summary>
    public const int BrokenPipe = 32;

    private const int WriteOnly = 1;
    private const int NonBlock = 0x800;
    private const int CloseOnExec = 0x80000;
    private const nuint SetWindowSize = 0x5414;

    /// <summary>The write end of a named pipe; invalid if it is not there, or nobody reads.</summary>
    public static SafeFileHandle OpenPipe(string path) =>
        new(open(path, WriteOnly | NonBlock | CloseOnExec), ownsHandle: true);

    /// <summary>Writes what there is room for; minus the errno if nothing was written.</summary>
    public static unsafe int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            var written = write(file, first, (nuint)bytes.Length);
            return written >= 0 ? (int)written : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Sets the size of a terminal, which tells its foreground programs; false if it is none.</summary>
    public static unsafe bool SetSize(SafeFileHandle terminal, ushort rows, ushort columns)
    {
        var size = stackalloc ushort[4];
        (size[0], size[1], size[2], size[3]) = (rows, columns, 0, 0);
        return ioctl(terminal, SetWindowSize, size) == 0;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(SafeFileHandle file, byte* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(SafeFileHandle file, nuint request, ushort* size);
}
