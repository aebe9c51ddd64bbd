using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tspm.CaptureLog.Spawning;

namespace Tspm.Cli.Launch;

/// <summary>What <see cref="Tool"/> needs.</summary>
internal static unsafe partial class LibC
{
    private const int NoHang = 1;
    private const int SigKill = 9;

    /// <summary>A file without a name.</summary>
    public static SafeFileHandle OpenMemory() =>
        new(memfd_create("tspm-tool", 1), ownsHandle: true);

    /// <summary>Starts a program with these as its stdin, stdout and stderr; its pid, 0 if it cannot be started.</summary>
    public static int StartTool(
        IReadOnlyList<string> command,
        SafeFileHandle input,
        SafeFileHandle output,
        SafeFileHandle errors
    )
    {
        using var spawn = new PosixSpawn(isApart: false)
        {
            ClosesOthers = true,
            SearchesPath = true,
        };
        SafeFileHandle[] files = [input, output, errors];
        for (var at = 0; at < files.Length; at++)
        {
            spawn.Copy((int)files[at].DangerousGetHandle(), at);
        }

        var errno = spawn.Start(command[0], null, command, Environ(), out var pid);
        return errno == 0 ? pid : 0;
    }

    /// <summary>Whether a child has ended, and its exit code, or 128 and its signal.</summary>
    public static bool TryReap(int pid, out int code)
    {
        var status = 0;
        code = 0;
        var reaped = waitpid(pid, &status, NoHang);
        if (reaped == 0)
        {
            return false;
        }

        var signal = status & 0x7F;
        code =
            reaped < 0 ? -1
            : signal == 0 ? (status >> 8) & 0xFF
            : 128 + signal;
        return true;
    }

    /// <summary>Kills a child that was not reaped.</summary>
    public static void Kill(int pid) => _ = kill(pid, SigKill);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);
}
