using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog.Spawning;

namespace Tspm.Cli.Launch;

/// <summary>The system calls of the command line.</summary>
internal static unsafe partial class LibC
{
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;
    private const uint OwnerFile = 0x180;
    private const int LockExclusive = 2;
    private const int OpenFilesLimit = 7;
    private const int Interrupted = 4;

    /// <summary>Opens or makes a lock file and waits for its lock; it is let go with the handle.</summary>
    public static SafeFileHandle? OpenLocked(string path)
    {
        var file = new SafeFileHandle(
            open(path, ReadWrite | Create | CloseOnExec, OwnerFile),
            ownsHandle: true
        );
        if (!file.IsInvalid && flock(file, LockExclusive) == 0)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>A directory, to name things in it; invalid if it is not there.</summary>
    public static SafeFileHandle OpenDirectory(string path) =>
        new(open(path, PathOnly | CloseOnExec, 0), ownsHandle: true);

    /// <summary>Our file mode mask.</summary>
    public static uint ReadUmask()
    {
        // It can only be read by setting it; nothing is made in between.
        var mask = umask(0x3F);
        _ = umask(mask);
        return mask;
    }

    /// <summary>Our soft limit of open files; 0 if it cannot be read.</summary>
    public static ulong ReadOpenFiles()
    {
        var limit = stackalloc ulong[2];
        return getrlimit(OpenFilesLimit, limit) == 0 ? limit[0] : 0;
    }

    /// <summary>The effective user.</summary>
    public static uint UserId => geteuid();

    /// <summary>The user that started this.</summary>
    public static uint RealUserId => getuid();

    /// <summary>Starts a program that reads what this process writes to stdout from now on; its pid, or 0.</summary>
    public static int StartReader(IReadOnlyList<string> command)
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, CloseOnExec) != 0)
        {
            return 0;
        }

        using var spawn = new PosixSpawn(isApart: false);
        spawn.Copy(ends[0], 0);
        var errno = spawn.Start(command[0], null, command, Environ(), out var pid);
        _ = errno == 0 ? dup2(ends[1], 1) : 0;
        _ = close(ends[0]);
        _ = close(ends[1]);
        return errno == 0 ? pid : 0;
    }

    /// <summary>Tells whoever reads our stdout that there is no more.</summary>
    public static void CloseOutput() => _ = close(1);

    /// <summary>Waits until a program we started has ended.</summary>
    public static void WaitFor(int pid)
    {
        while (waitpid(pid, out _, 0) < 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
            // A signal came; the program still runs.
        }
    }

    /// <summary>Ends this process by a signal, so that whoever waits for it sees that.</summary>
    public static void DieBy(int signal)
    {
        _ = signal_(signal, 0);
        _ = kill(Environment.ProcessId, signal);
    }

    /// <summary>Starts a program in a session of its own; its stdout is a pipe that is given back.</summary>
    /// <returns>The read end, or null with the errno.</returns>
    public static SafeFileHandle? StartDetached(IReadOnlyList<string> command, out int errno)
    {
        var ends = stackalloc int[2];
        errno = pipe2(ends, CloseOnExec) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (errno != 0)
        {
            return null;
        }

        using var spawn = new PosixSpawn();
        spawn.Open(0, "/dev/null", 0);
        spawn.Copy(ends[1], 1);
        spawn.Open(2, "/dev/null", ReadWrite);
        errno = spawn.Start(command[0], null, command, Environ(), out _);
        _ = close(ends[1]);
        var reader = new SafeFileHandle(ends[0], ownsHandle: true);
        if (errno == 0)
        {
            return reader;
        }

        reader.Dispose();
        return null;
    }

    /// <summary>The C library's environ, without a copy.</summary>
    private static byte** Environ()
    {
        var library = NativeLibrary.Load("libc.so.6");
        return *(byte***)NativeLibrary.GetExport(library, "environ");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int file);

    [LibraryImport("libc")]
    private static partial uint getuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc")]
    private static partial uint umask(uint mask);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint signal_(int signal, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);
}
