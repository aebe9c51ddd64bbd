using System.Threading.Channels;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Input;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Life;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Keeps one process as it is wanted: a mailbox and one loop that asks <see cref="LifeTable"/> and does what it says.</summary>
/// <remarks>
/// The journal tells what happened, commands what is wanted, the timer when to go on. Only the loop changes the
/// state; what others read of it are whole values.
/// </remarks>
internal sealed class ProcessSupervisor : IAsyncDisposable
{
    private readonly SupervisorServices _services;
    private readonly LifeTimes _times;

    // Full cannot happen by a program's doing: a run brings a handful of records, and the next waits for this loop.
    private readonly Channel<SupervisorMessage> _mailbox = Channel.CreateBounded<SupervisorMessage>(
        new BoundedChannelOptions(4096)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        }
    );
    private readonly CommandDesk _desk = new();
    private readonly Queue<LifeEvent> _next = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RunDriver _runs;
    private readonly WaitingRoom _room;
    private LifeState _state;
    private readonly LifeTimer _timer;
    private Task _loop = Task.CompletedTask;

    // What was last saved for the next daemon; null if it is to be saved whatever it is.
    private ProcessRecord? _saved;

    // Not awaited by DisposeAsync: it is what disposes of this.
    private Task _forgetting = Task.CompletedTask;

    /// <summary>Makes a supervisor of a known process; it does nothing before <see cref="Start"/>.</summary>
    public ProcessSupervisor(ProcessRecord record, LogWriter log, SupervisorServices services)
    {
        Record = record;
        Log = log;
        log.Log.Redaction = Redactions.Of(record.Spec);
        _services = services;
        var options = services.Options;
        _times = new LifeTimes(options.Drain, options.ShortDrain, options.TemporaryLinger);
        _state = new LifeState
        {
            Status = record.FailedReason is null ? StatusOf(record) : ProcessStatus.Failed,
            IsWanted = record.IsWanted,
            Restarts = record.Restarts,
            History = record.History,
            FailedReason = record.FailedReason,
        };
        _timer = new LifeTimer(services.Time, message => Post(message));
        _runs = new RunDriver(this, services, _stopping.Token);
        _room = new WaitingRoom(services.Others, () => Post(new OthersMessage()));
    }

    /// <summary>What the list keeps; replaced, never changed in place, and only by the loop.</summary>
    public ProcessRecord Record { get; set; }

    /// <summary>Its log.</summary>
    public LogWriter Log { get; }

    /// <summary>Counts its log.</summary>
    public LogTally Tally { get; } = new();

    /// <summary>The newest sample of its run; null if there is none.</summary>
    public ProcessUse? Use =>
        Run is { Outcome: null } run ? _services.Sampler.Find(Record.Id, run.Run) : null;

    /// <summary>What of it is on the device.</summary>
    public SyncClock Sync => _services.Sync;

    /// <summary>Whether the disk takes what it prints: one of the disk states.</summary>
    public string DiskState => _services.Disk.StateOf(Record.Id);

    /// <summary>Its state.</summary>
    public ProcessStatus Status => _state.Status;

    /// <summary>True if <c>resurrect</c> would start it.</summary>
    public bool IsResurrectable => Record.WasRunning && !Record.IsTemporary && _state.IsOver;

    /// <summary>The run under way, or draining.</summary>
    public RunState? Run => _runs.Current;

    /// <summary>When the next try is due, monotonic; 0 if none.</summary>
    public long RetryAt => _timer.RetryAt;

    /// <summary>What it waits for before it starts; null if for nothing.</summary>
    public string? WaitsFor => _room.WaitsFor;

    /// <summary>Where its files are.</summary>
    public string LogDirectory => _services.Home.Process(Record.Id);

    /// <summary>Told after every change of state.</summary>
    public event Action<ProcessSupervisor>? Changed;

    /// <summary>Starts the loop.</summary>
    public void Start()
    {
        _loop = Task.Run(RunLoopAsync);
        _runs.Resume(_state.Status);
        if (Record.IsTemporary && Record.Run > 0 && _state.IsOver)
        {
            // It ended under the daemon before.
            _timer.Set(new SetTimer(TimerKind.Forget, _services.Options.TemporaryLinger));
        }
    }

    /// <summary>A run that goes on: the keeper has it.</summary>
    public void Adopt(RunState run)
    {
        _runs.Adopt(run);
        var isReady = run.IsReady && Record.Spec.Ready is not null;
        _state = _state with
        {
            IsReady = isReady,
            Status =
                run.Outcome is not null ? ProcessStatus.Draining
                : isReady ? ProcessStatus.Ready
                : ProcessStatus.Running,
        };
        if (run.Outcome is not null && Record.IsWanted)
        {
            // The daemon before saw it end and died before it could act on that; its output is still to be waited for.
            var alive = _state with
            {
                Status = ProcessStatus.Running,
            };
            var rules = LifeRules.Of(Record.Spec, Record.IsTemporary, _times);
            _state = LifeTable.Step(alive, _runs.Ends.EndOf(run), rules).State;
        }
    }

    /// <summary>A run that another one has taken the place of, and that lives still: it is ended.</summary>
    public void Leave(RunState run) => _runs.Reload.Leave(run, null);

    /// <summary>The machine or tspm ended: what ran, or would have been tried again, is remembered and not started by surprise.</summary>
    /// <param name="isCopy">What waits for its hour waits in the home that this one was copied from.</param>
    public void LeaveStopped(bool isCopy)
    {
        var wouldGoOn = isCopy || Run is not null || WouldBeTriedAgain(Record);
        if (Record.IsWanted && wouldGoOn)
        {
            _state = _state with { IsWanted = false };
            Record = Record with { IsWanted = false, WasRunning = true };
        }
    }

    /// <summary>What is alive of a run besides its leader.</summary>
    public IReadOnlyList<ProcFacts> FindDescendants(RunState run) =>
        _runs.Tree.Find(Record.Id, run);

    /// <summary>The same, by a look that others share.</summary>
    public Task<IReadOnlyList<ProcFacts>> FindDescendantsAsync(RunState run) =>
        _runs.Tree.FindAsync(Record.Id, run);

    /// <summary>The way into the stdin of a run; null if it has none, or it was closed.</summary>
    public RunInput? FindInput(RunState run) => _runs.FindInput(run);

    /// <summary>Puts a message into the mailbox; false if it is full or closed.</summary>
    public bool Post(SupervisorMessage message) => _mailbox.Writer.TryWrite(message);

    /// <summary>Has the list saved: on the device before somebody is answered, else for the next daemon. The loop only.</summary>
    public Task SaveAsync()
    {
        if (!_desk.IsIdle)
        {
            _saved = null;
            return _services.SaveAsync();
        }

        var isSaved = Record == _saved;
        _saved = Record;
        return isSaved ? Task.CompletedTask : _services.SaveUnsyncedAsync();
    }

    /// <summary>Has a command done.</summary>
    public Task<ActionResult> DoAsync(
        CommandVerb verb,
        int signal = 0,
        int timeoutMs = -1,
        bool toGroup = false,
        string? by = null,
        bool onlyIfWanted = false,
        bool toTree = false
    )
    {
        var done = CommandDesk.NewAnswer();
        var command = new CommandMessage(verb, done)
        {
            Signal = signal,
            TimeoutMs = timeoutMs,
            ToGroup = toGroup,
            By = by,
            OnlyIfWanted = onlyIfWanted,
            ToTree = toTree,
        };
        return Post(command) ? done.Task : Task.FromResult(Refuse());
    }

    /// <summary>Has the record changed.</summary>
    public Task<ActionResult> EditAsync(
        Func<ProcessRecord, ProcessRecord> change,
        string text,
        bool isLater = false
    )
    {
        var done = CommandDesk.NewAnswer();
        return Post(new EditMessage(change, text, isLater, done))
            ? done.Task
            : Task.FromResult(Refuse());
    }

    /// <summary>What became of something, with the process as it is.</summary>
    public ActionResult Result(string? error, string message, string? hint = null) =>
        new()
        {
            Id = Record.Id,
            Name = Record.Spec.Name,
            Ns = Record.Spec.Ns,
            Error = error,
            Message = ProcessSecrets.Of(Record.Spec).Text(message),
            Hint = hint,
            Process = ProcessViews.Of(this, _services.Time, withDetails: false),
        };

    /// <summary>Writes a life-cycle entry into its log.</summary>
    public Task TellAsync(LogEvent body)
    {
        if (body.Message is { } text)
        {
            body = body with { Message = ProcessSecrets.Of(Record.Spec).Text(text) };
        }

        Announce(body);
        return _services.Ingest.AppendEventAsync(Log, body.Run, SupervisorServices.Body(body));
    }

    /// <summary>Has the hooks told what happened; for entries that others write into its log. Any thread, never waits.</summary>
    public void Announce(LogEvent body) => _services.Hooks.Offer(Record, body, TellAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _mailbox.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        _timer.Stop();
        _room.Leave();
        await _runs.DisposeAsync();
        _stopping.Dispose();
    }

    private static ProcessStatus StatusOf(ProcessRecord record) =>
        record.Runs is [{ EndedAt: not null } last, ..] && record.IsWanted && last.Reason is null
            ? ProcessStatus.Exited
            : ProcessStatus.Stopped;

    private static bool WouldBeTriedAgain(ProcessRecord record) =>
        record is { FailedReason: null, Runs: [{ EndedAt: not null } last, ..] }
        && record.Spec.Restart.Policy switch
        {
            RestartPolicies.Always or RestartPolicies.UnlessStopped => true,
            RestartPolicies.OnFailure => last.Signal != 0 || last.Code is not 0,
            _ => false,
        };

    private async Task RunLoopAsync()
    {
        try
        {
            await foreach (var message in _mailbox.Reader.ReadAllAsync(_stopping.Token))
            {
                await HandleAsync(message);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon leaves or the process is forgotten; the list holds what the next one needs.
        }
        catch (Exception error)
        {
            DaemonLog.SupervisorFailed(_services.Log, error, Record.Spec.Name);
            const string reason = "its supervisor failed; see: tspm daemon logs";
            _state = _state with { Status = ProcessStatus.Failed, FailedReason = reason };
            Record = Record with { FailedReason = reason };
            _mailbox.Writer.TryComplete();
        }

        _desk.AnswerAll(Result(ErrorCodes.ShuttingDown, "the daemon leaves"));
        while (_mailbox.Reader.TryRead(out var unread))
        {
            CommandDesk.Refuse(unread, Result(ErrorCodes.ShuttingDown, "the daemon leaves"));
        }
    }

    private Task HandleAsync(SupervisorMessage message) =>
        message switch
        {
            CommandMessage command => CommandAsync(command),
            JournalMessage journal => ApplyAllAsync(_runs.Read(journal.Record)),
            SpawnMessage spawn => ApplyAllAsync(_runs.Read(spawn)),
            ExecMessage exec => ApplyAllAsync(_runs.Read(exec)),
            CheckMessage check => ApplyAllAsync(_runs.Read(check)),
            NoteMessage note when note.Run == Run?.Run => TellAsync(
                new LogEvent
                {
                    What = note.What,
                    Run = note.Run,
                    Message = note.Text,
                }
            ),
            NoteMessage note when note.What == LogEvents.NotReady => ApplyAllAsync(
                _runs.Reload.ReadLate(note)
            ),
            ClosedMessage closed => CloseLeftAsync(closed.Run),
            TimerMessage timer when _timer.IsWanted(timer) => ApplyAllAsync([
                new TimeUp(timer.Kind),
            ]),
            OthersMessage when Status is ProcessStatus.Waiting => ApplyAllAsync(
                _room.Look(Record.Spec)
            ),
            ResumeMessage when Run is null && Status is ProcessStatus.Exited => ApplyAllAsync([
                _runs.Ends.ResumeLast(),
            ]),
            LostMessage { GoesOn: true } when Run is { Outcome: not null } run => CutAsync(run),
            LostMessage when Run is { } run => LoseAsync(run, RunDriver.NewMachine),
            UnknownRunMessage told when Run is { Outcome: null } run && run.Run == told.Run =>
                LoseAsync(
                    run,
                    $"the keeper that took over (pid {told.Keeper}) does not know it; pid {run.Pid} may live on"
                ),
            EditMessage edit => DoEditAsync(edit),
            MarkMessage mark => MarkAsync(mark),
            _ => Task.CompletedTask,
        };

    /// <summary>How it ended is known; of its output nothing more comes.</summary>
    private Task CutAsync(RunState run)
    {
        run.WasCut = true;
        return ApplyAllAsync([new OutputEnded()]);
    }

    private Task LoseAsync(RunState run, string reason)
    {
        Record = Record with { WasRunning = Record.IsWanted || Record.WasRunning };
        return ApplyAllAsync([_runs.Ends.Lose(run, reason)]);
    }

    private async Task CommandAsync(CommandMessage command)
    {
        if (command.Verb == CommandVerb.Signal)
        {
            command.Done.TrySetResult(await _runs.SignalAsync(command));
            return;
        }

        if (command.OnlyIfWanted && !Record.IsWanted)
        {
            command.Done.TrySetResult(Result(ErrorCodes.Conflict, "it was stopped meanwhile"));
            return;
        }

        Record = Record with
        {
            WasRunning = command.Verb switch
            {
                CommandVerb.Stop => command.By == Shutdown.By
                    && (Record.IsWanted || Record.WasRunning),
                CommandVerb.Start or CommandVerb.Restart or CommandVerb.Reload => false,
                _ => Record.WasRunning,
            },
        };
        var order = new StopOrder(command.Signal, command.TimeoutMs, command.By);
        LifeEvent asked = command.Verb switch
        {
            CommandVerb.Start => new StartAsked(),
            CommandVerb.Stop => new StopAsked(order),
            CommandVerb.Restart => new RestartAsked(order),
            CommandVerb.Reload => new ReloadAsked(),
            _ => new ResetAsked(),
        };
        if (command.Verb == CommandVerb.Reload)
        {
            _runs.Reload.By = command.By;
        }

        _desk.Current = command;
        await ApplyAllAsync([asked]);
        _desk.Current = null;
    }

    private async Task ApplyAllAsync(IReadOnlyList<LifeEvent> events)
    {
        foreach (var what in events)
        {
            _next.Enqueue(what);
            while (_next.TryDequeue(out var next))
            {
                await ApplyAsync(next);
            }
        }

        // After all else: what follows an end does not share the processor with its report.
        _runs.Ends.Report();
    }

    private async Task ApplyAsync(LifeEvent what)
    {
        var rules = LifeRules.Of(Record.Spec, Record.IsTemporary, _times);
        var step = LifeTable.Step(_state, what, rules);
        _state = step.State;
        Record = Record with
        {
            IsWanted = _state.IsWanted,
            Restarts = _state.Restarts,
            History = _state.History,
            FailedReason = _state.FailedReason,
        };
        Changed?.Invoke(this);
        foreach (var action in step.Actions)
        {
            await ActAsync(action);
        }

        if (step.Actions.Count > 0)
        {
            Changed?.Invoke(this);
        }
    }

    private Task ActAsync(LifeAction action)
    {
        switch (action)
        {
            case AwaitOthers:
                Follow(_room.Enter(Record.Spec));
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
            case Save when _desk.IsIdle && Status is ProcessStatus.Running:
                // Its pid is in the journal, and the keeper knows it.
                return _services.SaveSoonAsync();
            case Save:
                return SaveAsync();
            case Tell tell:
                if (tell.What == LogEvents.Ready)
                {
                    _runs.MarkReady();
                }

                return TellAsync(RunEvents.Of(tell, Run?.Run ?? Record.Run));
            case Forget:
                // Nobody deleted it: the command that ran it is gone.
                _forgetting = Task.Run(() => _services.ForgetAsync(this));
                return Task.CompletedTask;
            default:
                return _desk.TryDo(action, AnswerOf) ? Task.CompletedTask : ActOnRunAsync(action);
        }
    }

    private ActionResult AnswerOf(string? error, string message) =>
        Result(error, message, _runs.HintOf(error));

    private async Task ActOnRunAsync(LifeAction action) =>
        Follow(await _runs.DoAsync(action, _state));

    private void Follow(IReadOnlyList<LifeEvent> events)
    {
        foreach (var what in events)
        {
            _next.Enqueue(what);
        }
    }

    private Task CloseLeftAsync(uint run)
    {
        _runs.Ends.MarkClosed(run);
        Changed?.Invoke(this);
        return SaveAsync();
    }

    private Task MarkAsync(MarkMessage mark)
    {
        Record = mark.Change(Record);
        return _services.SaveAsync();
    }

    private async Task DoEditAsync(EditMessage edit)
    {
        var redact = Record.Spec.Redact;
        Record = edit.Change(Record);
        if (!redact.SequenceEqual(Record.Spec.Redact))
        {
            Log.Log.Redaction = Redactions.Of(Record.Spec);
        }

        var isLater = edit.IsLater && _state.IsAlive;
        Record = Record with { HasPendingChanges = Record.HasPendingChanges || isLater };
        await TellAsync(
            new LogEvent
            {
                What = LogEvents.Changed,
                Run = Record.Run,
                Message = edit.Text,
            }
        );
        await _services.SaveAsync();
        Changed?.Invoke(this);
        _services.Sampler.Wake();
        edit.Done.TrySetResult(
            Result(null, isLater ? $"{edit.Text}; holds from the next start on" : edit.Text)
        );
    }

    private ActionResult Refuse() => Result(ErrorCodes.Failed, "it has too many commands waiting");
}
