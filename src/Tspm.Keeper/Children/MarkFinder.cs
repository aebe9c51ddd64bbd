using System.Globalization;
using System.Text;
using Tspm.CaptureLog;

namespace Tspm.Keeper.Children;

/// <summary>Finds a program that was spawned by a keeper that died before it could record it: by its mark, or its pipe as stdout.</summary>
internal static class MarkFinder
{
    private const int MaxEnvironment = 2 * 1024 * 1024;

    /// <summary>The leader of a run; null if nobody lives of it.</summary>
    /// <param name="runId">The mark.</param>
    /// <param name="pipe">The named pipe of its stdout.</param>
    public static ProcessStat? Find(Guid runId, string pipe)
    {
        var mark = Encoding.ASCII.GetBytes($"TSPM_RUN={runId}");
        var buffer = new byte[MaxEnvironment];
        ProcessStat? oldest = null;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            var isProcess = int.TryParse(
                Path.GetFileName(directory.AsSpan()),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var pid
            );
            if (
                !isProcess
                || pid == Environment.ProcessId
                || !(HasMark(directory, mark, buffer) || HasOutput(directory, pipe))
            )
            {
                continue;
            }

            // A leader has a session of its own, which its descendants share or leave.
            if (
                ProcessStat.Read(pid) is { } stat
                && stat.Session == pid
                && (oldest is null || stat.StartTime < oldest.Value.StartTime)
            )
            {
                oldest = stat;
            }
        }

        return oldest;
    }

    private static bool HasMark(string directory, byte[] mark, byte[] buffer)
    {
        try
        {
            using var file = File.OpenRead(Path.Join(directory, "environ"));
            var environment = buffer.AsSpan(
                0,
                file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)
            );
            var at = environment.IndexOf(mark);
            return at == 0 || (at > 0 && environment[at - 1] == 0);
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's process, so not one of ours.
            return false;
        }
    }

    private static bool HasOutput(string directory, string pipe)
    {
        try
        {
            var link = Path.Join(directory, "fd", "1");
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName == pipe;
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
