using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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
        var actions = stackalloc byte[StructBytes];
        var attributes = stackalloc byte[StructBytes];
        var signals = stackalloc byte[128];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        new Span<byte>(signals, 128).Fill(0xFF);
        _ = posix_spawnattr_setsigdefault(attributes, signals);
        _ = posix_spawnattr_setflags(attributes, SetSignalDefault);
        SafeFileHandle[] files = [input, output, errors];
        for (var at = 0; at < files.Length; at++)
        {
            _ = posix_spawn_file_actions_adddup2(actions, (int)files[at].DangerousGetHandle(), at);
        }

        _ = posix_spawn_file_actions_addclosefrom_np(actions, 3);
        var argv = (byte**)
            NativeMemory.AllocZeroed((nuint)(command.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < command.Count; i++)
        {
            argv[i] = (byte*)Marshal.StringToCoTaskMemUTF8(command[i]);
        }

        var errno = posix_spawnp(out var pid, command[0], actions, attributes, argv, Environ());
        for (var i = 0; i < command.Count; i++)
        {
            Marshal.FreeCoTaskMem((nint)argv[i]);
        }

        NativeMemory.Free(argv);
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
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

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawnp(
        out int pid,
        string path,
        byte* actions,
        byte* attributes,
        byte** argv,
        byte** envp
    );
}
