using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The rows of the table that are readiness and health; only a living run has them.</summary>
internal static class CheckCells
{
    /// <summary>The readiness check has passed.</summary>
    public static void Ready(LifeDraft draft)
    {
        if (draft.State.IsReady || !IsLooked(draft))
        {
            return;
        }

        draft.State = draft.State with { IsReady = true };
        draft.Do(new Tell(LogEvents.Ready));
        draft.Do(new Save());
        if (draft.Status == ProcessStatus.Running)
        {
            draft.Go(ProcessStatus.Ready);
        }
    }

    /// <summary>The health check fails.</summary>
    public static void HealthLost(LifeDraft draft, string reason)
    {
        if (draft.Status == ProcessStatus.Unhealthy || !IsLooked(draft))
        {
            return;
        }

        draft.Do(new Tell(LogEvents.Unhealthy, reason));
        if (draft.Rules.HealthRestarts)
        {
            draft.State = draft.State with { IsSick = true };
            draft.BeginStop(new StopOrder(By: "health check"), reason);
            return;
        }

        draft.Go(ProcessStatus.Unhealthy);
    }

    /// <summary>The health check passes again.</summary>
    public static void HealthFound(LifeDraft draft)
    {
        if (!IsLooked(draft) || draft.Status != ProcessStatus.Unhealthy)
        {
            return;
        }

        draft.Do(new Tell(LogEvents.Healthy));
        draft.Go(draft.State.IsReady ? ProcessStatus.Ready : ProcessStatus.Running);
    }

    /// <summary>Its tree uses more than it may: it is ended, and the policy decides as about a failure.</summary>
    public static void LimitPassed(LifeDraft draft, string reason)
    {
        if (!IsLooked(draft))
        {
            return;
        }

        draft.Do(new Tell(LogEvents.Limit, reason));
        draft.State = draft.State with { IsSick = true };
        draft.BeginStop(new StopOrder(By: "limit"), reason);
    }

    private static bool IsLooked(LifeDraft draft) =>
        draft.Status switch
        {
            ProcessStatus.Running or ProcessStatus.Ready or ProcessStatus.Unhealthy => true,
            ProcessStatus.Stopped
            or ProcessStatus.Waiting
            or ProcessStatus.Starting
            or ProcessStatus.Stopping
            or ProcessStatus.Draining
            or ProcessStatus.Sweeping
            or ProcessStatus.Backoff
            or ProcessStatus.Exited
            or ProcessStatus.Failed => false,
            _ => throw draft.Undecided("a check"),
        };
}
