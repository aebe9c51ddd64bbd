using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tspm.Daemon.Interop;

/// <summary>A short command of the daemon's own: a check, a stop command. Its own session, no input, no output.</summary>
/// <remarks>Managed programs are the keeper's; these live seconds and are killed with their group at their deadline.</remarks>
internal static partial class ChildCommand
{
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
        var errno = DetachedProcess.Start(command, env, out var pid, cwd);
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

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);
}
