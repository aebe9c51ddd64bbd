using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The rows of the table from the wish for a run to its life.</summary>
internal static class StartCells
{
    /// <summary>What it waits for is not so yet.</summary>
    public static void WaitBegan(LifeDraft draft, string waitsFor)
    {
        if (!Expect(draft, ProcessStatus.Waiting))
        {
            return;
        }

        draft.Do(new Tell(LogEvents.WaitingFor, waitsFor));
        draft.Do(new AnswerStarts(null, $"waits for {waitsFor}"));
        draft.Do(new Save());
    }

    /// <summary>What it waited for is so. A waiter that was cancelled meanwhile is not started.</summary>
    public static void WaitOver(LifeDraft draft)
    {
        if (!Expect(draft, ProcessStatus.Waiting))
        {
            return;
        }

        draft.Do(new LeaveOthers());
        draft.Go(ProcessStatus.Starting);
        draft.Do(new Spawn());
    }

    /// <summary>What it waits for will not be so.</summary>
    public static void WaitFailed(LifeDraft draft, string reason)
    {
        if (!Expect(draft, ProcessStatus.Waiting))
        {
            return;
        }

        draft.Do(new LeaveOthers());
        draft.GiveUp(reason);
        draft.Do(new Tell(LogEvents.Failed, reason));
        draft.Do(new AnswerStarts(ErrorCodes.Failed, reason));
        draft.Do(new Save());
    }

    /// <summary>The program lives. Told twice, by the journal and by the keeper's answer; the second changes nothing.</summary>
    public static void Started(LifeDraft draft)
    {
        if (!Expect(draft, ProcessStatus.Starting))
        {
            return;
        }

        if (draft.State.PendingStop is { } order)
        {
            draft.BeginStop(order);
            return;
        }

        draft.Go(ProcessStatus.Running);
        draft.Do(new BeginChecks());
        draft.Do(new Save());
        draft.Do(new AnswerStarts(null, "started"));
    }

    /// <summary>The program could not be started.</summary>
    public static void Refused(LifeDraft draft, SpawnRefused refused)
    {
        if (!Expect(draft, ProcessStatus.Starting))
        {
            return;
        }

        var state = draft.State;
        if (state is { PendingStop: not null, StartsAfter: false })
        {
            draft.Do(new CloseSpawn(refused.Reason, null));
            draft.GoOn();
            return;
        }

        // A first start that fails is told to whoever asked, and not tried again behind his back.
        var next = state.Restarts > 0 ? Decide(draft, refused) : null;
        draft.Do(new CloseSpawn(refused.Reason, next));
        draft.Do(new DropRun());
        if (next is not null && next.Action != AfterExit.Stay)
        {
            draft.Follow(next);
        }
        else
        {
            draft.GiveUp(refused.Reason);
        }

        draft.State = draft.State with { PendingStop = null, StartsAfter = false };
        draft.Do(new AnswerStops(null, "stopped"));
        draft.Do(new AnswerStarts(ErrorCodes.SpawnFailed, refused.Reason));
        draft.Do(new Save());
    }

    /// <summary>The daemon before died before its policy could act on the last run.</summary>
    public static void Resumed(LifeDraft draft, Resumed resumed)
    {
        if (!Expect(draft, ProcessStatus.Exited))
        {
            return;
        }

        var next = draft.Decide(resumed.Outcome, resumed.Uptime, resumed.At);
        if (next.Action == AfterExit.Restart)
        {
            draft.Follow(next);
            draft.Do(new Save());
        }
    }

    private static RestartDecision Decide(LifeDraft draft, SpawnRefused refused)
    {
        var next = draft.Decide(RunOutcome.Unknown, TimeSpan.Zero, refused.At, isFailure: true);
        var least = TimeSpan.FromMilliseconds(Math.Max(1, draft.Rules.Restart.InitialDelayMs));

        // A program that cannot be started is never tried again at once.
        return next.Action == AfterExit.Restart && next.Delay < least
            ? next with
            {
                Delay = least,
            }
            : next;
    }

    /// <summary>True in the one state in which the event means something; in every other it comes too late and is let go.</summary>
    private static bool Expect(LifeDraft draft, ProcessStatus one) =>
        draft.Status switch
        {
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
            or ProcessStatus.Failed => draft.Status == one,
            _ => throw draft.Undecided("a start"),
        };
}
