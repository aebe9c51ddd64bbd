using Tspm.Protocol;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The rows of the table that are commands: each is legal in every state.</summary>
internal static class CommandCells
{
    /// <summary>Somebody wants it to run.</summary>
    public static void Start(LifeDraft draft)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Stopped
            or ProcessStatus.Exited
            or ProcessStatus.Failed
            or ProcessStatus.Backoff:
                draft.Do(new ClearTimer());
                draft.Do(new KeepForStart());
                draft.BeginAnew();
                break;
            case ProcessStatus.Waiting:
                draft.Do(new Answer(null, "waits for others already"));
                break;
            case ProcessStatus.Starting when draft.State.PendingStop is not null:
                StartAfter(draft);
                break;
            case ProcessStatus.Starting:
                draft.Do(new KeepForStart());
                break;
            case ProcessStatus.Running or ProcessStatus.Ready or ProcessStatus.Unhealthy:
                draft.Do(new Answer(null, "already running"));
                break;
            case ProcessStatus.Stopping or ProcessStatus.Sweeping:
                StartAfter(draft);
                break;
            case ProcessStatus.Draining:
                StartAfter(draft);
                draft.Do(new SetTimer(TimerKind.Drain, draft.Rules.Times.ShortDrain));
                break;
            default:
                throw draft.Undecided("start");
        }
    }

    /// <summary>Somebody wants it to end.</summary>
    public static void Stop(LifeDraft draft, StopOrder order)
    {
        draft.State = draft.State with { IsWanted = false };
        switch (draft.Status)
        {
            case ProcessStatus.Stopped or ProcessStatus.Exited or ProcessStatus.Failed:
                Settle(draft, "not running");
                break;
            case ProcessStatus.Backoff:
                Settle(draft, "stopped, it was waiting for its next try");
                break;
            case ProcessStatus.Waiting:
                draft.Do(new LeaveOthers());
                DropStarts(draft);
                Settle(draft, "stopped, it was waiting for others");
                break;
            case ProcessStatus.Starting:
                DropStarts(draft);
                draft.State = draft.State with { PendingStop = order };
                draft.Do(new KeepForStop());
                break;
            case ProcessStatus.Running or ProcessStatus.Ready or ProcessStatus.Unhealthy:
                draft.Do(new KeepForStop());
                draft.BeginStop(order);
                break;
            case ProcessStatus.Stopping:
                DropStarts(draft);
                draft.Do(new KeepForStop());
                if (order.Signal > 0 || order.TimeoutMs >= 0)
                {
                    // Somebody is in more of a hurry than who asked first.
                    draft.BeginStop(order);
                }

                break;
            case ProcessStatus.Draining:
                DropStarts(draft);
                draft.Do(new KeepForStop());
                draft.Do(new SetTimer(TimerKind.Drain, draft.Rules.Times.ShortDrain));
                break;
            case ProcessStatus.Sweeping:
                DropStarts(draft);
                draft.Do(new KeepForStop());
                break;
            default:
                throw draft.Undecided("stop");
        }
    }

    /// <summary>Somebody wants a new run.</summary>
    public static void Restart(LifeDraft draft, StopOrder order)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Running or ProcessStatus.Ready or ProcessStatus.Unhealthy:
                StartAfter(draft);
                draft.State = draft.State with { Restarts = 0 };
                draft.BeginStop(order, "to be started again");
                break;
            case ProcessStatus.Starting:
                StartAfter(draft);
                draft.State = draft.State with { PendingStop = order };
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Exited
            or ProcessStatus.Failed
            or ProcessStatus.Backoff
            or ProcessStatus.Waiting
            or ProcessStatus.Stopping
            or ProcessStatus.Sweeping
            or ProcessStatus.Draining:
                Start(draft);
                break;
            default:
                throw draft.Undecided("restart");
        }
    }

    /// <summary>Somebody wants its failures forgotten.</summary>
    public static void Reset(LifeDraft draft)
    {
        draft.State = draft.State with { Restarts = 0, History = RestartHistory.Clean };
        switch (draft.Status)
        {
            case ProcessStatus.Failed:
                draft.State = draft.State with { IsWanted = false, FailedReason = null };
                draft.Go(ProcessStatus.Stopped);
                draft.Do(new Answer(null, "reset; it is stopped"));
                break;
            case ProcessStatus.Backoff:
                draft.Do(new ClearTimer());
                draft.Do(new Answer(null, "reset; its next try is now"));
                draft.Begin();
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Exited
            or ProcessStatus.Waiting
            or ProcessStatus.Starting
            or ProcessStatus.Running
            or ProcessStatus.Ready
            or ProcessStatus.Unhealthy
            or ProcessStatus.Stopping
            or ProcessStatus.Draining
            or ProcessStatus.Sweeping:
                draft.Do(new Answer(null, "reset"));
                break;
            default:
                throw draft.Undecided("reset");
        }

        draft.Do(new Save());
    }

    private static void StartAfter(LifeDraft draft)
    {
        draft.State = draft.State with { IsWanted = true, StartsAfter = true };
        draft.Do(new KeepForStart());
    }

    private static void DropStarts(LifeDraft draft)
    {
        draft.State = draft.State with { StartsAfter = false, Next = null };
        draft.Do(new AnswerStarts(ErrorCodes.Conflict, "stopped before it was started"));
    }

    private static void Settle(LifeDraft draft, string message)
    {
        draft.Do(new ClearTimer());
        draft.State = draft.State with { FailedReason = null, Next = null };
        draft.Go(ProcessStatus.Stopped);
        draft.Do(new Save());
        draft.Do(new Answer(null, message));
    }
}
