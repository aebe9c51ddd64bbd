using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Daemon.Interop;

/// <summary>A short command of the daemon's own: a check, a stop command. Its own session, no input, no output.</summary>
/// <remarks>Managed programs are the keeper's; these live seconds and are killed with their group at their deadline.</remarks>
internal static partial class ChildCommand
{
    // glibc needs 80 and 336 bytes; room for any C library.
    private const int StructBytes = 1024;
    private const int SignalSetBytes = 128;
    private const short Flags = 0x04 | 0x08 | 0x80; // default signals, signal mask, own session
    private const int ReadWrite = 2;
    private const int Kill = 9;
    private const int MaxAtOnce = 16;

    // Full means that many commands hang: the next waits for its turn, and its caller's deadline counts that.
    private static readonly SemaphoreSlim Turns = new(MaxAtOnce, MaxAtOnce);

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Program, with its path, and arguments.</param>
    /// <param name="cwd">Where it stands.</param>
    /// <param name="env">Its environment.</param>
    /// <param name="timeout">After this it is killed.</param>
    /// <param name="ct">Kills it too.</param>
    /// <returns>Null if it ended with code 0; else why not.</returns>
    public static async Task<string?> RunAsync(
        IReadOnlyList<string> command,
        string cwd,
        IReadOnlyList<string> env,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        try
        {
            await Turns.WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }

        try
        {
            return await Task.Factory.StartNew(
                () => Run(command, cwd, env, (int)timeout.TotalMilliseconds, ct),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        }
        finally
        {
            Turns.Release();
        }
    }

    private static string? Run(
        IReadOnlyList<string> command,
        string cwd,
        IReadOnlyList<string> env,
        int timeoutMs,
        CancellationToken ct
    )
    {
        var errno = Start(command, cwd, env, out var pid);
        if (errno != 0)
        {
            return $"{command[0]}: {Marshal.GetPInvokeErrorMessage(errno)}";
        }

        using var handle = LibC.OpenProcess(pid);
        var isLate = false;
        using (ct.Register(() => _ = kill(-pid, Kill)))
        {
            if (!WaitForEnd(handle, timeoutMs))
            {
                isLate = true;
                _ = kill(-pid, Kill);
                WaitForEnd(handle, int.MaxValue);
            }
        }

        // Not reaped before this, so the group's number was its own all the time.
        _ = waitpid(pid, out var status, 0);
        return ct.IsCancellationRequested ? "cancelled"
            : isLate ? $"took longer than {timeoutMs} ms"
            : (status & 0x7F) != 0 ? $"was killed by signal {status & 0x7F}"
            : (status >> 8 & 0xFF) is var code and not 0 ? $"exited with code {code}"
            : null;
    }

    /// <summary>Waits through interruptions by signals.</summary>
    private static bool WaitForEnd(SafeFileHandle handle, int milliseconds)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = milliseconds - (long)Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            if (LibC.WaitReadable(handle, (int)Math.Max(0, left)))
            {
                return true;
            }

            if (left <= 0)
            {
                return false;
            }
        }
    }

    private static unsafe int Start(
        IReadOnlyList<string> command,
        string cwd,
        IReadOnlyList<string> env,
        out int pid
    )
    {
        var actions = (byte*)NativeMemory.AllocZeroed(StructBytes);
        var attributes = (byte*)NativeMemory.AllocZeroed(StructBytes);
        var signals = stackalloc byte[SignalSetBytes];
        var argv = Strings(command);
        var envp = Strings(env);
        try
        {
            _ = posix_spawn_file_actions_init(actions);
            _ = posix_spawnattr_init(attributes);
            new Span<byte>(signals, SignalSetBytes).Fill(0xFF);
            _ = posix_spawnattr_setsigdefault(attributes, signals);
            _ = sigemptyset(signals);
            _ = posix_spawnattr_setsigmask(attributes, signals);
            _ = posix_spawnattr_setflags(attributes, Flags);
            for (var descriptor = 0; descriptor <= 2; descriptor++)
            {
                _ = posix_spawn_file_actions_addopen(
                    actions,
                    descriptor,
                    "/dev/null",
                    ReadWrite,
                    0
                );
            }

            _ = posix_spawn_file_actions_addchdir_np(actions, cwd);
            _ = posix_spawn_file_actions_addclosefrom_np(actions, 3);
            return posix_spawn(out pid, command[0], actions, attributes, argv, envp);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
            NativeMemory.Free(actions);
            NativeMemory.Free(attributes);
            Free(argv, command.Count);
            Free(envp, env.Count);
        }
    }

    private static unsafe byte** Strings(IReadOnlyList<string> texts)
    {
        var pointers = (byte**)
            NativeMemory.AllocZeroed((nuint)(texts.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(texts[i]);
            pointers[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(pointers[i], bytes.Length));
        }

        return pointers;
    }

    private static unsafe void Free(byte** pointers, int count)
    {
        for (var i = 0; i < count; i++)
        {
            NativeMemory.Free(pointers[i]);
        }

        NativeMemory.Free(pointers);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn(
        out int pid,
        string path,
        byte* actions,
        byte* attributes,
        byte** argv,
        byte** envp
    );

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn_file_actions_addopen(
        byte* actions,
        int descriptor,
        string path,
        int flags,
        uint mode
    );

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn_file_actions_addchdir_np(
        byte* actions,
        string path
    );

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_addclosefrom_np(
        byte* actions,
        int from
    );

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigdefault(
        byte* attributes,
        byte* signals
    );

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static unsafe partial int sigemptyset(byte* signals);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);
}
