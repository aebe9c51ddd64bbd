using System.Globalization;

namespace Tspm.Cli.Commands;

/// <summary>Looks whether processes have ended, by <c>/proc</c>; signals nobody.</summary>
internal static class ProcessEnd
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Waits for an end; false if it lives on.</summary>
    public static bool Wait(int pid, TimeSpan limit)
    {
        using var never = new ManualResetEventSlim();
        var begin = TimeProvider.System.GetTimestamp();
        while (pid > 0 && Directory.Exists($"/proc/{pid}"))
        {
            if (TimeProvider.System.GetElapsedTime(begin) > limit)
            {
                return false;
            }

            never.Wait(Pause);
        }

        return true;
    }

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

    private static bool IsInGroup(string directory, int group)
    {
        const int state = 0;
        const int groupAt = 2;
        try
        {
            // 4711 (na) me) S 1 4711 …: the name stands in brackets and may hold anything.
            var text = File.ReadAllText(Path.Join(directory, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[state] is not ("Z" or "X")
                && fields[groupAt] == group.ToString(CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return false;
        }
    }
}
