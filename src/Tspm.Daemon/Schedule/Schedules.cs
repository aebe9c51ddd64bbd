using System.Globalization;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Schedule;

/// <summary>Starts processes by the clock, as long as somebody wants them to run.</summary>
/// <remarks>
/// The wall clock is looked at twice a minute at least, since timers stand still while the machine sleeps. The next time is
/// kept in the list, so that one that passes while no daemon is there is known to the next one.
/// </remarks>
internal sealed class Schedules : IAsyncDisposable
{
    /// <summary>Who wants a restart whose time has come.</summary>
    public const string By = "schedule";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);
    private readonly ProcessRegistry _registry;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // All guarded by _gate.
    private readonly Dictionary<ProcessSupervisor, Scheduled> _all = [];
    private readonly List<Task> _doing = [];
    private ITimer? _timer;
    private bool _isOver;

    /// <summary>Begins with the processes that are known.</summary>
    public Schedules(ProcessRegistry registry, TimeProvider time)
    {
        _registry = registry;
        _time = time;
        registry.ProcessChanged += Look;
        registry.Changed += LookAtList;
        LookAtList();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _registry.ProcessChanged -= Look;
        _registry.Changed -= LookAtList;
        Task[] doing;
        lock (_gate)
        {
            _isOver = true;
            _timer?.Dispose();
            doing = [.. _doing];
        }

        await Task.WhenAll(doing);
    }

    private void LookAtList()
    {
        var all = _registry.All;
        foreach (var process in all)
        {
            Look(process);
        }

        lock (_gate)
        {
            foreach (var gone in _all.Keys.Except(all).ToList())
            {
                _all.Remove(gone);
            }
        }
    }

    private void Look(ProcessSupervisor process)
    {
        var record = process.Record;
        var wanted = record.IsWanted ? record.Spec.Schedule : null;
        lock (_gate)
        {
            var known = _all.GetValueOrDefault(process);
            if (_isOver || ReferenceEquals(known?.Spec, wanted))
            {
                return;
            }

            if (wanted is null)
            {
                _all.Remove(process);
                Mark(process, null);
                return;
            }

            if (CronTimes.TryRead(wanted, _time.LocalTimeZone, out var times) is { } fault)
            {
                // It was checked when it was set; a time zone may be gone since.
                _all.Remove(process);
                Do(() => TellAsync(process, LogEvents.ScheduleSkipped, fault));
                return;
            }

            // What the daemon before has left counts, but not what another schedule has.
            var now = _time.GetUtcNow();
            var clock = ScheduleClock.Begin(times!, now); // read
            if (known is null && record.NextDue is { } next)
            {
                clock = clock with { Next = next };
            }

            _all[process] = new Scheduled(wanted, times!, clock);
            Mark(process, clock.Next);
            Arm(now);
        }
    }

    /// <summary>Under the gate.</summary>
    private void Arm(DateTimeOffset now)
    {
        _timer?.Dispose();
        _timer = null;
        if (_all.Count == 0)
        {
            return;
        }

        var after = LookEvery;
        foreach (var scheduled in _all.Values)
        {
            var left = (scheduled.Clock.Next ?? DateTimeOffset.MaxValue) - now;
            after = left < after ? left : after;
        }

        // A timer may be a little early.
        after = after > TimeSpan.Zero ? after + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
        _timer = _time.CreateTimer(_ => Turn(), null, after, Timeout.InfiniteTimeSpan);
    }

    private void Turn()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var now = _time.GetUtcNow();
            foreach (var (process, scheduled) in _all)
            {
                var before = scheduled.Clock.Next;
                (scheduled.Clock, var due) = scheduled.Clock.Look(scheduled.Times, now);
                if (scheduled.Clock.Next != before)
                {
                    Mark(process, scheduled.Clock.Next);
                }

                if (due is { } time)
                {
                    Do(() => ActAsync(process, scheduled.Spec, time));
                }
            }

            Arm(now);
        }
    }

    private static async Task ActAsync(ProcessSupervisor process, ScheduleSpec spec, DueTime due)
    {
        var when = due.At.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss'Z'",
            CultureInfo.InvariantCulture
        );
        if (due.IsMissed && spec.Missed == MissedActions.Skip)
        {
            await TellAsync(process, LogEvents.ScheduleSkipped, $"{when} was missed");
            return;
        }

        var status = process.Status;
        var isRun = spec.Action == ScheduleActions.Run;
        var isFree = isRun
            ? status is ProcessStatus.Stopped or ProcessStatus.Exited or ProcessStatus.Failed
            : status
                is not (
                    ProcessStatus.Waiting
                    or ProcessStatus.Starting
                    or ProcessStatus.Stopping
                    or ProcessStatus.Draining
                    or ProcessStatus.Sweeping
                );
        if (!isFree)
        {
            await TellAsync(
                process,
                LogEvents.ScheduleSkipped,
                $"{when}: run {process.Record.Run} is not over"
            );
            return;
        }

        var late = due.IsMissed ? ", missed and made up for now" : "";
        await TellAsync(process, LogEvents.Scheduled, when + late);
        await process.DoAsync(
            isRun ? CommandVerb.Start : CommandVerb.Restart,
            by: By,
            onlyIfWanted: true
        );
    }

    private static Task TellAsync(ProcessSupervisor process, string what, string text) =>
        process.TellAsync(
            new LogEvent
            {
                What = what,
                Run = process.Record.Run,
                Message = text,
            }
        );

    private static void Mark(ProcessSupervisor process, DateTimeOffset? next)
    {
        if (process.Record.NextDue != next)
        {
            process.Post(new MarkMessage(record => record with { NextDue = next }));
        }
    }

    /// <summary>Under the gate.</summary>
    private void Do(Func<Task> action)
    {
        _doing.RemoveAll(task => task.IsCompleted);
        _doing.Add(Task.Run(() => GuardedAsync(action)));
    }

    private static async Task GuardedAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (InvalidOperationException)
        {
            // The ingest thread has ended: so does the daemon.
        }
        catch (IOException)
        {
            // The log could not be written; the log itself tells that.
        }
    }

    private sealed class Scheduled(ScheduleSpec spec, CronTimes times, ScheduleClock clock)
    {
        public ScheduleSpec Spec => spec;

        public CronTimes Times => times;

        public ScheduleClock Clock { get; set; } = clock;
    }
}
