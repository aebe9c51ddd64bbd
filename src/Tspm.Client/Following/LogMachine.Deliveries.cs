using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>What the daemon sends by itself: batches, gaps, marks.</summary>
internal static partial class LogMachine
{
    private static LogMachineState Hear(in LogMachineState state, in Turn step) =>
        step.Input.Gen != state.Gen
            ? step.Ignore(state)
            : Take(
                state with
                {
                    Deadline = step.Input.Now + step.Options.SilenceDeadline,
                },
                step.Input,
                step
            );

    /// <summary>Holds back what came while a range is fetched; over the bound the oldest goes, and is fetched later.</summary>
    private static LogMachineState Put(in LogMachineState state, in Turn step)
    {
        var input = step.Input;
        if (input.Kind != LogInputKind.LogEnded && input.Gen != state.Gen)
        {
            return step.Ignore(state);
        }

        var held = state with
        {
            Hold = state.Hold.Add(input),
            HoldEntries = state.HoldEntries + input.Entries,
            HoldBytes = state.HoldBytes + input.Bytes,
        };
        while (
            held.HoldEntries > step.Options.MaxHoldEntries
            || held.HoldBytes > step.Options.MaxHoldBytes
        )
        {
            var at = held.Hold.FindIndex(one => one.Bytes > 0 || one.Entries > 0);
            var oldest = held.Hold[at];
            step.Release(oldest.Payload);
            held = held with
            {
                Hold = held.Hold.RemoveAt(at),
                HoldEntries = held.HoldEntries - oldest.Entries,
                HoldBytes = held.HoldBytes - oldest.Bytes,
            };
            if (held.Hold.IsEmpty)
            {
                // What comes later finds the hole; with nothing later it is fetched with the rest.
                held = held with
                {
                    FetchTo = Math.Max(held.FetchTo, oldest.UpTo),
                    FetchEpoch = Math.Max(held.FetchEpoch, oldest.Epoch),
                };
            }
        }

        return held;
    }

    private static LogMachineState DropHold(in LogMachineState state, in Turn step)
    {
        foreach (var held in state.Hold)
        {
            step.Release(held.Payload);
        }

        return state with
        {
            Hold = [],
            HoldEntries = 0,
            HoldBytes = 0,
        };
    }

    /// <summary>After a fetch: what was held, until one of them leaves a hole again.</summary>
    private static LogMachineState Drain(in LogMachineState state, in Turn step)
    {
        var now = state;
        while (now.Mode == LogMode.Live && !now.Hold.IsEmpty)
        {
            var next = now.Hold[0];
            now = Take(
                now with
                {
                    Hold = now.Hold.RemoveAt(0),
                    HoldEntries = now.HoldEntries - next.Entries,
                    HoldBytes = now.HoldBytes - next.Bytes,
                },
                next,
                step
            );
        }

        return now;
    }

    private static LogMachineState Take(
        in LogMachineState state,
        in LogInput input,
        in Turn step
    ) =>
        input.Kind switch
        {
            LogInputKind.Batch => TakeBatch(state, input, step),
            LogInputKind.Gap => TakeGap(state, input, step),
            LogInputKind.CaughtUp => TakeCaughtUp(state, input, step),
            _ => End(state, step, input.Text ?? "ended"),
        };

    private static LogMachineState TakeBatch(
        in LogMachineState state,
        in LogInput batch,
        in Turn step
    )
    {
        if (batch.Epoch < state.Position.Epoch)
        {
            step.Release(batch.Payload);
            return Reset(state, step);
        }

        var entered = EnterEpoch(state, batch, step);
        var position = entered.Position.Seq;
        if (batch.UpTo <= position)
        {
            // A heartbeat, or something that was given out before.
            step.Release(batch.Payload);
            return batch.UpTo > batch.After
                ? entered with
                {
                    Repeats = entered.Repeats + 1,
                }
                : entered;
        }

        if (batch.After == position)
        {
            return EndAtHead(Emit(entered, batch, step, isRecovered: false), step);
        }

        if (batch.After < position || batch.After == batch.UpTo)
        {
            // It begins in the middle of what was given out, or says only where the head is: fetched as a whole.
            step.Release(batch.Payload);
            return Fetch(entered with { Mode = LogMode.Filling }, step, batch.UpTo, batch.Epoch, 0);
        }

        return Fetch(HoldFirst(entered, batch), step, batch.After, batch.Epoch, 0);
    }

