using System.Runtime.InteropServices;
using Tspm.CaptureLog.Spawning;

namespace Tspm.Keeper.Interop;

/// <summary>What a keeper needs to go on as another program.</summary>
internal static unsafe partial class LibC
{
    private const int GetFlags = 1;
    private const int SetFlags = 2;
    private const int CloseOnExecFlag = 1;
    private const int BlockSignals = 0;
    private const int UnblockSignals = 1;
    private const int SignalSetBytes = 128;

    /// <summary>Makes a pipe whose ends are closed by exec; false if there is none.</summary>
    public static bool TryMakePipe(out int reader, out int writer)
    {
        var ends = stackalloc int[2];
        var isMade = pipe2(ends, CloseOnExec | NonBlock) == 0;
        reader = isMade ? ends[0] : -1;
        writer = isMade ? ends[1] : -1;
        return isMade;
    }

    /// <summary>A file without a name; −1 if there is none.</summary>
    public static int OpenMemory(string name) => memfd_create(name, 1);

    /// <summary>Whether exec closes a descriptor.</summary>
    public static void SetCloseOnExec(int file, bool closes)
    {
        var flags = fcntl(file, GetFlags, 0);
        _ = fcntl(file, SetFlags, closes ? flags | CloseOnExecFlag : flags & ~CloseOnExecFlag);
    }

    /// <summary>Signals to this thread wait, or are taken again; what a program is started with is its own.</summary>
    public static void HoldSignals(bool areHeld, params ReadOnlySpan<int> signals)
    {
        var set = stackalloc byte[SignalSetBytes];
        new Span<byte>(set, SignalSetBytes).Clear();
        foreach (var signal in signals)
        {
            _ = sigaddset(set, signal);
        }

        _ = pthread_sigmask(areHeld ? BlockSignals : UnblockSignals, set, null);
    }

    /// <summary>Goes on as another program; returns only if that failed, with the errno.</summary>
    public static int Execute(IReadOnlyList<string> command, IReadOnlyList<string> environment)
    {
        using var argv = new NativeStrings(command);
        using var envp = new NativeStrings(environment);
        _ = execve(command[0], argv.Pointer, envp.Pointer);
        return LastError;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint pread(int file, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sigaddset(byte* set, int signal);

    [LibraryImport("libc")]
    private static partial int pthread_sigmask(int how, byte* set, byte* old);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int execve(string path, byte** argv, byte** envp);
}
