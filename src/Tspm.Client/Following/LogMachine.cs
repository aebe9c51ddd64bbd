using Tspm.Protocol;

namespace Tspm.Client.Following;

/// <summary>The decisions about one followed log: a pure function of state and input, without clock, thread or I/O.</summary>
/// <remarks>
/// The position is the last entry given out. What follows on it exactly is given out; what is not after it is
/// ignored; what leaves a hole is held until the hole was fetched or told. So what was given out plus the gaps told
/// plus what a filter took is first..last, in order, each once. The only way to recover from anything odd is to
/// subscribe anew after the position.
/// </remarks>
internal static partial class LogMachine
{
    /// <summary>Goes one step.</summary>
    /// <param name="state">Where it is.</param>
    /// <param name="input">What happened; its payload belongs to the machine from here on.</param>
    /// <param name="options">What it may do.</param>
    /// <param name="actions">What the driver is to do is added here.</param>
    public static LogMachineState Step(
        in LogMachineState state,
        in LogInput input,
        LogMachineOptions options,
        List<LogAction> actions
    )
    {
        var step = new Turn(input, options, actions);
        if (state.Mode == LogMode.Ended)
        {
            return step.Ignore(state);
        }

        return (state.Mode, input.Kind) switch
        {
            (LogMode.New, LogInputKind.Start) => Start(state, step),
            (_, LogInputKind.Detached) => Detach(state, step),
            (LogMode.Detached, LogInputKind.Resumed) => Resume(state, step),
            (
                LogMode.Subscribing
                    or LogMode.Backfill
                    or LogMode.Live
                    or LogMode.Filling,
                LogInputKind.Subscribed
            ) => Open(state, step),
            (LogMode.Backfill or LogMode.Filling, LogInputKind.Page) => TakePage(state, step),
            (LogMode.Backfill or LogMode.Filling, LogInputKind.PageFailed) => FailPage(state, step),
            (
                LogMode.Backfill
                    or LogMode.Filling,
                LogInputKind.Batch
                    or LogInputKind.Gap
                    or LogInputKind.CaughtUp
                    or LogInputKind.LogEnded
            ) => Put(state, step),
            (_, LogInputKind.LogEnded) => End(state, step, input.Text ?? "ended"),
            (LogMode.Live, LogInputKind.Batch or LogInputKind.Gap or LogInputKind.CaughtUp) => Hear(
                state,
                step
            ),
            (not LogMode.New, LogInputKind.EndAt) => EndAtHead(
                state with
                {
                    EndAt = input.UpTo,
                },
                step
            ),
            (_, LogInputKind.Timer) => OnTimer(state, step),
            _ => step.Ignore(state),
        };
    }

    private static LogMachineState Start(in LogMachineState state, in Turn step)
    {
        var options = step.Options;
        var begun = state with
        {
            HasPosition = options.After is not null,
            Position = options.After ?? new LogPosition(step.Input.Epoch, 0),
            WantsHistory = options.HasHistory && options.After is null,
            IsFollowing = options.Follows || options.After is not null,
        };
        if (begun.IsFollowing)
        {
            return Subscribe(begun, step, LogActionKind.Subscribe);
        }

        // A plain read: pages up to the head that is known, no subscription.
        var head = step.Input.UpTo;
        return begun.WantsHistory && head > 0
            ? Fetch(
                begun with
                {
                    Mode = LogMode.Backfill,
                    EndAt = head,
                },
                step,
                head,
                step.Input.Epoch,
                0
            )
            : End(begun, step, "head");
    }

    private static LogMachineState Subscribe(
        in LogMachineState state,
        in Turn step,
        LogActionKind how
    )
    {
        step.Add(new LogAction { Kind = how });
        return DropHold(state, step) with
        {
            Mode = LogMode.Subscribing,
            Deadline = step.Input.Now + step.Options.AnswerDeadline,
        };
    }

    private static LogMachineState Open(in LogMachineState state, in Turn step)
    {
        var input = step.Input;
        if (input.Gen <= state.Gen)
        {
            return step.Ignore(state);
        }

        // Not Subscribing: the answer to an older subscribe was taken for this one's.
        var opened = DropHold(state, step) with
        {
            Request = state.Request + 1,
            Position = state.HasPosition ? state.Position : new LogPosition(input.Epoch, 0),
            Gen = input.Gen,
            Mode = LogMode.Live,
            Deadline = input.Now + step.Options.SilenceDeadline,
            // A log that was cut is not longer than its head.
            EndAt = step.Options.Follows ? Least(state.EndAt, input.Head) : input.Head,
            IsResuming = false,
        };
        if (state.IsResuming)
        {
            step.Add(Resumed(opened, step));
        }

        if (input.Outcome != LogOutcome.Ok)
        {
            return EndAtHead(Rewrite(opened, step), step);
        }

        if (opened.WantsHistory && !opened.HasPosition && !step.Options.IsSingleRequest)
        {
            return input.UpTo > 0
                ? Fetch(opened with { Mode = LogMode.Backfill }, step, input.UpTo, input.Epoch, 0)
                : EndHistory(MoveTo(opened, input.Epoch, 0), step);
        }

        var placed = opened.HasPosition ? opened : MoveTo(opened, input.Epoch, input.UpTo);
        var isInPages = placed.WantsHistory && !step.Options.IsSingleRequest;
        return EndAtHead(isInPages ? EndHistory(placed, step) : placed, step);
    }

