using System.Globalization;
using Tspm.CaptureLog;

namespace Tspm.Keeper.Control;

/// <summary>Finds the daemon that another keeper started.</summary>
internal static class LivingDaemon
{
    private static ReadOnlySpan<byte> Words => "\0daemon\0run\0"u8;

    /// <summary>The pid of who holds the daemon's lock, if it is one: whoever else took the lock is no daemon, and is not signalled.</summary>
    /// <param name="home">The home.</param>
    /// <param name="stranger">Who holds it and is none; 0 if nobody does.</param>
    /// <returns>0 if none lives, or the kernel does not tell.</returns>
    public static int Find(HomePaths home, out int stranger)
    {
        var holder = LockHolder.Find(home.DaemonLock);
        var isDaemon = holder > 0 && IsDaemon(ReadCommand(holder));
        stranger = isDaemon ? 0 : holder;
        return isDaemon ? holder : 0;
    }

    /// <summary>Whether a command line, its words ended by NUL, is that of a daemon of any version.</summary>
    internal static bool IsDaemon(ReadOnlySpan<byte> command) => command.IndexOf(Words) > 0;

    private static byte[] ReadCommand(int pid)
    {
        try
        {
            return File.ReadAllBytes(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline")
            );
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            // Of another user: none of ours.
            return [];
        }
    }
}
