using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>How a process ended that is not our child: by its pidfd, which the kernel (6.15 and newer) asks even after somebody reaped it.</summary>
public static unsafe partial class ProcessExit
{
    private const nuint GetInfo = 0xC040FF0B;
    private const int InfoBytes = 64;
    private const int ExitCodeAt = 60;
    private const ulong ExitBit = 8;
    private const short PollIn = 1;

    /// <summary>Whether the process of a pidfd has ended, and how.</summary>
    /// <param name="process">The pidfd.</param>
    /// <param name="pid">Its pid, for a kernel that does not tell.</param>
    /// <param name="startTime">Its start time, so that another with that pid is not asked.</param>
    public static ExitFacts Read(int process, int pid, ulong startTime)
    {
        var entry = new PollEntry { Descriptor = process, Events = PollIn };
        if (poll(&entry, 1, 0) <= 0)
        {
            return new ExitFacts(false, false, 0);
        }

        var info = stackalloc byte[InfoBytes];
        new Span<byte>(info, InfoBytes).Clear();
        *(ulong*)info = ExitBit;
        if (ioctl(process, GetInfo, info) == 0 && (*(ulong*)info & ExitBit) != 0)
        {
            return new ExitFacts(true, true, *(int*)(info + ExitCodeAt));
        }

        // Not reaped yet: then its own line tells.
        return ProcessStat.Read(pid) is { IsZombie: true } stat && stat.StartTime == startTime
            ? new ExitFacts(true, true, stat.WaitStatus)
            : new ExitFacts(true, false, 0);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int file, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollEntry* entries, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}

/// <summary>What is known of the end of a process.</summary>
/// <param name="HasEnded">True if it has ended.</param>
/// <param name="IsKnown">True if it is known how.</param>
/// <param name="WaitStatus">As <c>waitpid</c> gives it.</param>
public readonly record struct ExitFacts(bool HasEnded, bool IsKnown, int WaitStatus)
{
    private const int SignalMask = 0x7F;
    private const int DumpedBit = 0x80;

    /// <summary>The signal that ended it; 0 if none.</summary>
    public int Signal => WaitStatus & SignalMask;

    /// <summary>The exit code, or 128 + signal.</summary>
    public int Code => Signal == 0 ? (WaitStatus >> 8) & 0xFF : 128 + Signal;

    /// <summary>True if it left a core.</summary>
    public bool HasDumped => Signal != 0 && (WaitStatus & DumpedBit) != 0;
}
