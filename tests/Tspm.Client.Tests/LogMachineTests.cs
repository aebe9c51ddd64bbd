using CsCheck;
using Tspm.Client.Following;
using Tspm.Protocol;
using Tspm.Protocol.Batches;

namespace Tspm.Client.Tests;

/// <summary>The machine against a list of numbers: what it gives out and tells is 1, 2, 3 …, whatever is left out on the way.</summary>
public sealed class LogMachineTests
{
    private delegate LogMachineState Machine(
        in LogMachineState state,
        in LogInput input,
        LogMachineOptions options,
        List<LogAction> actions
    );

    private static readonly LogMachineOptions Options = new()
    {
        HasHistory = true,
        MaxHoldEntries = 12,
    };

    // What a sender does next with the coming few numbers.
    private static readonly Gen<(int What, int Count)[]> Plans = Gen.Select(
        Gen.Int[0, 5],
        Gen.Int[1, 9]
    ).Array[1, 60];

    [Fact]
    public void Given_out_and_told_are_all_numbers_once_and_in_order()
    {
        Plans.Sample(plan => Follow(plan, LogMachine.Step), iter: 3_000);
    }

    [Fact]
    public void A_machine_that_takes_what_begins_too_late_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Plans.Sample(plan => Follow(plan, Trusting), iter: 3_000)
        );
    }

    [Fact]
    public void A_machine_that_gives_out_again_what_it_gave_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Plans.Sample(plan => Follow(plan, Forgetful), iter: 3_000)
        );
    }

    [Fact]
    public void A_step_changes_nothing_but_what_it_returns()
    {
        var state = LogMachineState.Initial;
        var actions = new List<LogAction>();
        var start = new LogInput { Kind = LogInputKind.Start };

        var first = LogMachine.Step(state, start, Options, actions);
        var again = LogMachine.Step(state, start, Options, actions);

        Assert.Equal(first, again);
        Assert.Equal(LogMachineState.Initial, state);
        Assert.Equal(actions[0], actions[1]);
    }

    [Fact]
    public void Every_state_that_waits_has_a_deadline()
    {
        var actions = new List<LogAction>();
        var state = LogMachine.Step(
            LogMachineState.Initial,
            new LogInput { Kind = LogInputKind.Start },
            Options,
            actions
        );
        Assert.InRange(state.Deadline, 1, Options.AnswerDeadline);

        // The daemon never answers: asked again a few times, then it is over.
        for (long now = 0; state.Mode != LogMode.Ended; now += Options.AnswerDeadline)
        {
            Assert.True(now < 20 * Options.AnswerDeadline);
            state = LogMachine.Step(
                state,
                new LogInput { Kind = LogInputKind.Timer, Now = now },
                Options,
                actions
            );
        }

        Assert.Equal(
            Options.MaxResets,
            actions.Count(action => action.Kind == LogActionKind.Restart)
        );
    }

    [Fact]
    public void Gaps_in_a_row_pause_the_filling_and_a_minute_later_it_goes_on()
    {
        var run = new Run(LogMachine.Step);
        run.Open(0);
        for (var i = 0; i < 4; i++)
        {
            run.TellGap(5);
            run.AnswerFetches();
        }

        Assert.Equal(3, run.Filled);
        Assert.Equal(1, run.Told);
        Assert.Equal(1, run.Paused);

        run.Now += Options.FillPause;
        run.TellGap(5);
        run.AnswerFetches();

        Assert.Equal(4, run.Filled);
        Assert.Equal(25, run.At);
    }

    [Fact]
    public void A_gap_that_is_told_over_two_epochs_has_the_epoch_of_its_end()
    {
        var run = new Run(LogMachine.Step);
        run.Feed(new LogInput { Kind = LogInputKind.Start });
        run.Feed(Subscribed(gen: 1, epoch: 2, startAt: 20));
        run.Feed(
            new LogInput
            {
                Kind = LogInputKind.Page,
                Request = 1,
                Epoch = 1,
                UpTo = 10,
                PrevEpochEnd = -1,
                Flag = true,
                Payload = new Range(1, 10),
            }
        );
        run.Feed(new LogInput { Kind = LogInputKind.PageFailed, Request = 2 });

        Assert.Equal((1, 20), (run.Told, run.At));
        Assert.Equal(new LogPosition(2, 20), run.State.Position);
    }

    [Fact]
    public void A_read_that_does_not_follow_is_over_with_its_connection()
    {
        var actions = new List<LogAction>();
        var options = Options with { Follows = false };
        var reading = LogMachine.Step(
            LogMachineState.Initial,
            new LogInput { Kind = LogInputKind.Start, UpTo = 5 },
            options,
            actions
        );

        var over = LogMachine.Step(
            reading,
            new LogInput
            {
                Kind = LogInputKind.PageFailed,
                Request = reading.Request,
                Flag = true,
                Text = "closed",
            },
            options,
            actions
        );

        Assert.Equal(LogMode.Ended, over.Mode);
        Assert.Equal("closed", actions[^1].Text);
        Assert.DoesNotContain(actions, action => action.Kind == LogActionKind.EmitGap);
    }

    [Fact]
    public void An_epoch_that_is_gone_before_anything_of_it_was_shown_is_no_truncation()
    {
        var run = new Run(LogMachine.Step);
        run.Open(10);
        run.Feed(new LogInput { Kind = LogInputKind.Detached });
        run.Feed(new LogInput { Kind = LogInputKind.Resumed });

        run.Feed(
            Subscribed(gen: 2, epoch: 3, startAt: 10) with
            {
                Outcome = LogOutcome.Truncated,
                LastSeq = 10,
            }
        );

        Assert.Equal(0, run.Truncated);
        Assert.Equal(new LogPosition(3, 10), run.State.Position);
    }

    [Fact]
    public void What_was_shown_and_is_gone_is_told_once_and_its_numbers_come_again()
    {
        var run = new Run(LogMachine.Step);
        run.Open(10);
        run.Feed(new LogInput { Kind = LogInputKind.Detached });
        run.Feed(new LogInput { Kind = LogInputKind.Resumed });

        run.Feed(
            Subscribed(gen: 2, epoch: 1, startAt: 7) with
            {
                Outcome = LogOutcome.Truncated,
                LastSeq = 7,
            }
        );
        run.Rewind(7, gen: 2, epoch: 2);
        run.Send(3);

        Assert.Equal((1, 10), (run.Truncated, run.At));
    }

    private static LogInput Subscribed(uint gen, uint epoch, long startAt) =>
        new()
        {
            Kind = LogInputKind.Subscribed,
            Gen = gen,
            Epoch = epoch,
            UpTo = startAt,
            Head = startAt,
        };

    private static void Follow((int What, int Count)[] plan, Machine machine)
    {
        var run = new Run(machine);
        run.Open(plan.Length % 7);
        foreach (var (what, count) in plan)
        {
            switch (what)
            {
                case 0:
                    run.LeaveOut(count);
                    break;
                case 1:
                    run.TellGap(count);
                    break;
                case 2:
                    run.AnswerFetches();
                    break;
                case 3:
                    run.SendAgain();
                    break;
                default:
                    run.Send(count);
                    break;
            }
        }

        run.Send(1);
        run.AnswerFetches();
        Assert.Equal(run.Head, run.At);
    }

    private static LogMachineState Trusting(
        in LogMachineState state,
        in LogInput input,
        LogMachineOptions options,
        List<LogAction> actions
    )
    {
        var isAhead =
            input.Kind == LogInputKind.Batch
            && state.Mode == LogMode.Live
            && input.After > state.Position.Seq;
        var taken = isAhead ? input with { After = state.Position.Seq } : input;
        return LogMachine.Step(state, taken, options, actions);
    }

    private static LogMachineState Forgetful(
        in LogMachineState state,
        in LogInput input,
        LogMachineOptions options,
        List<LogAction> actions
    )
    {
        var isOld =
            input.Kind == LogInputKind.Batch
            && state.Mode == LogMode.Live
            && input.UpTo <= state.Position.Seq;
        var forgotten = isOld ? state with { Position = new LogPosition(1, input.After) } : state;
        return LogMachine.Step(forgotten, input, options, actions);
    }

    /// <summary>A sender that numbers, and a reader that counts.</summary>
    private sealed class Run(Machine machine)
    {
        private readonly List<LogAction> _actions = [];
        private readonly Queue<LogAction> _fetches = new();
        private LogMachineState _state = LogMachineState.Initial;
        private LogInput? _last;
        private uint _gen = 1;
        private uint _epoch = 1;

        public long Head { get; private set; }

        public long At { get; private set; }

        public long Now { get; set; }

        public int Filled { get; private set; }

        public int Told { get; private set; }

        public int Paused { get; private set; }

        public int Truncated { get; private set; }

        public LogMachineState State => _state;

        public void Open(long head)
        {
            Head = head;
            Feed(new LogInput { Kind = LogInputKind.Start });
            Feed(Subscribed(_gen, _epoch, head));
            AnswerFetches();
        }

        /// <summary>The sender begins a new epoch at a number that it had before.</summary>
        public void Rewind(long head, uint gen, uint epoch) =>
            (Head, _gen, _epoch) = (head, gen, epoch);

        /// <summary>Numbers that the sender forgets to send.</summary>
        public void LeaveOut(int count) => Head += count;

        public void Send(int count)
        {
            var batch = new LogInput
            {
                Kind = LogInputKind.Batch,
                Gen = _gen,
                Epoch = _epoch,
                After = Head,
                UpTo = Head + count,
                PrevEpochEnd = -1,
                Entries = count,
                Bytes = count,
                Payload = new Range(Head + 1, Head + count),
            };
            Head += count;
            _last = batch;
            Feed(batch);
        }

        public void SendAgain()
        {
            if (_last is { } last)
            {
                Feed(last);
            }
        }

        public void TellGap(int count)
        {
            var gap = new LogInput
            {
                Kind = LogInputKind.Gap,
                Gen = _gen,
                Epoch = _epoch,
                After = Head,
                UpTo = Head + count,
                Reason = GapReason.Slow,
                Flag = true,
                Bytes = 1,
            };
            Head += count;
            Feed(gap);
        }

        public void AnswerFetches()
        {
            while (_fetches.TryDequeue(out var fetch))
            {
                var from = Math.Max(1, fetch.From);
                var to = Math.Min(fetch.To, from + 3);
                Feed(
                    new LogInput
                    {
                        Kind = LogInputKind.Page,
                        Request = fetch.Request,
                        Epoch = _epoch,
                        After = from - 1,
                        UpTo = to,
                        PrevEpochEnd = -1,
                        Flag = to < fetch.To,
                        Payload = new Range(from, to),
                    }
                );
            }
        }

        public void Feed(in LogInput input)
        {
            _state = machine(_state, input with { Now = Now }, Options, _actions);
            Assert.True(_state.HoldEntries <= Options.MaxHoldEntries || _state.Hold.Count == 1);
            foreach (var action in _actions)
            {
                Take(action);
            }

            _actions.Clear();
        }

        private void Take(in LogAction action)
        {
            switch (action.Kind)
            {
                case LogActionKind.Emit:
                    var range = Assert.IsType<Range>(action.Payload);
                    Assert.Equal(At + 1, range.From);
                    At = range.To;
                    break;
                case LogActionKind.EmitGap:
                    Assert.Equal(At + 1, action.From);
                    At = action.To;
                    Told++;
                    break;
                case LogActionKind.Fetch:
                    _fetches.Enqueue(action);
                    break;
                case LogActionKind.EmitFilled:
                    Filled++;
                    break;
                case LogActionKind.EmitTruncated:
                    Assert.Equal(At, action.From);
                    At = action.To;
                    Truncated++;
                    break;
                case LogActionKind.EmitFillPaused:
                    Paused++;
                    break;
                default:
                    break;
            }
        }
    }

    private sealed record Range(long From, long To) : IDisposable
    {
        public void Dispose() { }
    }
}
