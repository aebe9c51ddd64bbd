using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The rows of the table from the end of a leader to the end of everything it left.</summary>
internal static class EndCells
{
    /// <summary>The leader was reaped.</summary>
    public static void Ended(LifeDraft draft, RunEnded ended)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Starting:
                // So quick that the keeper's answer is not here yet; it did start.
                draft.Do(new AnswerStarts(null, "started"));
                Drain(draft, ended);
                break;
            case ProcessStatus.Running
            or ProcessStatus.Ready
            or ProcessStatus.Unhealthy
            or ProcessStatus.Stopping:
                Drain(draft, ended);
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Waiting
            or ProcessStatus.Draining
            or ProcessStatus.Sweeping
            or ProcessStatus.Backoff
            or ProcessStatus.Exited
            or ProcessStatus.Failed:
                break;
            default:
                throw draft.Undecided("an end");
        }
    }

    /// <summary>All output of the ended run is in the log.</summary>
    public static void OutputEnded(LifeDraft draft)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Draining:
                Close(draft);
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Waiting
            or ProcessStatus.Starting
            or ProcessStatus.Running
            or ProcessStatus.Ready
            or ProcessStatus.Unhealthy
            or ProcessStatus.Stopping
            or ProcessStatus.Sweeping
            or ProcessStatus.Backoff
            or ProcessStatus.Exited
            or ProcessStatus.Failed:
                // A program may close its outputs and run on.
                break;
            default:
                throw draft.Undecided("the end of output");
        }
    }

    /// <summary>Writes the end of the run; then the tree of one that was stopped is looked at.</summary>
    public static void Close(LifeDraft draft)
    {
        draft.Do(new ClearTimer());
        draft.Do(new CloseRun(draft.State.StartsAfter));
        if (draft.State.IsSignalled && draft.Rules.Stop.Scope == StopScopes.Tree)
        {
            draft.Go(ProcessStatus.Sweeping);
            draft.Do(new LookAtTree());
            return;
        }

        draft.GoOn();
    }

    /// <summary>Somebody looked at what is left of a stopped run.</summary>
    public static void TreeSeen(LifeDraft draft, TreeSeen seen)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Sweeping when !seen.IsDone:
                draft.Do(new SetTimer(TimerKind.Descendants, draft.Rules.Times.Look));
                break;
            case ProcessStatus.Sweeping when seen.Left is { } left:
                draft.Do(new Tell(LogEvents.Survivors, left));
                draft.Do(new AnswerStops(ErrorCodes.Failed, $"stopped, but it left {left}"));
                draft.GoOn();
                break;
            case ProcessStatus.Sweeping:
                draft.GoOn();
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Waiting
            or ProcessStatus.Starting
            or ProcessStatus.Running
            or ProcessStatus.Ready
            or ProcessStatus.Unhealthy
            or ProcessStatus.Stopping
            or ProcessStatus.Draining
            or ProcessStatus.Backoff
            or ProcessStatus.Exited
            or ProcessStatus.Failed:
                break;
            default:
                throw draft.Undecided("a look at the tree");
        }
    }

    /// <summary>Nobody knows how the run under way has ended: it is not started again by surprise.</summary>
    public static void Lost(LifeDraft draft)
    {
        switch (draft.Status)
        {
            case ProcessStatus.Starting
            or ProcessStatus.Running
            or ProcessStatus.Ready
            or ProcessStatus.Unhealthy
            or ProcessStatus.Stopping
            or ProcessStatus.Draining
            or ProcessStatus.Sweeping:
                draft.State = draft.State with
                {
                    IsWanted = false,
                    StartsAfter = false,
                    Next = null,
                };
                ReloadCells.Drop(draft, "its run was lost");
                draft.Do(new EndChecks());
                draft.Do(new AnswerStarts(ErrorCodes.Failed, "its run was lost"));
                if (draft.Status != ProcessStatus.Sweeping)
                {
                    draft.Do(new CloseRun(false));
                }

                draft.GoOn();
                break;
            case ProcessStatus.Stopped
            or ProcessStatus.Waiting
            or ProcessStatus.Backoff
            or ProcessStatus.Exited
            or ProcessStatus.Failed:
                break;
            default:
                throw draft.Undecided("a lost run");
        }
    }

    private static void Drain(LifeDraft draft, RunEnded ended)
    {
        var state = draft.State;
        var wasAlive = state.Status != ProcessStatus.Starting;
        var isStopped = !state.IsWanted || (state.IsSignalled && !state.IsSick);
        var next = isStopped
            ? null
            : draft.Decide(ended.Outcome, ended.Uptime, ended.At, isFailure: state.IsSick);
        draft.State = draft.State with
        {
            Status = ProcessStatus.Draining,
            Next = next,
            PendingStop = null,
        };
        ReloadCells.Drop(draft, "the old run ended meanwhile");
        if (wasAlive)
        {
            draft.Do(new EndChecks());
        }

        var isAwaited = isStopped || state.StartsAfter || next is { Action: AfterExit.Restart };
        var times = draft.Rules.Times;
        draft.Do(new SetTimer(TimerKind.Drain, isAwaited ? times.ShortDrain : times.Drain));
    }
}
