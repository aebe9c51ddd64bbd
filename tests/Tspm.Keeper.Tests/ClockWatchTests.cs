using CsCheck;
using Tspm.CaptureLog;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Tests;

/// <summary>Steps of the wall clock: noticed once each, and told for the runs that live.</summary>
public sealed class ClockWatchTests
{
    private static readonly TimeSpan Start = TimeSpan.FromDays(20_000);

    [Fact]
    public void Each_step_of_more_than_a_second_is_seen_once_whatever_time_passes()
    {
        Gen.Select(Gen.Int[0, 100_000], Gen.Int[-20_000, 20_000])
            .Array[1, 50]
            .Sample(moves => Assert.Equal(Expected(moves), Seen(moves, countsSleep: true)));
    }

    [Fact]
    public void A_watch_on_a_clock_that_stands_while_the_machine_sleeps_is_caught()
    {
        (int, int)[] slept = [(60_000, 0), (60_000, 0)];

        Assert.NotEqual(Expected(slept), Seen(slept, countsSleep: false));
    }

    [Fact]
    public void Clocks_read_apart_are_not_compared()
    {
        var readings = new Queue<ClockReading>([
            At(0, 0, 0),
            At(1_000, 5_000, 5_000),
            At(6_000, 6_000, 6_000),
        ]);
        var watch = new ClockWatch(readings.Dequeue);

        Assert.All(Enumerable.Range(0, 3), _ => Assert.Equal(TimeSpan.Zero, watch.Look()));
    }

    [Fact]
    public void A_step_is_told_for_each_run_whose_leader_lives_before_the_first_record_of_the_new_time()
    {
        var root = Directory.CreateTempSubdirectory("tkc").FullName;
        var home = HomePaths.At(Path.Join(root, "home"));
        Assert.Null(HomeGuard.Prepare(home));
        var steps = new Queue<TimeSpan>([
            TimeSpan.Zero,
            TimeSpan.FromHours(-1),
            TimeSpan.FromHours(-1),
        ]);
        using var journal = new JournalWriter(home)
        {
            Clock = new ClockWatch(() => At(0, (long)steps.Dequeue().TotalMilliseconds, 0)),
            Snapshot = () =>
                [
                    Of(JournalRecordKind.Spawned, 1, 3),
                    Of(JournalRecordKind.Spawned, 2, 1),
                    Of(JournalRecordKind.Exited, 2, 1),
                    Of(JournalRecordKind.SpawnIntent, 4, 1),
                ],
        };
        for (var i = 0; i < 3; i++)
        {
            var record = Of(JournalRecordKind.Synced, 0, 0);
            journal.Append(ref record);
        }

        using var reader = new JournalReader(JournalFiles.Of(home), 0);
        var records = new JournalRecord[16];
        var written = records[..reader.Read(records)];
        Directory.Delete(root, recursive: true);

        Assert.Equal(
            [
                JournalRecordKind.Synced,
                JournalRecordKind.ClockStepped,
                JournalRecordKind.Synced,
                JournalRecordKind.Synced,
            ],
            written.TakeLast(4).Select(record => record.Kind)
        );
        var told = written[^3];
        Assert.Equal((1u, 3u, StreamKind.Event), (told.Process, told.Run, told.Stream));
        Assert.Equal(-TimeSpan.TicksPerHour, (long)told.A);
        Assert.Equal(34, (int)told.Kind);
    }

    private static JournalRecord Of(JournalRecordKind kind, uint process, uint run) =>
        new()
        {
            Kind = kind,
            Stream = StreamKind.Event,
            Process = process,
            Run = run,
        };

    /// <summary>Milliseconds that pass and by which the clock is set; what should be seen.</summary>
    private static IEnumerable<int> Expected(IEnumerable<(int Passes, int Step)> moves) =>
        moves.Select(move => Math.Abs(move.Step) > 1_000 ? move.Step : 0);

    private static List<int> Seen((int Passes, int Step)[] moves, bool countsSleep)
    {
        var (up, wall) = (0L, 0L);
        var watch = new ClockWatch(() => At(up, wall, up));
        watch.Look();
        var seen = new List<int>();
        foreach (var (passes, step) in moves)
        {
            up += countsSleep ? passes : 0;
            wall += passes + step;
            seen.Add((int)watch.Look().TotalMilliseconds);
        }

        return seen;
    }

    private static ClockReading At(long before, long wall, long after) =>
        new(
            TimeSpan.FromMilliseconds(before),
            Start + TimeSpan.FromMilliseconds(wall),
            TimeSpan.FromMilliseconds(after)
        );
}
