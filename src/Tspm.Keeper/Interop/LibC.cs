using System.Runtime.InteropServices;

namespace Tspm.Keeper.Interop;

/// <summary>The system calls of the keeper, as thin as they can be. File descriptors are plain numbers that their owners close.</summary>
internal static unsafe partial class LibC
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int NoControllingTerminal = 0x100;
    public const int Append = 0x400;
    public const int NonBlock = 0x800;
    public const int CloseOnExec = 0x80000;

    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int Again = 11;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int Invalid = 22;
    public const int NoSuchProcess = 3;
    public const int NoSpace = 28;
    public const int NotSupported = 95;
    public const int KeepSize = 1;

    public const uint SpliceMove = 1;
    public const uint SpliceNonBlock = 2;

    private const int DuplicateCommand = 1030;
    private const int SetPipeSizeCommand = 1031;
    private const int GetPipeSizeCommand = 1032;
    private const nuint BytesToRead = 0x541B;
    private const long PidfdSendSignalNumber = 424;
    private const nint ToGroup = 4;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int BootTimeClock = 7;
    private const int SetChildSubreaper = 36;
    private const int OpenFilesLimit = 7;
    private const long PidfdOpenNumber = 434;
    private const long EpollWait2Number = 441;
    private const long WaitIdNumber = 247;
    private const long WaitIdNumberArm = 95;

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Time since the machine was started, with the time in which it slept.</summary>
    public static TimeSpan ReadBootTime()
    {
        var now = stackalloc long[2];
        _ = clock_gettime(BootTimeClock, now);
        return new TimeSpan((now[0] * TimeSpan.TicksPerSecond) + (now[1] / 100));
    }

    public static long WaitIdSystemCall =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? WaitIdNumberArm
            : WaitIdNumber;

    [LibraryImport("libc")]
    private static partial int getrusage(int who, long* usage);

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, long* secondsAndNanoseconds);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int file);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int mkdir(string path, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int rename(string from, string to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int unlink(string path);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int access(string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int file, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int file, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint pwrite(int file, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint splice(
        int from,
        long* fromOffset,
        int to,
        long* toOffset,
        nuint length,
        uint flags
    );

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fallocate(int file, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ftruncate(int file, long length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fdatasync(int file);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int syncfs(int file);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    public static partial uint umask(uint mask);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unlockpt(int master);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ptsname_r(int master, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int file, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int file, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int file, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e);

    /// <summary>Sets the size of a pipe; the size it got, or −1.</summary>
    public static int SetPipeSize(int pipe, int bytes) => fcntl(pipe, SetPipeSizeCommand, bytes);

    /// <summary>The size of a pipe; −1 if it is none.</summary>
    public static int GetPipeSize(int pipe) => fcntl(pipe, GetPipeSizeCommand, 0);

    /// <summary>Bytes that a pipe holds.</summary>
    public static int CountBytes(int pipe)
    {
        var count = 0;
        return ioctl(pipe, BytesToRead, &count) == 0 ? count : 0;
    }

    /// <summary>Another descriptor of the same open file, closed on exec; −1 if there is none left.</summary>
    public static int Duplicate(int file) => fcntl(file, DuplicateCommand, 3);

    /// <summary>Signals a process by a descriptor that cannot come to mean another.</summary>
    /// <param name="process">The pidfd.</param>
    /// <param name="pid">Its pid, for kernels before 6.9, which cannot signal a group so.</param>
    /// <param name="signal">The signal.</param>
    /// <param name="toGroup">To its whole group.</param>
    /// <returns>0, or the errno.</returns>
    public static int SendSignal(int process, int pid, int signal, bool toGroup)
    {
        var flags = toGroup ? ToGroup : 0;
        if (syscall(PidfdSendSignalNumber, process, signal, 0, flags, 0) == 0)
        {
            return 0;
        }

        if (!toGroup || LastError != Invalid)
        {
            return LastError;
        }

        // The group has the leader's number as long as the leader is there.
        return syscall(PidfdSendSignalNumber, process, 0, 0, 0, 0) != 0 ? LastError
            : kill(-pid, signal) == 0 ? 0
            : LastError;
    }

    /// <summary>Takes a lock that lives as long as the descriptor.</summary>
    public static bool TryLock(int file) => flock(file, LockExclusive | LockNonBlocking) == 0;

    /// <summary>True if another process holds the lock of a file.</summary>
    public static bool IsLocked(string path)
    {
        var file = open(path, ReadWrite | CloseOnExec, 0);
        if (file < 0)
        {
            return false;
        }

        var isLocked = !TryLock(file);
        close(file);
        return isLocked;
    }

    /// <summary>Orphans among the descendants become our children.</summary>
    public static void BecomeSubreaper() => _ = prctl(SetChildSubreaper, 1, 0, 0, 0);

    /// <summary>The limit of open files.</summary>
    public static ResourceLimit GetOpenFiles() =>
        getrlimit(OpenFilesLimit, out var limit) == 0 ? limit : default;

    /// <summary>Sets the limit of open files of this process.</summary>
    public static void SetOpenFiles(in ResourceLimit limit) => _ = setrlimit(OpenFilesLimit, limit);

    /// <summary>A descriptor that becomes readable when the process ends; −1 if there is none.</summary>
    public static int OpenProcess(int pid) => (int)syscall(PidfdOpenNumber, pid, 0, 0, 0, 0);

    /// <summary>Waits for events with a time-out in ns; −1 waits for ever.</summary>
    public static int WaitEpoll(int epoll, byte* events, int count, long nanoseconds)
    {
        var timeout = stackalloc long[2];
        timeout[0] = nanoseconds / 1_000_000_000;
        timeout[1] = nanoseconds % 1_000_000_000;
        var at = nanoseconds < 0 ? 0 : (nint)timeout;
        return (int)syscall(EpollWait2Number, epoll, (nint)events, count, at, 0);
    }

    /// <summary>Most memory that this process ever had, KiB, as the kernel would tell it of one that has ended.</summary>
    public static long PeakMemoryKiB
    {
        get
        {
            const int self = 0;
            const int peakAt = 4;
            const int longs = 18;
            var usage = stackalloc long[longs];
            return getrusage(self, usage) == 0 ? usage[peakAt] : 0;
        }
    }

    /// <summary>waitid with resource usage, which the library's wrapper does not give.</summary>
    public static long WaitId(int kind, int id, byte* info, int options, long* usage) =>
        syscall(WaitIdSystemCall, kind, id, (nint)info, options, (nint)usage);

    /// <summary>Sets the size of a terminal.</summary>
    public static void SetTerminalSize(int terminal, ushort rows, ushort columns)
    {
        const nuint setWindowSize = 0x5414;
        var size = stackalloc ushort[4];
        size[0] = rows;
        size[1] = columns;
        _ = ioctl(terminal, setWindowSize, size);
    }

    /// <summary>A soft and a hard limit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
