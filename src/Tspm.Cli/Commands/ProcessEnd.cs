using System.Globalization;

namespace Tspm.Cli.Commands;

/// <summary>
/// Looks whether processes have ended, by <c>/proc</c>; signals nobody. One that has ended and that its parent has not
/// asked for yet has ended: where process 1 is no real init, that can take a second.
/// </summary>
internal static class ProcessEnd
{
    private const int StateAt = 0;
    private const int GroupAt = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits for an end; false if it lives on.</summary>
    public static bool Wait(int pid, TimeSpan limit)
    {
        using var never = new ManualResetEventSlim();
        var begin = TimeProvider.System.GetTimestamp();
        while (pid > 0 && IsAlive(pid))
        {
            if (TimeProvider.System.GetElapsedTime(begin) > limit)
            {
                return false;
            }

            never.Wait(Pause);
        }

        return true;
    }

    /// <summary>Whether a process runs (or could be continued).</summary>
    public static bool IsAlive(int pid) => ReadFields($"/proc/{pid}") is not null;

    /// <summary>Who lives in a process group.</summary>
    public static List<int> FindGroup(int group)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(
                    Path.GetFileName(directory),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var pid
                ) && IsInGroup(directory, group)
            )
            {
                found.Add(pid);
            }
        }

        return found;
    }

    private static bool IsInGroup(string directory, int group) =>
        ReadFields(directory) is { } fields
        && fields[GroupAt] == group.ToString(CultureInfo.InvariantCulture);

    /// <summary>What stands behind the name in a living process's <c>stat</c>; null if it has ended.</summary>
    private static string[]? ReadFields(string directory)
    {
        try
        {
            // 4711 (na) me) S 1 4711 …: the name stands in brackets and may hold anything.
            var text = File.ReadAllText(Path.Join(directory, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[StateAt] is "Z" or "X" ? null : fields;
        }
        catch (IOException)
        {
            // It ended, before or while it was read.
            return null;
        }
    }
}