    private static LogMachineState TakeGap(in LogMachineState state, in LogInput gap, in Turn step)
    {
        var next = state.Position.Seq + 1;
        if (gap.UpTo < next)
        {
            return state;
        }

        if (gap.After + 1 > next)
        {
            return Fetch(HoldFirst(state, gap), step, gap.After, gap.Epoch, 0);
        }

        var counted = CountGap(state, step);
        if (MayFill(counted, gap, step))
        {
            var filling = counted with { Mode = LogMode.Filling, FetchReason = gap.Reason };
            return Fetch(filling, step, gap.UpTo, gap.Epoch, next);
        }

        return EndAtHead(
            TellGap(Pause(counted, gap, step), step, gap.UpTo, gap.Reason, gap.Epoch),
            step
        );
    }

    private static LogMachineState TakeCaughtUp(
        in LogMachineState state,
        in LogInput mark,
        in Turn step
    )
    {
        var now = state.WantsHistory ? EndHistory(state, step) : state;
        step.Add(new LogAction { Kind = LogActionKind.EmitCaughtUp, To = mark.UpTo });
        return now;
    }

    /// <summary>The store begins a new epoch below what was given out: those entries are not there any more. Told once.</summary>
    private static LogMachineState EnterEpoch(
        in LogMachineState state,
        in LogInput input,
        in Turn step
    )
    {
        var isCut =
            input.Epoch > state.Position.Epoch
            && input.PrevEpochEnd >= 0
            && input.PrevEpochEnd < state.Position.Seq;
        if (!isCut)
        {
            return state;
        }

        step.Add(
            new LogAction
            {
                Kind = LogActionKind.EmitTruncated,
                From = state.Position.Seq,
                To = input.PrevEpochEnd,
                Epoch = input.Epoch,
            }
        );
        return MoveTo(state, input.Epoch, input.PrevEpochEnd);
    }

    private static LogMachineState Emit(
        in LogMachineState state,
        in LogInput delivery,
        in Turn step,
        bool isRecovered
    )
    {
        step.Add(
            new LogAction
            {
                Kind = LogActionKind.Emit,
                From = delivery.After + 1,
                To = delivery.UpTo,
                Epoch = delivery.Epoch,
                FromRun = state.Run != 0 && delivery.Run > state.Run ? state.Run : 0,
                Flag = isRecovered,
                Payload = delivery.Payload,
            }
        );
        return MoveTo(state, delivery.Epoch, delivery.UpTo) with
        {
            Run = Math.Max(state.Run, delivery.Run),
            Resets = 0,
        };
    }

    private static LogMachineState TellGap(
        in LogMachineState state,
        in Turn step,
        long to,
        GapReason reason,
        uint epoch
    )
    {
        step.Add(
            new LogAction
            {
                Kind = LogActionKind.EmitGap,
                From = state.Position.Seq + 1,
                To = to,
                Epoch = Math.Max(epoch, state.Position.Epoch),
                Reason = reason,
            }
        );
        return MoveTo(state, Math.Max(epoch, state.Position.Epoch), to);
    }

    private static LogMachineState HoldFirst(in LogMachineState state, in LogInput input) =>
        state with
        {
            Mode = LogMode.Filling,
            Hold = state.Hold.Insert(0, input),
            HoldEntries = state.HoldEntries + input.Entries,
            HoldBytes = state.HoldBytes + input.Bytes,
        };

    private static LogMachineState CountGap(in LogMachineState state, in Turn step)
    {
        var now = step.Input.Now;
        var hasRested = state.GapAt == 0 || now - state.GapAt >= step.Options.FillRest;
        return state with
        {
            GapAt = Math.Max(1, now),
            FillStreak = hasRested ? 0 : state.FillStreak,
        };
    }

    private static bool MayFill(in LogMachineState state, in LogInput gap, in Turn step) =>
        step.Options.FillsGaps
        && gap.Flag
        && step.Input.Now >= state.SkipUntil
        && state.FillStreak < step.Options.MaxFillStreak;

    /// <summary>If the log grows faster than disk is read, filling never ends: after some in a row it pauses.</summary>
    private static LogMachineState Pause(in LogMachineState state, in LogInput gap, in Turn step)
    {
        var isTooMany =
            step.Options.FillsGaps
            && gap.Flag
            && step.Input.Now >= state.SkipUntil
            && state.FillStreak >= step.Options.MaxFillStreak;
        if (!isTooMany)
        {
            return state;
        }

        step.Add(new LogAction { Kind = LogActionKind.EmitFillPaused });
        return state with { FillStreak = 0, SkipUntil = step.Input.Now + step.Options.FillPause };
    }
}
