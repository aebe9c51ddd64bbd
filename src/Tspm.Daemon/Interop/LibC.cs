using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog;

namespace Tspm.Daemon.Interop;

/// <summary>The system calls of the daemon.</summary>
internal static partial class LibC
{
    /// <summary>Wait for input.</summary>
    public const short PollIn = 1;

    private const int DuplicateCommand = 1030;
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int NonBlock = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;
    private const uint OwnerFile = 0x180;
    private const uint ExchangeNames = 2;
    private const int WorkingDirectory = -100;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const long PidfdSendSignalNumber = 424;
    private const long PidfdOpenNumber = 434;

    /// <summary>Takes a lock that lives as long as the handle; false if another process has it.</summary>
    public static bool TryLock(SafeFileHandle file) =>
        flock(file, LockExclusive | LockNonBlocking) == 0;

    /// <summary>Waits until the handle can be read, or the time is over.</summary>
    /// <param name="file">What to wait for.</param>
    /// <param name="milliseconds">−1 waits for ever.</param>
    /// <returns>True if it can be read.</returns>
    public static bool WaitReadable(SafeHandle file, int milliseconds)
    {
        var entry = new PollEntry { Descriptor = (int)file.DangerousGetHandle(), Events = PollIn };
        return poll(ref entry, 1, milliseconds) > 0;
    }

    /// <summary>A handle of a directory, through which names in it can be reached by short paths.</summary>
    public static SafeFileHandle OpenDirectory(string path) =>
        new(open(path, PathOnly | CloseOnExec), ownsHandle: true);

    /// <summary>Has the names in a directory on the device.</summary>
    /// <exception cref="IOException">The device refused.</exception>
    public static void SyncDirectory(string path)
    {
        using var directory = new SafeFileHandle(
            open(path, OpenFlag.DirectoryOnly | CloseOnExec),
            ownsHandle: true
        );
        if (directory.IsInvalid || fsync(directory) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException($"cannot sync the directory {path}: errno {errno}");
        }
    }

    /// <summary>Has two names changed for each other at once.</summary>
    /// <returns>False if this file system cannot.</returns>
    public static bool TryExchange(string one, string other) =>
        renameat2(WorkingDirectory, one, WorkingDirectory, other, ExchangeNames) == 0;

    /// <summary>Has a file's bytes on the device.</summary>
    /// <exception cref="IOException">The device refused.</exception>
    public static void SyncFile(string path)
    {
        using var file = new SafeFileHandle(open(path, CloseOnExec), ownsHandle: true);
        if (file.IsInvalid || fsync(file) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException($"cannot sync {path}: errno {errno}");
        }
    }

    /// <summary>Opens a named pipe for reading and writing, so that its end is never seen.</summary>
    public static SafeFileHandle OpenPipe(string path) =>
        new(open(path, ReadWrite | NonBlock | CloseOnExec), ownsHandle: true);

    /// <summary>Takes what a pipe holds, at most so many bytes; none if there are none.</summary>
    public static unsafe void Drain(SafeFileHandle pipe)
    {
        const int room = 256;
        var bytes = stackalloc byte[room];
        _ = read(pipe, bytes, room);
    }

    /// <summary>Puts one byte into a pipe; a full pipe wakes its reader as well.</summary>
    public static unsafe void WriteByte(SafeFileHandle pipe)
    {
        byte one = 1;
        _ = write(pipe, &one, 1);
    }

    /// <summary>Opens or makes a lock file, 0600.</summary>
    public static SafeFileHandle OpenLock(string path) =>
        new(open(path, ReadWrite | Create | CloseOnExec, OwnerFile), ownsHandle: true);

    /// <summary>A handle of a process that cannot come to mean another; invalid if there is none.</summary>
    public static SafeFileHandle OpenProcess(int pid) =>
        new((nint)syscall(PidfdOpenNumber, pid, 0, 0, 0), ownsHandle: true);

    /// <summary>The effective user.</summary>
    public static uint UserId => geteuid();

    /// <summary>Closes a plain descriptor.</summary>
    public static void Close(int descriptor) => _ = close(descriptor);

    /// <summary>Another descriptor of the same open file, closed on exec; −1 if there is none left.</summary>
    public static int Duplicate(int descriptor) => fcntl(descriptor, DuplicateCommand, 3);

    /// <summary>Reaps a child of ours if it has ended.</summary>
    public static bool TryReap(int pid, out int code)
    {
        const int noHang = 1;
        const int exitShift = 8;
        var reaped = waitpid(pid, out var status, noHang);
        code = (status & 0x7F) == 0 ? (status >> exitShift) & 0xFF : 128 + (status & 0x7F);
        return reaped != 0;
    }

    /// <summary>Sends a signal; false if the process is gone or not ours.</summary>
    public static bool SendSignal(SafeFileHandle process, int signal) =>
        syscall(PidfdSendSignalNumber, process.DangerousGetHandle(), signal, 0, 0) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(
        int oldDirectory,
        string oldPath,
        int newDirectory,
        string newPath,
        uint flags
    );

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint open(string path, int flags, uint mode = 0);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int file, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(ref PollEntry entries, nuint count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(
        long number,
        long first,
        long second,
        long third,
        long fourth
    );

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
