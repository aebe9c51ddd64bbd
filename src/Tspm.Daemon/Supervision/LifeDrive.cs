using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Asks <see cref="LifeTable"/> what an event means to one process, keeps its state, and has the actions done.</summary>
/// <remarks>The supervisor's loop only, but for what others read of the state, which are whole values.</remarks>
internal sealed class LifeDrive
{
    private readonly ProcessSupervisor _owner;
    private readonly SupervisorServices _services;
    private readonly RunDriver _runs;
    private readonly CommandDesk _desk;
    private readonly LifeTimes _times;
    private readonly Queue<LifeEvent> _next = new();
    private readonly WaitingRoom _room;
    private readonly LifeTimer _timer;

    // Nobody awaits it: it is what disposes of the supervisor.
    private Task _forgetting = Task.CompletedTask;

    /// <summary>Makes the drive of a known process.</summary>
    public LifeDrive(
        ProcessSupervisor owner,
        SupervisorServices services,
        RunDriver runs,
        CommandDesk desk
    )
    {
        _owner = owner;
        _services = services;
        _runs = runs;
        _desk = desk;
        var options = _services.Options;
        _times = new LifeTimes(options.Drain, options.ShortDrain, options.TemporaryLinger);
        _timer = new LifeTimer(_services.Time, message => _owner.Post(message));
        _room = new WaitingRoom(_services.Others, () => _owner.Post(new OthersMessage()));
        State = KnownLife.Of(_owner.Record);
    }

    /// <summary>Its state.</summary>
    public LifeState State { get; private set; }

    /// <summary>When the next try is due, monotonic; 0 if none.</summary>
    public long RetryAt => _timer.RetryAt;

    /// <summary>What it waits for before it starts; null if for nothing.</summary>
    public string? WaitsFor => _room.WaitsFor;

    private LifeRules Rules => LifeRules.Of(_owner.Record.Spec, _owner.Record.IsTemporary, _times);

    /// <summary>A temporary process that ended under the daemon before is forgotten in time.</summary>
    public void Resume()
    {
        if (_owner.Record is { IsTemporary: true, Run: > 0 } && State.IsOver)
        {
            _timer.Set(new SetTimer(TimerKind.Forget, _services.Options.TemporaryLinger));
        }
    }

    /// <summary>A run that goes on: the keeper has it.</summary>
    public void Adopt(RunState run)
    {
        State = KnownLife.Adopted(State, _owner.Record, run);
        if (run.Outcome is not null && _owner.Record.IsWanted)
        {
            // The daemon before saw it end and died before it could act on that; its output is still to be waited for.
            var alive = State with
            {
                Status = ProcessStatus.Running,
            };
            State = LifeTable.Step(alive, _runs.Ends.EndOf(run), Rules).State;
        }
    }

    /// <summary>Nobody wants it any more, and it does not run.</summary>
    public void LeaveStopped() => State = State with { IsWanted = false };

    /// <summary>The supervisor has failed.</summary>
    public void Fail(string reason) =>
        State = State with { Status = ProcessStatus.Failed, FailedReason = reason };

    /// <summary>Whether a timer is the one that is waited for.</summary>
    public bool IsWanted(TimerMessage timer) => _timer.IsWanted(timer);

    /// <summary>What is so of those that it waits for.</summary>
    public IReadOnlyList<LifeEvent> LookAtOthers() => _room.Look(_owner.Record.Spec);

    /// <summary>No timer and nothing waited for.</summary>
    public void Leave()
    {
        _timer.Stop();
        _room.Leave();
    }

    /// <summary>Applies events and all that follows of them.</summary>
    public async Task ApplyAllAsync(IReadOnlyList<LifeEvent> events)
    {
        foreach (var what in events)
        {
            _next.Enqueue(what);
            while (_next.TryDequeue(out var next))
            {
                await ApplyAsync(next);
            }
        }
    }

    private async Task ApplyAsync(LifeEvent what)
    {
        var step = LifeTable.Step(State, what, Rules);
        State = step.State;
        _owner.Record = _owner.Record with
        {
            IsWanted = State.IsWanted,
            Restarts = State.Restarts,
            History = State.History,
            FailedReason = State.FailedReason,
        };
        _owner.TellChanged();
        foreach (var action in step.Actions)
        {
            await ActAsync(action);
        }

        if (step.Actions.Count > 0)
        {
            _owner.TellChanged();
        }
    }

    private Task ActAsync(LifeAction action)
    {
        switch (action)
        {
            case AwaitOthers:
                Follow(_room.Enter(_owner.Record.Spec));
                return Task.CompletedTask;
            case LeaveOthers:
                _room.Leave();
                return Task.CompletedTask;
            case SetTimer timer:
                _timer.Set(timer);
                return Task.CompletedTask;
            case ClearTimer:
                _timer.Stop();
                return Task.CompletedTask;
            case Save:
                return _owner.SaveAsync();
            case Tell tell:
                if (tell.What == LogEvents.Ready)
                {
                    _runs.MarkReady();
                }

                return _owner.TellAsync(RunEvents.Of(tell, _owner.Run?.Run ?? _owner.Record.Run));
            case Forget:
                // Nobody deleted it: the command that ran it is gone.
                _forgetting = Task.Run(() => _services.ForgetAsync(_owner));
                return Task.CompletedTask;
            default:
                return _desk.TryDo(action, AnswerOf) ? Task.CompletedTask : ActOnRunAsync(action);
        }
    }

    private ActionResult AnswerOf(string? error, string message) =>
        _owner.Result(error, message, _runs.HintOf(error));

    private async Task ActOnRunAsync(LifeAction action) =>
        Follow(await _runs.DoAsync(action, State));

    private void Follow(IReadOnlyList<LifeEvent> events)
    {
        foreach (var what in events)
        {
            _next.Enqueue(what);
        }
    }
}
