using System.Runtime.InteropServices;

namespace Tspm.CaptureLog.Spawning;

/// <summary>One posix_spawn: what the child's descriptors are, where it stands, and that it starts clean.</summary>
/// <remarks>
/// The one way all of tspm starts programs. Never <c>System.Diagnostics.Process</c>: its children inherit an ignored SIGPIPE,
/// foreign descriptors and our group.
/// </remarks>
public sealed unsafe partial class PosixSpawn : IDisposable
{
    // glibc needs 80 and 336 bytes; room for any C library.
    private const int ActionsBytes = 512;
    private const int AttributesBytes = 1024;
    private const int SignalSetBytes = 128;
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private readonly byte* _actions = (byte*)NativeMemory.AllocZeroed(ActionsBytes);
    private readonly byte* _attributes = (byte*)NativeMemory.AllocZeroed(AttributesBytes);

    /// <summary>Begins. All signals are default in the child.</summary>
    /// <param name="isApart">A session of its own, no signal blocked, no descriptor above 2; else it stays at our terminal and our side.</param>
    public PosixSpawn(bool isApart = true)
    {
        ClosesOthers = isApart;
        var signals = stackalloc byte[SignalSetBytes];
        _ = posix_spawn_file_actions_init(_actions);
        _ = posix_spawnattr_init(_attributes);
        // All 64: sigfillset leaves out the two that the C library keeps for itself, and the child would ignore them.
        new Span<byte>(signals, SignalSetBytes).Fill(0xFF);
        _ = posix_spawnattr_setsigdefault(_attributes, signals);
        _ = sigemptyset(signals);
        _ = posix_spawnattr_setsigmask(_attributes, signals);
        const short apart = SetSignalDefault | SetSignalMask | SetSession;
        _ = posix_spawnattr_setflags(_attributes, isApart ? apart : SetSignalDefault);
    }

    /// <summary>The child has no descriptor above 2.</summary>
    public bool ClosesOthers { get; init; }

    /// <summary>A program without a slash is looked up in our PATH.</summary>
    public bool SearchesPath { get; init; }

    /// <summary>The child opens a path as this descriptor.</summary>
    public void Open(int descriptor, string path, int flags, uint mode = 0) =>
        _ = posix_spawn_file_actions_addopen(_actions, descriptor, path, flags, mode);

    /// <summary>The child copies one of its descriptors.</summary>
    public void Copy(int from, int to) => _ = posix_spawn_file_actions_adddup2(_actions, from, to);

    /// <summary>Starts the program.</summary>
    /// <param name="path">The program, relative to the directory.</param>
    /// <param name="directory">Where it stands; null leaves ours.</param>
    /// <param name="arguments">argv, the name first.</param>
    /// <param name="environment">environ.</param>
    /// <param name="pid">Its pid.</param>
    /// <returns>0, or the errno of the step that failed.</returns>
    public int Start(
        string path,
        string? directory,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        out int pid
    )
    {
        using var envp = new NativeStrings(environment);
        return Start(path, directory, arguments, envp.Pointer, out pid);
    }

    /// <summary>The same with an environment that the C library has already, whatever bytes are in it.</summary>
    public int Start(
        string path,
        string? directory,
        IReadOnlyList<string> arguments,
        byte** environment,
        out int pid
    )
    {
        if (directory is not null)
        {
            _ = posix_spawn_file_actions_addchdir_np(_actions, directory);
        }

        if (ClosesOthers)
        {
            _ = posix_spawn_file_actions_addclosefrom_np(_actions, 3);
        }

        using var argv = new NativeStrings(arguments);
        return SearchesPath
            ? posix_spawnp(out pid, path, _actions, _attributes, argv.Pointer, environment)
            : posix_spawn(out pid, path, _actions, _attributes, argv.Pointer, environment);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = posix_spawn_file_actions_destroy(_actions);
        _ = posix_spawnattr_destroy(_attributes);
        NativeMemory.Free(_actions);
        NativeMemory.Free(_attributes);
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

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawnp(
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
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addchdir_np(byte* actions, string path);

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

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* signals);
}
