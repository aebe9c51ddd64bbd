using System.Diagnostics;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Life;

/// <summary>A step being put together: the state as it becomes, the actions so far, and moves that several cells share.</summary>
internal sealed class LifeDraft(LifeState state, LifeRules rules)
{
    private readonly List<LifeAction> _actions = [];

    /// <summary>The state as it becomes.</summary>
    public LifeState State { get; set; } = state;

    /// <summary>The settings.</summary>
    public LifeRules Rules { get; } = rules;

    /// <summary>Where it is.</summary>
    public ProcessStatus Status => State.Status;

    /// <summary>What a cell throws that nobody thought of.</summary>
    public UnreachableException Undecided(string what) =>
        new($"nothing is decided for {what} in {Status}");

    /// <summary>Adds an action.</summary>
    public void Do(LifeAction action) => _actions.Add(action);

    /// <summary>Goes to another state.</summary>
    public void Go(ProcessStatus status) => State = State with { Status = status };

    /// <summary>Begins a run, or the wait for others before it.</summary>
    public void Begin()
    {
        State = State with
        {
            StartsAfter = false,
            PendingStop = null,
            SignalsSent = 0,
            IsKilled = false,
            IsSignalled = false,
            IsSick = false,
            IsReady = false,
            Next = null,
            FailedReason = null,
        };
        if (Rules.HasDependencies)
        {
            Go(ProcessStatus.Waiting);
            Do(new AwaitOthers());
            return;
        }

        Go(ProcessStatus.Starting);
        Do(new Spawn());
    }

    /// <summary>Begins as a person asked: what failed before is forgotten.</summary>
    public void BeginAnew()
    {
        State = State with { IsWanted = true, Restarts = 0, History = RestartHistory.Clean };
        Begin();
    }

    /// <summary>Asks the living program to end.</summary>
    public void BeginStop(StopOrder order, string? why = null)
    {
        State = State with
        {
            Status = ProcessStatus.Stopping,
            PendingStop = null,
            SignalsSent = 1,
            IsKilled = false,
            IsSignalled = true,
        };
        ReloadCells.Drop(this, "it was stopped meanwhile");
        Do(new EndChecks());
        Do(new Tell(LogEvents.Stopping, why, order.By));

        // Before the signal: a daemon that dies after it must not leave the next one the wish that it runs.
        Do(new Save());
        Do(new BeginStop(order));
        Do(new SetTimer(TimerKind.Grace, ShareOf(order)));
    }

    /// <summary>The part of the grace that each signal of the list has.</summary>
    public TimeSpan ShareOf(StopOrder order)
    {
        var whole = order.TimeoutMs >= 0 ? order.TimeoutMs : Rules.Stop.TimeoutMs;

        // A signal of one's own takes the place of the list.
        var signals = order.Signal > 0 ? 1 : 1 + Rules.Stop.MoreSignals.Count;
        return TimeSpan.FromMilliseconds((double)whole / signals);
    }

    /// <summary>The run is over and its tree is gone: what comes after it.</summary>
    public void GoOn()
    {
        Do(new DropRun());
        Do(new ClearTimer());
        Do(new AnswerStops(null, "stopped"));
        var next = State.Next;
        if (State.StartsAfter)
        {
            State = State with { IsWanted = true, History = RestartHistory.Clean };
            Begin();
        }
        else if (!State.IsWanted || next is null)
        {
            State = State with { Next = null };
            Go(ProcessStatus.Stopped);
        }
        else
        {
            Follow(next);
        }

        Do(new Save());
    }

    /// <summary>Does what the restart policy decided.</summary>
    public void Follow(RestartDecision next)
    {
        switch (next.Action)
        {
            case AfterExit.Restart when next.Delay > TimeSpan.Zero:
                State = State with { Restarts = State.Restarts + 1, Next = null };
                Go(ProcessStatus.Backoff);
                Do(new SetTimer(TimerKind.Retry, next.Delay));
                break;
            case AfterExit.Restart:
                State = State with { Restarts = State.Restarts + 1 };
                Begin();
                break;
            case AfterExit.GiveUp:
                GiveUp(next.Reason ?? "too many failures");
                break;
            default:
                State = State with { Next = null };
                Go(ProcessStatus.Exited);
                break;
        }
    }

    /// <summary>It is not tried again.</summary>
    public void GiveUp(string reason)
    {
        State = State with { FailedReason = reason, Next = null };
        Go(ProcessStatus.Failed);
    }

    /// <summary>Asks the restart policy, and remembers what it remembers.</summary>
    public RestartDecision Decide(
        RunOutcome outcome,
        TimeSpan uptime,
        Moment at,
        bool isFailure = false
    )
    {
        var decision = RestartDecision.After(
            Rules.Restart,
            State.History,
            outcome,
            uptime,
            at.NowMs,
            at.Chance,
            isFailure
        );
        State = State with { History = decision.History };
        return decision;
    }

    /// <summary>The step.</summary>
    public LifeStep Finish()
    {
        if (Rules.IsTemporary && State.IsOver && !_actions.OfType<Forget>().Any())
        {
            Do(new SetTimer(TimerKind.Forget, Rules.Times.Linger));
        }

        return new LifeStep(State, _actions);
    }
}
