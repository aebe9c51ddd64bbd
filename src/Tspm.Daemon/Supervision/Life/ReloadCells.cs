using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The rows of the table that put a new run in the place of a living one.</summary>
internal static class ReloadCells
{
    /// <summary>Somebody wants a new run that serves before the old one ends.</summary>
    public static void Reload(LifeDraft draft)
    {
        if (!IsAlive(draft))
        {
            CommandCells.Start(draft);
        }
        else if (!draft.Rules.HasReady)
        {
            draft.Do(
                new Answer(
                    ErrorCodes.BadRequest,
                    "it has no readiness check, so nobody knows when the new run serves; use restart, or set ready=CHECK"
                )
            );
        }
        else if (draft.State.IsReloading)
        {
            draft.Do(new KeepForReload());
        }
        else
        {
            draft.State = draft.State with { IsReloading = true };
            draft.Do(new KeepForReload());
            draft.Do(new BeginSuccessor());
        }
    }

    /// <summary>The new run is ready.</summary>
    public static void Ready(LifeDraft draft)
    {
        if (!IsAlive(draft) || !draft.State.IsReloading)
        {
            return;
        }

        draft.State = draft.State with
        {
            Status = ProcessStatus.Ready,
            IsReady = true,
            IsReloading = false,
            Restarts = 0,
            History = RestartHistory.Clean,
        };
        draft.Do(new EndChecks());
        draft.Do(new SwapRuns());
        draft.Do(new Tell(LogEvents.Ready));
        draft.Do(new Save());
        draft.Do(new AnswerReload(null, "reloaded"));
    }

    /// <summary>The new run will not be ready: the old one stays.</summary>
    public static void Failed(LifeDraft draft, string reason)
    {
        if (IsAlive(draft))
        {
            Drop(draft, reason);
        }
    }

    /// <summary>Ends a new run that is on its way, if there is one.</summary>
    public static void Drop(LifeDraft draft, string reason)
    {
        if (!draft.State.IsReloading)
        {
            return;
        }

        draft.State = draft.State with { IsReloading = false };
        draft.Do(new DropSuccessor());
        draft.Do(new AnswerReload(ErrorCodes.Failed, $"not reloaded, {reason}"));
    }

    private static bool IsAlive(LifeDraft draft) =>
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
            _ => throw draft.Undecided("a reload"),
        };
}
