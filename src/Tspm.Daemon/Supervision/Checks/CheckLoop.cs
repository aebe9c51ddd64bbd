using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>The readiness and health of one run: looks, counts, and tells the supervisor what changed.</summary>
internal sealed class CheckLoop : IAsyncDisposable
{
    private readonly ProcessSupervisor _owner;
    private readonly RunState _run;
    private readonly NotifySocket? _notify;
    private readonly TimeProvider _time;
    private readonly ProcessSpec _spec;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    // Not awaited: it only waits for a loop that owns its failures.
    private Task _ending = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public CheckLoop(ProcessSupervisor owner, RunState run, NotifySocket? notify, TimeProvider time)
    {
        _owner = owner;
        _run = run;
        _notify = notify;
        _time = time;
        _spec = owner.Record.Spec;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Whether a process has any check.</summary>
    public static bool IsNeeded(ProcessSpec spec) =>
        spec.Ready is not null || spec.Health is not null;

    /// <summary>Ends them without waiting; nothing that they tell afterwards means anything.</summary>
    public void EndSoon() => _ending = DisposeAsync().AsTask();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            if (_spec.Ready is { } ready && !_run.IsReady)
            {
                await ReadyAsync(ready, _stopping.Token);
                Post(new ReadyReached());
            }

            if (_spec.Health is { } health)
            {
                await HealthAsync(CheckOf(health), health, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The run ends.
        }
        catch (IOException error)
        {
            // The log cannot be read: a readiness that is never told is told as that.
            Note($"its check ended: {error.Message}");
        }
    }

    private async Task ReadyAsync(ProbeSpec ready, CancellationToken ct)
    {
        var last = "";
        using var late = _time.CreateTimer(
            _ => Note($"not ready within {ready.DeadlineMs / 1000.0} s{last}"),
            null,
            TimeSpan.FromMilliseconds(ready.DeadlineMs),
            Timeout.InfiniteTimeSpan
        );
        // Checked when the process was made.
        _ = CheckTarget.TryParse(ready.Check, out var target);
        switch (target.Kind)
        {
            case CheckKind.Log:
                await LogCheck.WaitAsync(_owner.Log.Log, _run, target.Text, ct);
                return;
            case CheckKind.Notify when _notify is { } socket:
                await socket.Ready.WaitAsync(ct);
                return;
            default:
                await PassAsync(MakeCheck(target), ready, reason => last = $": {reason}", ct);
                return;
        }
    }

    /// <summary>Looks until it was well so many times in a row.</summary>
    private async Task PassAsync(
        ICheck check,
        ProbeSpec probe,
        Action<string> failed,
        CancellationToken ct
    )
    {
        await DelayAsync(probe.DelayMs, ct);
        var inRow = 0;
        while (true)
        {
            var reason = await check.LookAsync(TimeSpan.FromMilliseconds(probe.TimeoutMs), ct);
            ct.ThrowIfCancellationRequested();
            inRow = reason is null ? inRow + 1 : 0;
            if (inRow >= probe.Successes)
            {
                return;
            }

            if (reason is not null)
            {
                failed(reason);
            }

            await DelayAsync(probe.EveryMs, ct);
        }
    }

    private async Task HealthAsync(ICheck check, ProbeSpec health, CancellationToken ct)
    {
        await DelayAsync(health.DelayMs, ct);
        var count = new HealthCount(health);
        while (true)
        {
            await DelayAsync(health.EveryMs, ct);
            var reason = await check.LookAsync(TimeSpan.FromMilliseconds(health.TimeoutMs), ct);
            ct.ThrowIfCancellationRequested();
            switch (count.Take(reason is null))
            {
                case HealthChange.Lost:
                    Post(new HealthLost(reason ?? ""));
                    break;
                case HealthChange.Found:
                    _run.HasPassedHealth = true;
                    Post(new HealthFound());
                    break;
                default:
                    break;
            }
        }
    }

    private ICheck CheckOf(ProbeSpec probe)
    {
        // Checked when the process was made.
        _ = CheckTarget.TryParse(probe.Check, out var target);
        return MakeCheck(target);
    }

    private ICheck MakeCheck(CheckTarget target) =>
        target.Kind switch
        {
            CheckKind.Exec => new ExecCheck(target, _spec, _run.Pid),
            // A process that wants it has one: else it would not have been started.
            CheckKind.Notify => _notify!,
            _ => new TcpCheck(target, _time),
        };

    private Task DelayAsync(int milliseconds, CancellationToken ct) =>
        milliseconds == 0
            ? Task.CompletedTask
            : Task.Delay(TimeSpan.FromMilliseconds(milliseconds), _time, ct);

    private void Post(LifeEvent what) => _owner.Post(new CheckMessage(_run.Run, what));

    private void Note(string text) =>
        _owner.Post(new NoteMessage(_run.Run, LogEvents.NotReady, text));
}
