using Tspm.CaptureLog;
using Tspm.Keeper.Interop;

namespace Tspm.Keeper.Journal;

/// <summary>Notices that the wall clock was set: it moved against the clock that nobody sets.</summary>
/// <param name="read">Reads the clocks; null for those of the machine.</param>
/// <remarks>One thread at a time. That clock is CLOCK_BOOTTIME, which goes on while the machine is suspended, so that waking up is no step.</remarks>
internal sealed class ClockWatch(Func<ClockReading>? read = null)
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostBetween = TimeSpan.FromMilliseconds(50);
    private readonly Func<ClockReading> _read = read ?? ReadClocks;
    private TimeSpan? _last;

    /// <summary>By how much the wall clock was set since the last look; zero if it was not.</summary>
    public TimeSpan Look()
    {
        var reading = _read();
        if (reading.After - reading.Before > MostBetween)
        {
            // Stopped between the clocks: what they say does not belong together, and the next look will do.
            return TimeSpan.Zero;
        }

        var offset = reading.Wall - reading.Before;
        var moved = offset - (_last ?? offset);
        _last = offset;
        return moved.Duration() > Tolerance ? moved : TimeSpan.Zero;
    }

    /// <summary>What tells of a step: a record for each run whose leader lives.</summary>
    /// <param name="step">By how much.</param>
    /// <param name="known">The snapshot of the runs.</param>
    public static IReadOnlyList<JournalRecord> RecordsOf(
        TimeSpan step,
        IReadOnlyList<JournalRecord> known
    )
    {
        var ended = known
            .Where(record => record.Kind == JournalRecordKind.Exited)
            .Select(record => (record.Process, record.Run))
            .ToHashSet();
        return
        [
            .. known
                .Where(record =>
                    record.Kind == JournalRecordKind.Spawned
                    && !ended.Contains((record.Process, record.Run))
                )
                .Select(record => new JournalRecord
                {
                    Kind = JournalRecordKind.ClockStepped,
                    Stream = StreamKind.Event,
                    Process = record.Process,
                    Run = record.Run,
                    A = (ulong)step.Ticks,
                }),
        ];
    }

    private static ClockReading ReadClocks() =>
        new(
            LibC.ReadBootTime(),
            TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch,
            LibC.ReadBootTime()
        );
}

/// <summary>What the clocks said at one moment.</summary>
/// <param name="Before">CLOCK_BOOTTIME.</param>
/// <param name="Wall">The wall clock, since 1970.</param>
/// <param name="After">CLOCK_BOOTTIME again.</param>
internal readonly record struct ClockReading(TimeSpan Before, TimeSpan Wall, TimeSpan After);
