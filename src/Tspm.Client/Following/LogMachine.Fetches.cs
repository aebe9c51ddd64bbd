using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>What the machine asks for: pages of history and of what was missed.</summary>
internal static partial class LogMachine
{
    /// <summary>Asks for what is between the position and a seq.</summary>
    /// <param name="state">Backfill or Filling.</param>
    /// <param name="step">The step.</param>
    /// <param name="to">The last seq wanted.</param>
    /// <param name="epoch">The epoch that a position at that seq has.</param>
    /// <param name="fillFrom">The first seq of the gap that this fills; 0 if it fills none.</param>
    private static LogMachineState Fetch(
        in LogMachineState state,
        in Turn step,
        long to,
        uint epoch,
        long fillFrom
    ) =>
        Ask(
            state with
            {
                FetchTo = to,
                FetchEpoch = epoch,
                FillFrom = fillFrom,
                FetchReason = fillFrom > 0 ? state.FetchReason : GapReason.Skipped,
            },
            step
        );

    private static LogMachineState Ask(in LogMachineState state, in Turn step)
    {
        var request = state.Request + 1;
        step.Add(
            new LogAction
            {
                Kind = LogActionKind.Fetch,
                Request = request,
                From = state.HasPosition ? state.Position.Seq + 1 : 0,
                To = state.FetchTo,
            }
        );
        return state with
        {
            Request = request,
            RequestTo = state.FetchTo,
            Deadline = step.Input.Now + step.Options.AnswerDeadline,
        };
    }

    private static LogMachineState TakePage(in LogMachineState state, in Turn step)
    {
        var page = step.Input;
        if (page.Request != state.Request)
        {
            return step.Ignore(state);
        }

        // Not that of the range: another daemon than the one that was asked, or one that is wrong.
        var isOdd =
            (state.HasPosition && page.After != state.Position.Seq)
            || page.UpTo > state.RequestTo
            || (state.HasPosition && page.Epoch < state.Position.Epoch);
        if (isOdd)
        {
            step.Release(page.Payload);
            return Refetch(state, step);
        }

        var isStuck = page.UpTo == page.After && (page.Flag || page.UpTo < state.RequestTo);
        var entered = state.HasPosition
            ? EnterEpoch(state, page, step)
            : MoveTo(state, page.Epoch, page.After);
        if (isStuck)
        {
            step.Release(page.Payload);
            return GiveUpFetch(entered, step);
        }

        var now = Emit(entered, page, step, isRecovered: state.FillFrom > 0);
        return now.Position.Seq >= now.FetchTo ? EndFetch(now, step, isFilled: true)
            : !page.Flag && now.Position.Seq < state.RequestTo ? GiveUpFetch(now, step)
            : Ask(now, step);
    }

    /// <summary>A page that could not be had. With the connection gone a follow goes on when that is back; a read is over.</summary>
    private static LogMachineState FailPage(in LogMachineState state, in Turn step) =>
        step.Input.Request != state.Request ? state
        : !step.Input.Flag ? GiveUpFetch(state, step)
        : state.IsFollowing ? state with { Request = state.Request + 1 }
        : End(state, step, step.Input.Text ?? "closed");

    /// <summary>Told exactly, never skipped: the rest of the range does not come.</summary>
    private static LogMachineState GiveUpFetch(in LogMachineState state, in Turn step)
    {
        var now = state with { Request = state.Request + 1 };
        if (!now.HasPosition)
        {
            var first = Math.Max(0, now.FetchTo - step.Options.Tail);
            now = MoveTo(now, now.Position.Epoch, first);
        }

        return EndFetch(
            now.Position.Seq < now.FetchTo
                ? TellGap(now, step, now.FetchTo, now.FetchReason, now.FetchEpoch)
                : now,
            step,
            isFilled: false
        );
    }

    /// <summary>Without a subscription there is nothing to begin anew with.</summary>
    private static LogMachineState Refetch(in LogMachineState state, in Turn step) =>
        state.IsFollowing ? Reset(state, step) : GiveUpFetch(state, step);

    private static LogMachineState EndFetch(in LogMachineState state, in Turn step, bool isFilled)
    {
        if (isFilled && state.FillFrom > 0)
        {
            step.Add(
                new LogAction
                {
                    Kind = LogActionKind.EmitFilled,
                    From = state.FillFrom,
                    To = state.Position.Seq,
                    Epoch = state.Position.Epoch,
                }
            );
        }

        var now = state with
        {
            Mode = LogMode.Live,

            // Counted when it is over: one that a lost connection broke off has chased nothing.
            FillStreak = state.FillStreak + (state.FillFrom > 0 ? 1 : 0),
            FillFrom = 0,
            Deadline = step.Input.Now + step.Options.SilenceDeadline,
        };
        now = now.WantsHistory ? EndHistory(now, step) : now;
        return EndAtHead(Drain(now, step), step);
    }
}
