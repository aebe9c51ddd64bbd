using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SmartIpc.Interop;

/// <summary>The few calls of libc that the BCL does not offer.</summary>
internal static partial class NativeMethods
{
    public const int AtFdCwd = -100;
    public const int AtSymlinkNoFollow = 0x100;
    public const uint StatxBasicStats = 0x7ff;
    public const int OpenPathDirectory = 0x200000 | 0x80000; // O_PATH | O_CLOEXEC, the same on all Linux machines.

    public const int CloseOnExec = 0x80000; // O_CLOEXEC, the same on all Linux machines.
    public const int EpollAdd = 1;
    public const uint EpollIn = 1;
    public const uint EpollEdge = 1u << 31;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial SafeFileHandle MakeEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int ChangeEpoll(
        SafeHandle epoll,
        int operation,
        SafeHandle file,
        ref byte entry
    );

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int WaitEpoll(SafeHandle epoll, ref byte events, int most, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial SafeFileHandle MakeEvent(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeHandle fd, uint mode);

    [LibraryImport(
        "libc",
        EntryPoint = "open",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8
    )]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport(
        "libc",
        EntryPoint = "statx",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8
    )]
    public static partial int Statx(
        int dirFd,
        string path,
        int flags,
        uint mask,
        out FileFacts facts
    );
}

/// <summary>The kernel's struct statx, the same on every machine.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileFacts
{
    [FieldOffset(20)]
    public uint OwnerId;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(136)]
    public uint DeviceMajor;

    [FieldOffset(140)]
    public uint DeviceMinor;

    public readonly bool IsSocket => (Mode & 0xF000) == 0xC000;

    public readonly bool IsDirectory => (Mode & 0xF000) == 0x4000;
}
