using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Keeper;

namespace Tspm.Daemon.Tests;

/// <summary>Descriptors of runs: kept until the journal tells the end, whichever comes first.</summary>
public sealed class HeldRunsTests : IDisposable
{
    private readonly HeldRuns _held = new();

    [Fact]
    public void A_part_is_let_go_when_the_journal_tells_its_end()
    {
        _held.Expect(1, 1);
        _held.Keep(new RunHold(1, 1, HoldParts.Out | HoldParts.Err), [Open(), Open()]);
        _held.Keep(new RunHold(1, 1, HoldParts.Leader), [Open()]);
        _held.Answered(1, 1, isAlive: true);
        Assert.Equal(3, _held.Count);

        _held.OnRecord(Record(JournalRecordKind.StreamEnd, StreamKind.Out, reason: 2));
        Assert.Equal(3, _held.Count);

        _held.OnRecord(Record(JournalRecordKind.StreamEnd, StreamKind.Out, reason: 1));
        _held.OnRecord(Record(JournalRecordKind.Exited, StreamKind.Event));
        Assert.Equal(1, _held.Count);

        _held.OnRecord(Record(JournalRecordKind.StreamEnd, StreamKind.Err, reason: 1));
        Assert.Equal(0, _held.Count);
    }

    [Fact]
    public void An_end_that_was_read_before_the_descriptor_came_is_remembered_as_long_as_one_may_come()
    {
        _held.Expect(1, 1);
        _held.OnRecord(Record(JournalRecordKind.Exited, StreamKind.Event));
        _held.Keep(new RunHold(1, 1, HoldParts.Leader), [Open()]);
        _held.Answered(1, 1, isAlive: true);
        Assert.Equal(0, _held.Count);

        _held.BeginGreeting();
        _held.OnRecord(Record(JournalRecordKind.StreamEnd, StreamKind.Err, reason: 1));
        _held.Keep(new RunHold(1, 1, HoldParts.Out | HoldParts.Err), [Open(), Open()]);
        _held.EndGreeting();
        Assert.Equal(1, _held.Count);
    }

    [Fact]
    public void Of_a_run_that_could_not_be_started_nothing_is_kept()
    {
        _held.Expect(1, 1);
        _held.Keep(new RunHold(1, 1, HoldParts.Out), [Open()]);

        _held.Answered(1, 1, isAlive: false);

        Assert.Equal(0, _held.Count);
    }

    [Fact]
    public void A_new_keeper_gets_leaders_and_terminals()
    {
        _held.Keep(new RunHold(1, 1, HoldParts.Out | HoldParts.Leader), [Open(), Open()]);
        _held.Keep(new RunHold(2, 1, HoldParts.Leader | HoldParts.Terminal), [Open(), Open()]);

        var frames = _held.CopyForKeeper();

        Assert.Equal(
            [
                new RunHold(1, 1, HoldParts.Leader),
                new RunHold(2, 1, HoldParts.Leader | HoldParts.Terminal),
            ],
            frames.Select(frame => frame.Hold)
        );
        Assert.All(frames, frame => Assert.Equal(frame.Hold.Count, frame.Descriptors.Length));
        foreach (var copy in frames.SelectMany(frame => frame.Descriptors))
        {
            Interop.LibC.Close(copy);
        }
    }

    [Fact]
    public void A_run_that_was_held_is_named_to_the_next_keeper_though_nothing_of_it_is_left()
    {
        _held.Keep(new RunHold(1, 1, HoldParts.Out | HoldParts.Leader), [Open(), Open()]);

        _held.BeginGreeting();
        _held.OnRecord(Record(JournalRecordKind.StreamEnd, StreamKind.Out, reason: 1));
        _held.OnRecord(Record(JournalRecordKind.Exited, StreamKind.Event));
        var frames = _held.CopyForKeeper();
        _held.EndGreeting();

        Assert.Equal([new RunHold(1, 1, HoldParts.None)], frames.Select(frame => frame.Hold));
        Assert.Empty(_held.CopyForKeeper());
    }

    [Fact]
    public void A_run_of_which_only_the_end_is_known_was_not_held()
    {
        _held.BeginGreeting();
        _held.OnRecord(Record(JournalRecordKind.Exited, StreamKind.Event));

        Assert.Empty(_held.CopyForKeeper());
    }

    public void Dispose() => _held.Dispose();

    private static int Open()
    {
        using var file = File.OpenHandle("/dev/null");
        return Interop.LibC.Duplicate((int)file.DangerousGetHandle());
    }

    private static JournalRecord Record(
        JournalRecordKind kind,
        StreamKind stream,
        ulong reason = 0
    ) =>
        new()
        {
            Kind = kind,
            Stream = stream,
            Process = 1,
            Run = 1,
            B = reason,
        };
}
