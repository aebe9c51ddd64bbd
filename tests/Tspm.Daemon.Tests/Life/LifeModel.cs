using Tspm.Daemon.Supervision;
using Tspm.Daemon.Supervision.Life;

namespace Tspm.Daemon.Tests.Life;

/// <summary>A naive world around the table: one program at most, commands that want an answer, one timer.</summary>
/// <remarks>It does what the actions say and knows what must never be; it knows nothing of the table.</remarks>
internal sealed class LifeModel(
    Func<LifeState, LifeEvent, LifeRules, LifeStep> step,
    LifeRules rules
)
{
    private readonly Queue<LifeEvent> _inner = new();
    private bool _isSpawning;
    private bool _isAlive;
    private bool _isAwaiting;
    private int _open;
    private bool _currentIsOpen;
    private SetTimer? _timer;

    public LifeState State { get; private set; } = new();

    public int Spawns { get; private set; }

    /// <summary>Commands that wait for their answer.</summary>
    public int Open => _open + _reloads;

    public bool HasProgram => _isSpawning || _isAlive || _hasSuccessor;

    /// <summary>A person's command.</summary>
    public void Command(LifeEvent command)
    {
        _currentIsOpen = true;
        Take(command);
        Assert.False(_currentIsOpen, $"{command} got no answer and is not kept in {State.Status}");
    }

    /// <summary>Something of the world happens, if it can happen now.</summary>
    public void World(int choice)
    {
        switch (choice)
        {
            case 0 when _isSpawning:
                (_isSpawning, _isAlive) = (false, true);
                Take(new RunStarted());
                break;
            case 1 when _isSpawning:
                _isSpawning = false;
                Take(new SpawnRefused("no", LifeGrid.Now));
                break;
            case 2 when _isAlive:
                End(new RunOutcome(1, 0));
                break;
            case 3 when _isAlive:
                End(new RunOutcome(0, 0));
                break;
            case 4:
                Take(new OutputEnded());
                break;
            case 5 when _timer is { } due:
                _timer = null;
                Take(new TimeUp(due.Kind));
                break;
            case 6:
                // The dependency becomes ready: everybody who ever waited is called, also who left.
                Take(new WaitOver());
                break;
            case 7 when _isAwaiting:
                Take(new WaitFailed("vain"));
                break;
            case 8 when _isAlive:
                Take(new ReadyReached());
                break;
            case 9 when _isAlive:
                Take(new HealthLost("503"));
                break;
            case 10 when _isAlive:
                Take(new HealthFound());
                break;
            case 11 when _hasSuccessor:
                Take(new SuccessorReady());
                break;
            case 12 when _hasSuccessor:
                Take(new SuccessorFailed("no"));
                break;
            default:
                // It cannot happen now; what comes late must do no harm either.
                Take(new TimeUp((TimerKind)(choice % 5)));
                break;
        }
    }

    /// <summary>Lets everything happen that will happen by itself; a deaf program ends by SIGKILL only.</summary>
    public void Settle(bool isDeaf)
    {
        for (var turns = 0; turns < 100 && !IsQuiet; turns++)
        {
            if (_hasSuccessor)
            {
                World(11);
            }
            else if (_isSpawning)
            {
                World(0);
            }
            else if (State.Status == ProcessStatus.Draining)
            {
                World(4);
            }
            else if (
                _isAlive
                && State.Status == ProcessStatus.Stopping
                && (!isDeaf || State.IsKilled)
            )
            {
                End(new RunOutcome(null, 15));
            }
            else if (_isAwaiting)
            {
                World(6);
            }
            else
            {
                World(5);
            }
        }

        Assert.True(IsQuiet, $"{State.Status} does not come to rest");
    }

    private bool IsQuiet =>
        !_hasSuccessor
        && State.Status
            is ProcessStatus.Stopped
                or ProcessStatus.Exited
                or ProcessStatus.Failed
                or ProcessStatus.Running
                or ProcessStatus.Ready
                or ProcessStatus.Unhealthy;

    private void End(RunOutcome outcome)
    {
        _isAlive = false;
        Take(new RunEnded(outcome, TimeSpan.FromMilliseconds(5), LifeGrid.Now));
    }

    private void Take(LifeEvent what)
    {
        _inner.Enqueue(what);
        while (_inner.TryDequeue(out var next))
        {
            var done = step(State, next, rules);
            State = done.State;
            foreach (var action in done.Actions)
            {
                Do(action);
            }
        }
    }

    private void Do(LifeAction action)
    {
        switch (action)
        {
            case Spawn:
                Assert.False(HasProgram, "two programs at once");
                Assert.True(State.IsWanted, "started though nobody wants it");
                Assert.False(_isAwaiting, "started while it waits");
                _isSpawning = true;
                Spawns++;
                break;
            case AwaitOthers:
                _isAwaiting = true;
                _inner.Enqueue(new WaitBegan("db"));
                break;
            case LeaveOthers:
                _isAwaiting = false;
                break;
            case LookAtTree:
                _inner.Enqueue(new TreeSeen(true, null));
                break;
            case Answer:
                Assert.True(_currentIsOpen, "answered twice");
                _currentIsOpen = false;
                break;
            case KeepForStop or KeepForStart:
                Assert.True(_currentIsOpen, "kept twice");
                _currentIsOpen = false;
                _open++;
                if (action is KeepForStop)
                {
                    _stops++;
                }

                break;
            case AnswerStops:
                _open -= _stops;
                _stops = 0;
                break;
            case AnswerStarts:
                _open = _stops;
                break;
            case KeepForReload:
                Assert.True(_currentIsOpen, "kept twice");
                _currentIsOpen = false;
                _reloads++;
                break;
            case AnswerReload:
                _reloads = 0;
                break;
            case BeginSuccessor:
                Assert.False(_hasSuccessor, "two successors at once");
                _hasSuccessor = true;
                break;
            case DropSuccessor:
                Assert.True(_hasSuccessor, "no successor to drop");
                _hasSuccessor = false;
                break;
            case SwapRuns:
                Assert.True(_hasSuccessor && _isAlive, "nothing to swap");
                _hasSuccessor = false;
                break;
            case SetTimer timer:
                _timer = timer;
                break;
            case ClearTimer:
                _timer = null;
                break;
            case DropRun:
                Assert.False(_isAlive, "a living program is forgotten");
                break;
            default:
                // The log, the list and the checks are not of this world.
                break;
        }
    }

    private int _stops;
    private int _reloads;
    private bool _hasSuccessor;
}
