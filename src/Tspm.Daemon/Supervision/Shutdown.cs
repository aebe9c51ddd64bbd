using System.Globalization;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Stops all programs, the newest first, what depends on others before those; tells times and what survived.</summary>
internal sealed class Shutdown(ProcessRegistry registry, TimeProvider time)
{
    /// <summary>Who has a program stopped then; by it the process remembers that it ran.</summary>
    public const string By = "shutdown";

    /// <summary>Stops all; what survived is an error of its process.</summary>
    /// <param name="timeoutMs">Grace for each; −1 means its own.</param>
    public Task<IReadOnlyList<ActionResult>> StopAllAsync(int timeoutMs)
    {
        var living = registry
            .All.Where(process => !IsOver(process))
            .OrderByDescending(process => process.Record.StartOrder)
            .ToList();
        return OrderedStop.RunAsync(living, process => StopAsync(process, timeoutMs));
    }

    private async Task<ActionResult> StopAsync(ProcessSupervisor process, int timeoutMs)
    {
        var begin = time.GetTimestamp();
        var run = process.Run;
        var leader = run is { Outcome: null, Pid: > 0 } ? run : null;
        var result = await process.DoAsync(CommandVerb.Stop, timeoutMs: timeoutMs, by: By);
        if (leader is null || result.Error is not null)
        {
            return result;
        }

        var left = await process.FindDescendantsAsync(leader);
        List<int> survivors = [.. left.Select(facts => facts.Pid)];
        if (
            ProcFacts.Read(leader.Pid) is { IsZombie: false } alive
            && alive.StartTime == leader.StartTime
        )
        {
            survivors.Insert(0, leader.Pid);
        }

        var grace = timeoutMs >= 0 ? timeoutMs : process.Record.Spec.Stop.TimeoutMs;
        return Tell(result, survivors, time.GetElapsedTime(begin), grace);
    }

    /// <summary>What is said of one that was stopped.</summary>
    internal static ActionResult Tell(
        ActionResult result,
        IReadOnlyList<int> survivors,
        TimeSpan took,
        int graceMs
    )
    {
        var seconds = string.Create(
            CultureInfo.InvariantCulture,
            $"{took.TotalSeconds:0.0}s of {graceMs / 1000.0:0.#}s"
        );
        return survivors.Count > 0
                ? result with
                {
                    Error = ErrorCodes.Failed,
                    Message = $"still alive after SIGKILL: pid {string.Join(", ", survivors)}",
                    Hint = "see: ps -o pid,stat,wchan,args -p PID",
                }
            : result.Message == "stopped" ? result with { Message = $"stopped after {seconds}" }
            : result;
    }

    private static bool IsOver(ProcessSupervisor process) =>
        process.Status is ProcessStatus.Stopped or ProcessStatus.Exited or ProcessStatus.Failed;
}
