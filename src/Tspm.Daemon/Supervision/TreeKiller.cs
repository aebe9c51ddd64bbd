using Tspm.Daemon.Interop;

namespace Tspm.Daemon.Supervision;

/// <summary>Signals single processes that were found to belong to a run; a pid that now means another is left alone.</summary>
internal static class TreeKiller
{
    /// <summary>Those that still live.</summary>
    public static IReadOnlyList<ProcFacts> Living(IReadOnlyList<ProcFacts> processes) =>
        [
            .. processes.Where(known =>
                ProcFacts.Read(known.Pid) is { IsZombie: false } now
                && now.StartTime == known.StartTime
            ),
        ];

    /// <summary>Signals each.</summary>
    public static void Signal(IReadOnlyList<ProcFacts> processes, int signal)
    {
        foreach (var known in processes)
        {
            using var handle = LibC.OpenProcess(known.Pid);

            // Looked at again while the handle holds it: only then the pid surely means the one we found.
            if (!handle.IsInvalid && ProcFacts.Read(known.Pid)?.StartTime == known.StartTime)
            {
                LibC.SendSignal(handle, signal);
            }
        }
    }
}
