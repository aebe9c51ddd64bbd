using Tspm.CaptureLog.Spawning;

namespace Tspm.Daemon.Interop;

/// <summary>Starts a program that is to outlive us: a session of its own, default signals, no descriptors, nothing to read or write.</summary>
internal static class DetachedProcess
{
    private const int ReadWrite = 2;

    /// <summary>Starts it.</summary>
    /// <param name="command">Program, with its path, and arguments.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="pid">Its pid.</param>
    /// <param name="directory">Where it stands; null leaves ours.</param>
    /// <returns>0, or the errno.</returns>
    public static int Start(
        IReadOnlyList<string> command,
        IReadOnlyList<string> environment,
        out int pid,
        string? directory = null
    )
    {
        using var spawn = new PosixSpawn();
        for (var descriptor = 0; descriptor <= 2; descriptor++)
        {
            spawn.Open(descriptor, "/dev/null", ReadWrite);
        }

        return spawn.Start(command[0], directory, command, environment, out pid);
    }
}
