namespace Tspm.Daemon.Persistence;

/// <summary>Which boot of the machine this is: monotonic times and pids of another boot mean nothing.</summary>
internal static class BootIdentity
{
    private const string Path = "/proc/sys/kernel/random/boot_id";

    /// <summary>Reads it.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public static string Read() => File.ReadAllText(Path).Trim();
}
