using System.Runtime.InteropServices;
using System.Text;

namespace Tspm.Cli.Launch.Exec;

/// <summary>The system calls of <c>__exec</c>; each gives 0 or the errno.</summary>
internal static unsafe partial class Native
{
    private const int UnixFamily = 1;
    private const int StreamCloseOnExec = 1 | 0x80000;
    private const int PathRoom = 108;
    private const int NoNewPrivileges = 38;

    /// <summary>The system's words.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>A connection to a socket of a path, closed by exec; −1 if nobody listens there.</summary>
    public static int Connect(string path)
    {
        var address = stackalloc byte[PathRoom + 2];
        var bytes = new Span<byte>(address, PathRoom + 2);
        bytes.Clear();
        bytes[0] = UnixFamily;
        if (!Encoding.UTF8.TryGetBytes(path, bytes[2..^1], out var length))
        {
            return -1;
        }

        var socket = Open(UnixFamily, StreamCloseOnExec, 0);
        if (socket >= 0 && connect(socket, address, (uint)(2 + length + 1)) == 0)
        {
            return socket;
        }

        _ = close(socket);
        return -1;
    }

    /// <summary>Writes all bytes.</summary>
    public static bool Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            return write(descriptor, pointer, (nuint)bytes.Length) == bytes.Length;
        }
    }

    /// <summary>setrlimit; −1 is no limit.</summary>
    public static int SetLimit(int kind, long soft, long hard)
    {
        var limit = new Pair { Soft = (ulong)soft, Hard = (ulong)hard };
        return setrlimit(kind, ref limit) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The hard limit that holds; −1 for none.</summary>
    public static long ReadHardLimit(int kind) =>
        getrlimit(kind, out var limit) == 0 ? (long)limit.Hard : 0;

    /// <summary>Niceness of this thread.</summary>
    public static int SetNice(int nice) =>
        setpriority(0, 0, nice) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>prctl(PR_SET_NO_NEW_PRIVS).</summary>
    public static int SetNoNewPrivileges() =>
        prctl(NoNewPrivileges, 1, 0, 0, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "socket")]
    private static partial int Open(int family, int type, int protocol);

    [LibraryImport("libc")]
    private static partial int connect(int socket, byte* address, uint length);

    [LibraryImport("libc")]
    private static partial int close(int file);

    [LibraryImport("libc")]
    private static partial nint write(int file, byte* bytes, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int kind, ref Pair limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int kind, out Pair limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpriority(int which, uint who, int nice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public ulong Soft;
        public ulong Hard;
    }
}
