using System.Runtime.InteropServices;
using System.Text;

namespace Tspm.Daemon.Interop;

/// <summary>Starts a program that is to outlive us: a session of its own, default signals, no descriptors, nothing to read or write.</summary>
internal static unsafe partial class DetachedProcess
{
    // glibc needs 80 and 336 bytes; room for any C library.
    private const int StructBytes = 1024;
    private const int SignalSetBytes = 128;
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int ReadWrite = 2;

    /// <summary>Starts it.</summary>
    /// <returns>0, or the errno.</returns>
    public static int Start(
        IReadOnlyList<string> command,
        IReadOnlyList<string> environment,
        out int pid
    )
    {
        var actions = stackalloc byte[StructBytes];
        var attributes = stackalloc byte[StructBytes];
        var signals = stackalloc byte[SignalSetBytes];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        new Span<byte>(signals, SignalSetBytes).Fill(0xFF);
        _ = posix_spawnattr_setsigdefault(attributes, signals);
        new Span<byte>(signals, SignalSetBytes).Clear();
        _ = posix_spawnattr_setsigmask(attributes, signals);
        _ = posix_spawnattr_setflags(attributes, SetSignalDefault | SetSignalMask | SetSession);
        for (var descriptor = 0; descriptor < 3; descriptor++)
        {
            _ = posix_spawn_file_actions_addopen(actions, descriptor, "/dev/null", ReadWrite, 0);
        }

        _ = posix_spawn_file_actions_addclosefrom_np(actions, 3);
        var argv = Copy(command);
        var envp = Copy(environment);
        var errno = posix_spawn(out pid, command[0], actions, attributes, argv, envp);
        Free(argv);
        Free(envp);
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        return errno;
    }

    private static byte** Copy(IReadOnlyList<string> texts)
    {
        var array = (byte**)
            NativeMemory.AllocZeroed((nuint)(texts.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(texts[i]);
            array[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(array[i], bytes.Length));
        }

        return array;
    }

    private static void Free(byte** array)
    {
        for (var i = 0; array[i] is not null; i++)
        {
            NativeMemory.Free(array[i]);
        }

        NativeMemory.Free(array);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(
        out int pid,
        string path,
        byte* actions,
        byte* attributes,
        byte** argv,
        byte** envp
    );

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(
        byte* actions,
        int descriptor,
        string path,
        int flags,
        uint mode
    );

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_addclosefrom_np(byte* actions, int from);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);
}
