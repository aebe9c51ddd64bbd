using Tspm.CaptureLog;

namespace Tspm.Daemon.Persistence;

/// <summary>Which boot of the machine this is: monotonic times and pids of another boot mean nothing.</summary>
internal static class BootIdentity
{
    /// <summary>Reads it.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public static string Read() => BootId.Text;
}
