using System.Globalization;

namespace Tspm.CaptureLog;

/// <summary>Who holds the lock of a file, by the kernel's word; what stands in the file is for people only.</summary>
public static class LockHolder
{
    private const string Locks = "/proc/locks";

    /// <summary>The pid that holds it; 0 if nobody does, or the kernel does not tell.</summary>
    public static int Find(string path)
    {
        if (HomeGuard.PlaceOf(path) is not { } file || !File.Exists(Locks))
        {
            return 0;
        }

        var wanted = string.Create(
            CultureInfo.InvariantCulture,
            $"{file.Major:x2}:{file.Minor:x2}:{file.Inode}"
        );
        return Find(File.ReadLines(Locks), wanted);
    }

    /// <summary>The same, in the text of /proc/locks.</summary>
    /// <param name="lines">"1: FLOCK  ADVISORY  WRITE 4711 fd:00:1234 0 EOF"; who waits has "->" after the number.</param>
    /// <param name="file">Device and number as they stand there.</param>
    internal static int Find(IEnumerable<string> lines, string file)
    {
        foreach (var line in lines)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (
                words is [_, "FLOCK", _, _, var pid, var place, ..]
                && place == file
                && int.TryParse(pid, CultureInfo.InvariantCulture, out var holder)
            )
            {
                return holder;
            }
        }

        return 0;
    }
}
