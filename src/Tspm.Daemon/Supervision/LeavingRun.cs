using Tspm.CaptureLog;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>A run whose place was taken, or that was to take one and did not: stopped like any other, with its end in the log.</summary>
/// <remarks>The supervisor's loop tells it what the journal tells; the rest is a task of its own.</remarks>
internal sealed class LeavingRun : IAsyncDisposable
{
    private static readonly TimeSpan Insisting = TimeSpan.FromSeconds(5);
    private readonly ProcessSupervisor _owner;
    private readonly SupervisorServices _services;
    private readonly NotifySocket? _notify;
    private readonly TreeStopper _tree;
    private readonly TaskCompletionSource _exited = NewSignal();
    private readonly TaskCompletionSource _drained = NewSignal();
    private readonly Task _task;
    private int _openStreams;

    /// <summary>Begins to end it.</summary>
    public LeavingRun(
        ProcessSupervisor owner,
        SupervisorServices services,
        RunState run,
        NotifySocket? notify,
        bool isKilled,
        string? by,
        CancellationToken ct
    )
    {
        _owner = owner;
        _services = services;
        _notify = notify;
        _tree = new TreeStopper(services);
        _openStreams = RunState.AllStreams(owner.Record.Spec);
        Run = run;
        if (run.Outcome is not null)
        {
            _exited.TrySetResult();
        }

        _task = Task.Run(() => RunAsync(isKilled, by, ct), CancellationToken.None);
    }

    /// <summary>The run.</summary>
    public RunState Run { get; }

    /// <summary>True if nothing of it is left to do.</summary>
    public bool IsOver => _task.IsCompleted;

    /// <summary>What the journal tells of it.</summary>
    public void Read(in JournalRecord record)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.Exited when Run.Outcome is null:
                new RunBook(_owner, _services.Time).End(Run, record);
                Run.Input.Close();
                _exited.TrySetResult();
                break;
            case JournalRecordKind.StreamEnd when record.Flags.HasFlag(JournalFlags.Orphan):
                // Since the new run began, its output goes on in files of its own.
                _openStreams &= ~(1 << (int)record.Stream);
                if (_openStreams == 0)
                {
                    _drained.TrySetResult();
                }

                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _task;
        await _tree.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(bool isKilled, string? by, CancellationToken ct)
    {
        try
        {
            if (!_exited.Task.IsCompleted)
            {
                var why = isKilled ? "the run before it stays" : "another run has taken its place";
                await _owner.TellAsync(
                    RunEvents.Of(new Tell(LogEvents.Stopping, why, by), Run.Run)
                );
            }

            await StopAsync(isKilled, ct);
            await Task.WhenAny(
                _drained.Task,
                Task.Delay(_services.Options.ShortDrain, _services.Time, ct)
            );
            await _owner.TellAsync(RunEvents.RunExit(Run, null, isAwaited: false));
            _owner.Post(new ClosedMessage(Run.Run));
            await SweepAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The daemon leaves: the next one finds two runs of the process and ends the older one.
        }
        catch (IOException)
        {
            // There is no keeper any more; who takes its place tells how the run ended.
        }
        finally
        {
            _services.Cgroups.Remove(Run.RunId);
            if (_notify is { } notify)
            {
                await notify.DisposeAsync();
            }
        }
    }

    private async Task StopAsync(bool isKilled, CancellationToken ct)
    {
        var stop = _owner.Record.Spec.Stop;
        if (_exited.Task.IsCompleted)
        {
            return;
        }

        var order = new StopOrder(isKilled ? Signals.Kill : 0, isKilled ? 0 : -1);
        var wait = isKilled ? Insisting : TimeSpan.FromMilliseconds(stop.TimeoutMs);
        LifeAction action = new BeginStop(order);
        while (!_exited.Task.IsCompleted)
        {
            await _tree.DoAsync(action, _owner.Record, Run, ct);
            await Task.WhenAny(_exited.Task, Task.Delay(wait, _services.Time, ct));
            ct.ThrowIfCancellationRequested();
            (action, wait) = (new Kill(), Insisting);
        }
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        if (_owner.Record.Spec.Stop.Scope != Protocol.Messages.StopScopes.Tree)
        {
            return;
        }

        while (
            await _tree.DoAsync(new LookAtTree(), _owner.Record, Run, ct)
                is [TreeSeen { IsDone: false }]
        )
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _services.Time, ct);
        }
    }
}