    /// <summary>The log is not what was seen: its end is gone, or it is another one.</summary>
    private static LogMachineState Rewrite(in LogMachineState state, in Turn step)
    {
        var input = step.Input;
        var isRecreated = input.Outcome == LogOutcome.Recreated;
        var lastSeq = isRecreated ? input.UpTo : input.LastSeq;
        if (!isRecreated && lastSeq >= state.Position.Seq)
        {
            // The epoch is gone, but nothing of it had been given out.
            var kept = MoveTo(state, input.Epoch, state.Position.Seq);
            return kept.WantsHistory ? EndHistory(kept, step) : kept;
        }

        step.Add(
            new LogAction
            {
                Kind = isRecreated ? LogActionKind.EmitRecreated : LogActionKind.EmitTruncated,
                From = state.Position.Seq,
                To = lastSeq,
                Epoch = input.Epoch,
                Text = input.Text,
            }
        );
        var moved = MoveTo(state, input.Epoch, lastSeq) with { Run = isRecreated ? 0 : state.Run };
        return moved.WantsHistory ? EndHistory(moved, step) : moved;
    }

    private static LogMachineState Detach(in LogMachineState state, in Turn step)
    {
        step.Add(new LogAction { Kind = LogActionKind.EmitConnection, Text = step.Input.Text });
        return DropHold(state, step) with
        {
            Mode = LogMode.Detached,

            // A page that is still on its way is of the past.
            Request = state.Request + 1,
            Deadline = long.MaxValue,
        };
    }

    private static LogMachineState Resume(in LogMachineState state, in Turn step) =>
        Subscribe(
            state with
            {
                IsResuming = true,
                HasDaemonChanged = step.Input.Flag || (state.IsResuming && state.HasDaemonChanged),
            },
            step,
            LogActionKind.Subscribe
        );

    /// <summary>That nothing is missing is said only when the daemon has said so.</summary>
    private static LogAction Resumed(in LogMachineState state, in Turn step)
    {
        var input = step.Input;
        var isCut =
            input.Outcome == LogOutcome.Recreated
            || (input.Outcome == LogOutcome.Truncated && input.LastSeq < state.Position.Seq);
        var isSkipped =
            state.HasPosition
            && !step.Options.FillsGaps
            && state.Position.Seq + 1 < input.OldestRing;
        return new LogAction
        {
            Kind = LogActionKind.EmitConnection,
            Flag = true,
            HasDaemonChanged = state.HasDaemonChanged,
            MissesSome = input.Flag || isCut || isSkipped,
        };
    }

    private static long? Least(long? end, long head) =>
        end is { } known ? Math.Min(known, head) : null;

    private static LogMachineState Reset(in LogMachineState state, in Turn step)
    {
        if (state.Resets >= step.Options.MaxResets)
        {
            return End(state, step, "protocol");
        }

        var reset = state with { Resets = state.Resets + 1, Request = state.Request + 1 };
        return Subscribe(reset, step, LogActionKind.Restart);
    }

    private static LogMachineState End(in LogMachineState state, in Turn step, string reason)
    {
        step.Release(step.Input.Payload);
        step.Add(new LogAction { Kind = LogActionKind.EmitEnded, Text = reason });
        return DropHold(state, step) with { Mode = LogMode.Ended, Deadline = long.MaxValue };
    }

    private static LogMachineState OnTimer(in LogMachineState state, in Turn step) =>
        step.Input.Now < state.Deadline ? state
        : state.Mode is LogMode.Backfill or LogMode.Filling ? GiveUpFetch(state, step)
        : Reset(state, step);

    private static LogMachineState EndHistory(in LogMachineState state, in Turn step)
    {
        step.Add(new LogAction { Kind = LogActionKind.EmitHistoryEnd });
        return state with { WantsHistory = false };
    }

    private static LogMachineState EndAtHead(in LogMachineState state, in Turn step) =>
        state.Mode == LogMode.Live
        && state.HasPosition
        && state.EndAt is { } end
        && state.Position.Seq >= end
            ? End(state, step, "head")
            : state;

    private static LogMachineState MoveTo(in LogMachineState state, uint epoch, long seq) =>
        state with
        {
            Position = new LogPosition(epoch, seq),
            HasPosition = true,
        };

    /// <summary>One step's input, what it may do, and where actions go.</summary>
    private readonly ref struct Turn(
        LogInput input,
        LogMachineOptions options,
        List<LogAction> actions
    )
    {
        private readonly List<LogAction> _actions = actions;

        public LogInput Input { get; } = input;

        public LogMachineOptions Options { get; } = options;

        public void Add(in LogAction action) => _actions.Add(action);

        public LogMachineState Ignore(in LogMachineState state)
        {
            Release(Input.Payload);
            return state;
        }

        public void Release(IDisposable? payload)
        {
            if (payload is not null)
            {
                _actions.Add(new LogAction { Kind = LogActionKind.Release, Payload = payload });
            }
        }
    }
}
