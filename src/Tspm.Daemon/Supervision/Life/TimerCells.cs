using Tspm.Protocol;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The row of the table that is time. A timer that comes in a state it was not set for is let go.</summary>
internal static class TimerCells
{
    /// <summary>The timer was up.</summary>
    public static void TimeUp(LifeDraft draft, TimerKind kind)
    {
        switch ((kind, draft.Status))
        {
            case (TimerKind.Retry, ProcessStatus.Backoff):
                draft.Begin();
                break;
            case (TimerKind.Grace, ProcessStatus.Stopping):
                Escalate(draft);
                break;
            case (TimerKind.Drain, ProcessStatus.Draining):
                draft.Do(new CutOutput());
                EndCells.Close(draft);
                break;
            case (TimerKind.Descendants, ProcessStatus.Sweeping):
                draft.Do(new LookAtTree());
                break;
            case (
                TimerKind.Forget,
                ProcessStatus.Stopped
                    or ProcessStatus.Exited
                    or ProcessStatus.Failed
            ) when draft.Rules.IsTemporary:
                draft.Do(new Forget());
                break;
            case (
                TimerKind.Retry
                    or TimerKind.Grace
                    or TimerKind.Drain
                    or TimerKind.Descendants
                    or TimerKind.Forget,
                ProcessStatus.Stopped
                    or ProcessStatus.Waiting
                    or ProcessStatus.Starting
                    or ProcessStatus.Running
                    or ProcessStatus.Ready
                    or ProcessStatus.Unhealthy
                    or ProcessStatus.Stopping
                    or ProcessStatus.Draining
                    or ProcessStatus.Sweeping
                    or ProcessStatus.Backoff
                    or ProcessStatus.Exited
                    or ProcessStatus.Failed
            ):
                break;
            default:
                throw draft.Undecided($"the timer {kind}");
        }
    }

    private static void Escalate(LifeDraft draft)
    {
        var state = draft.State;
        if (state.SignalsSent > 0 && state.SignalsSent <= draft.Rules.Stop.MoreSignals.Count)
        {
            draft.State = state with { SignalsSent = state.SignalsSent + 1 };
            draft.Do(new SendNext(state.SignalsSent));
            draft.Do(new SetTimer(TimerKind.Grace, draft.ShareOf(new StopOrder())));
            return;
        }

        if (state.IsKilled)
        {
            // In the kernel's hands: nothing that we can do ends it.
            draft.Do(new AnswerStops(ErrorCodes.Failed, "it is still there after SIGKILL"));
        }

        draft.State = draft.State with { IsKilled = true };
        draft.Do(new Kill());
        draft.Do(new SetTimer(TimerKind.Grace, draft.Rules.Times.AfterKill));
    }
}
