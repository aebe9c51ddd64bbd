using System.Diagnostics;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>The table: state and event give the next state and what is to be done; pure, every cell decided.</summary>
/// <remarks>docs/supervision.md shows it as a grid; LifeTableTests holds each cell to it.</remarks>
internal static class LifeTable
{
    /// <summary>One step.</summary>
    /// <exception cref="UnreachableException">A cell is not decided; a test shows that there is none.</exception>
    public static LifeStep Step(LifeState state, LifeEvent what, LifeRules rules)
    {
        var draft = new LifeDraft(state, rules);
        if (!TakeCommand(draft, what) && !TakeStart(draft, what) && !TakeRest(draft, what))
        {
            throw new UnreachableException($"{what} is no event of the table");
        }

        return draft.Finish();
    }

    private static bool TakeCommand(LifeDraft draft, LifeEvent what)
    {
        switch (what)
        {
            case StartAsked:
                CommandCells.Start(draft);
                return true;
            case StopAsked stop:
                CommandCells.Stop(draft, stop.Order);
                return true;
            case RestartAsked restart:
                CommandCells.Restart(draft, restart.Order);
                return true;
            case ReloadAsked:
                ReloadCells.Reload(draft);
                return true;
            case ResetAsked:
                CommandCells.Reset(draft);
                return true;
            default:
                return false;
        }
    }

    private static bool TakeStart(LifeDraft draft, LifeEvent what)
    {
        switch (what)
        {
            case WaitBegan began:
                StartCells.WaitBegan(draft, began.For);
                return true;
            case WaitOver:
                StartCells.WaitOver(draft);
                return true;
            case WaitFailed vain:
                StartCells.WaitFailed(draft, vain.Reason);
                return true;
            case RunStarted:
                StartCells.Started(draft);
                return true;
            case SpawnRefused refused:
                StartCells.Refused(draft, refused);
                return true;
            case Resumed resumed:
                StartCells.Resumed(draft, resumed);
                return true;
            case SuccessorReady:
                ReloadCells.Ready(draft);
                return true;
            case SuccessorFailed failed:
                ReloadCells.Failed(draft, failed.Reason);
                return true;
            default:
                return false;
        }
    }

    private static bool TakeRest(LifeDraft draft, LifeEvent what)
    {
        switch (what)
        {
            case RunEnded ended:
                EndCells.Ended(draft, ended);
                return true;
            case OutputEnded:
                EndCells.OutputEnded(draft);
                return true;
            case TreeSeen seen:
                EndCells.TreeSeen(draft, seen);
                return true;
            case RunLost:
                EndCells.Lost(draft);
                return true;
            case TimeUp time:
                TimerCells.TimeUp(draft, time.Kind);
                return true;
            case ReadyReached:
                CheckCells.Ready(draft);
                return true;
            case HealthLost lost:
                CheckCells.HealthLost(draft, lost.Reason);
                return true;
            case LimitPassed passed:
                CheckCells.LimitPassed(draft, passed.Reason);
                return true;
            case HealthFound:
                CheckCells.HealthFound(draft);
                return true;
            default:
                return false;
        }
    }
}

/// <summary>What a step gives.</summary>
/// <param name="State">The state after it.</param>
/// <param name="Actions">What is to be done, in order.</param>
internal sealed record LifeStep(LifeState State, IReadOnlyList<LifeAction> Actions);
