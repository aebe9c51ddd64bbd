using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>The life-cycle entries that a supervisor writes into the log; pure.</summary>
internal static class RunEvents
{
    /// <summary>What the table has told.</summary>
    public static LogEvent Of(Tell tell, uint run) =>
        new()
        {
            What = tell.What,
            Run = run,
            Message = tell.Message,
            By = tell.By,
        };

    /// <summary>A limit that this machine cannot keep.</summary>
    public static LogEvent LimitMissing(uint run, string why) =>
        new()
        {
            What = LogEvents.LimitMissing,
            Run = run,
            Message = why,
        };

    /// <summary>Somebody has sent a signal.</summary>
    public static LogEvent Signalled(uint run, int signal, string? by, string more) =>
        new()
        {
            What = LogEvents.Signalled,
            Run = run,
            Signal = Protocol.Specs.SignalText.NameOf(signal),
            By = by,
            Message = more.Length > 0 ? more[2..] : null,
        };

    /// <summary>A run that could not be started.</summary>
    /// <param name="run">The run.</param>
    /// <param name="errno">What the keeper said.</param>
    /// <param name="reason">The same in words.</param>
    /// <param name="decision">What comes next; null if nobody decides.</param>
    public static LogEvent SpawnFailed(
        RunState run,
        int errno,
        string reason,
        RestartDecision? decision
    )
    {
        var next = decision is { Action: AfterExit.Restart } ? decision : null;
        return new LogEvent
        {
            What = LogEvents.SpawnFailed,
            Run = run.Run,
            RunId = run.RunId.ToString(),
            Errno = errno,
            Message = reason,
            Next = next is null ? "failed" : "restart",
            NextMs = (long?)next?.Delay.TotalMilliseconds,
        };
    }

    /// <summary>A run whose leader was reaped and whose output is complete, or no longer waited for.</summary>
    /// <param name="run">The run; it has ended.</param>
    /// <param name="decision">What the restart policy says; null if it was stopped.</param>
    /// <param name="isAwaited">Somebody asked to have it started again.</param>
    public static LogEvent RunExit(RunState run, RestartDecision? decision, bool isAwaited)
    {
        var outcome = run.Outcome ?? RunOutcome.Unknown;
        var willStart = isAwaited || decision is { Action: AfterExit.Restart };
        return new LogEvent
        {
            What = LogEvents.RunExit,
            Run = run.Run,
            RunId = run.RunId.ToString(),
            Code = outcome.Code,
            Signal = outcome.SignalName,
            By = run.By,
            DurationMs = (long)run.Uptime.TotalMilliseconds,
            MaxMemoryBytes = run.MaxMemoryBytes,
            MemoryAtMostBytes = run.MemoryAtMostBytes,
            CpuMs = run.CpuMs,
            Drain = run.WasCut ? "cut" : "complete",
            Next =
                willStart ? "restart"
                : decision is { Action: AfterExit.GiveUp } ? "failed"
                : run.WasSignalled ? "stopped"
                : "exited",
            NextMs = willStart ? (long)(decision?.Delay.TotalMilliseconds ?? 0) : null,
            Message = decision?.Reason,
        };
    }
}
