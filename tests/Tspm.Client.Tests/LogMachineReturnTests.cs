using Tspm.Client.Following;
using Tspm.Protocol.Batches;

namespace Tspm.Client.Tests;

/// <summary>What the machine says and does when a connection comes back, and when the end of a follow is known.</summary>
public sealed class LogMachineReturnTests
{
    private readonly List<LogAction> _actions = [];
    private LogMachineState _state = LogMachineState.Initial;

    [Fact]
    public void The_return_is_told_when_the_daemon_has_said_what_the_position_is_worth()
    {
        Open(10);
        Lose();

        Feed(new LogInput { Kind = LogInputKind.Resumed, Flag = true });
        var before = Returns();
        Feed(Subscribed(2) with { UpTo = 10, Head = 12 });

        Assert.Equal([], before);
        Assert.Equal([(true, false)], Returns());
    }

    [Theory]
    [InlineData(false, false, 0, true, false)] // all there
    [InlineData(true, false, 0, true, true)] // gone from disk
    [InlineData(false, true, 0, true, true)] // cut
    [InlineData(false, false, 12, true, false)] // left the ring, read from disk
    [InlineData(false, false, 12, false, true)] // left the ring, told as a gap
    [InlineData(false, false, 11, false, false)] // the next one is in the ring
    public void Nothing_missed_is_said_only_if_it_is_so(
        bool isGone,
        bool isCut,
        long oldestRing,
        bool fills,
        bool missesSome
    )
    {
        Open(10, fills);
        Lose();
        Feed(new LogInput { Kind = LogInputKind.Resumed });

        Feed(
            Subscribed(2) with
            {
                UpTo = 10,
                Head = 20,
                Flag = isGone,
                OldestRing = oldestRing,
                Outcome = isCut ? LogOutcome.Truncated : LogOutcome.Ok,
                LastSeq = 7,
            },
            fills
        );

        Assert.Equal([(false, missesSome)], Returns());
    }

    [Fact]
    public void A_connection_that_breaks_again_before_its_answer_was_not_back()
    {
        Open(10);
        Lose();
        Feed(new LogInput { Kind = LogInputKind.Resumed, Flag = true });
        Lose();
        Feed(new LogInput { Kind = LogInputKind.Resumed });

        Feed(Subscribed(3) with { UpTo = 10, Head = 10 });

        // Another daemon than the one that was seen before, though not than the last one tried.
        Assert.Equal([(true, false)], Returns());
    }

    [Fact]
    public void A_fill_that_a_lost_connection_broke_off_is_not_one_in_a_row()
    {
        Open(10);
        for (uint gen = 2; gen < 12; gen++)
        {
            Feed(Gap(gen - 1));
            Lose();
            Feed(new LogInput { Kind = LogInputKind.Resumed });
            Feed(Subscribed(gen) with { UpTo = 10, Head = 20 });
        }

        Feed(Gap(11));

        Assert.Equal(LogMode.Filling, _state.Mode);
        Assert.DoesNotContain(_actions, action => action.Kind == LogActionKind.EmitGap);
    }

    [Theory]
    [InlineData(10)] // there already
    [InlineData(12)]
    public void A_follow_whose_end_is_known_ends_there(long end)
    {
        Open(10);

        Feed(new LogInput { Kind = LogInputKind.EndAt, UpTo = end });
        if (end > 10)
        {
            Assert.Equal(LogMode.Live, _state.Mode);
            Feed(Batch(10, 12));
        }

        Assert.Equal(LogMode.Ended, _state.Mode);
        Assert.Equal("head", _actions[^1].Text);
    }

    [Fact]
    public void An_end_that_was_cut_off_is_where_the_log_ends_now()
    {
        Open(10);
        Feed(new LogInput { Kind = LogInputKind.EndAt, UpTo = 20 });
        Lose();
        Feed(new LogInput { Kind = LogInputKind.Resumed });

        Feed(Subscribed(2) with { UpTo = 10, Head = 10 });

        Assert.Equal(LogMode.Ended, _state.Mode);
    }

    private static LogInput Subscribed(uint gen) =>
        new()
        {
            Kind = LogInputKind.Subscribed,
            Gen = gen,
            Epoch = 1,
        };

    private static LogInput Gap(uint gen) =>
        new()
        {
            Kind = LogInputKind.Gap,
            Gen = gen,
            Epoch = 1,
            After = 10,
            UpTo = 15,
            Reason = GapReason.Slow,
            Flag = true,
        };

    private static LogInput Batch(long after, long upTo) =>
        new()
        {
            Kind = LogInputKind.Batch,
            Gen = 1,
            Epoch = 1,
            After = after,
            UpTo = upTo,
            PrevEpochEnd = -1,
        };

    private void Open(long head, bool fills = true)
    {
        Feed(new LogInput { Kind = LogInputKind.Start }, fills);
        Feed(Subscribed(1) with { UpTo = head, Head = head }, fills);
    }

    private void Lose() => Feed(new LogInput { Kind = LogInputKind.Detached, Text = "closed" });

    private void Feed(in LogInput input, bool fills = true) =>
        _state = LogMachine.Step(
            _state,
            input,
            new LogMachineOptions { FillsGaps = fills },
            _actions
        );

    /// <summary>What was said of connections that came back.</summary>
    private IEnumerable<(bool HasDaemonChanged, bool MissesSome)> Returns() =>
        _actions
            .Where(action => action is { Kind: LogActionKind.EmitConnection, Flag: true })
            .Select(action => (action.HasDaemonChanged, action.MissesSome))
            .ToList();
}
