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

    // Full cannot happen by a program's doing: a run brings a handful of records, and the next waits for this loop.
    private readonly Channel<SupervisorMessage> _mailbox = Channel.CreateBounded<SupervisorMessage>(
        new BoundedChannelOptions(4096)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        }
    );
    private readonly CommandDesk _desk = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RunDriver _runs;
    private readonly LifeDrive _life;
    private Task _loop = Task.CompletedTask;

    // What was last saved for the next daemon; null if it is to be saved whatever it is.
    private ProcessRecord? _saved;

    /// <summary>Makes a supervisor of a known process; it does nothing before <see cref="Start"/>.</summary>
    public ProcessSupervisor(ProcessRecord record, LogWriter log, SupervisorServices services)
    {
        Record = record;
        Log = log;
        log.Log.Redaction = Redactions.Of(record.Spec);
        _services = services;
        _runs = new RunDriver(this, services, _stopping.Token);
        _life = new LifeDrive(this, services, _runs, _desk);
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
    public ProcessStatus Status => _life.State.Status;

    /// <summary>True if <c>resurrect</c> would start it.</summary>
    public bool IsResurrectable => Record.WasRunning && !Record.IsTemporary && _life.State.IsOver;

    /// <summary>The run under way, or draining.</summary>
    public RunState? Run => _runs.Current;

    /// <summary>When the next try is due, monotonic; 0 if none.</summary>
    public long RetryAt => _life.RetryAt;

    /// <summary>What it waits for before it starts; null if for nothing.</summary>
    public string? WaitsFor => _life.WaitsFor;

    /// <summary>Where its files are.</summary>
    public string LogDirectory => _services.Home.Process(Record.Id);

    /// <summary>Told after every change of state.</summary>
    public event Action<ProcessSupervisor>? Changed;

    /// <summary>Tells it.</summary>
    public void TellChanged() => Changed?.Invoke(this);

    /// <summary>Starts the loop.</summary>
    public void Start()
    {
        _loop = Task.Run(RunLoopAsync);
        _runs.Resume(Status);
        _life.Resume();
    }

    /// <summary>A run that goes on: the keeper has it.</summary>
    public void Adopt(RunState run)
    {
        _runs.Adopt(run);
        _life.Adopt(run);
    }

    /// <summary>A run that another one has taken the place of, and that lives still: it is ended.</summary>
    public void Leave(RunState run) => _runs.Reload.Leave(run, null);

    /// <summary>The machine or tspm ended: what ran, or would have been tried again, is remembered and not started by surprise.</summary>
    /// <param name="isCopy">What waits for its hour waits in the home that this one was copied from.</param>
    public void LeaveStopped(bool isCopy)
    {
        var wouldGoOn = isCopy || Run is not null || KnownLife.WouldBeTriedAgain(Record);
        if (Record.IsWanted && wouldGoOn)
        {
            _life.LeaveStopped();
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
        _life.Leave();
        await _runs.DisposeAsync();
        _stopping.Dispose();
    }

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
            _life.Fail(reason);
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
            JournalMessage journal => _life.ApplyAllAsync(_runs.Read(journal.Record)),
            SpawnMessage spawn => _life.ApplyAllAsync(_runs.Read(spawn)),
            ExecMessage exec => _life.ApplyAllAsync(_runs.Read(exec)),
            CheckMessage check => _life.ApplyAllAsync(_runs.Read(check)),
            NoteMessage note when note.Run == Run?.Run => TellAsync(
                new LogEvent
                {
                    What = note.What,
                    Run = note.Run,
                    Message = note.Text,
                }
            ),
            NoteMessage note when note.What == LogEvents.NotReady => _life.ApplyAllAsync(
                _runs.Reload.ReadLate(note)
            ),
            ClosedMessage closed => CloseLeftAsync(closed.Run),
            TimerMessage timer when _life.IsWanted(timer) => _life.ApplyAllAsync([
                new TimeUp(timer.Kind),
            ]),
            OthersMessage when Status is ProcessStatus.Waiting => _life.ApplyAllAsync(
                _life.LookAtOthers()
            ),
            ResumeMessage when Run is null && Status is ProcessStatus.Exited =>
                _life.ApplyAllAsync([_runs.Ends.ResumeLast()]),
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
        return _life.ApplyAllAsync([new OutputEnded()]);
    }

    private Task LoseAsync(RunState run, string reason)
    {
        Record = Record with { WasRunning = Record.IsWanted || Record.WasRunning };
        return _life.ApplyAllAsync([_runs.Ends.Lose(run, reason)]);
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
        await _life.ApplyAllAsync([asked]);
        _desk.Current = null;
    }

    private Task CloseLeftAsync(uint run)
    {
        _runs.Ends.MarkClosed(run);
        TellChanged();
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

        var isLater = edit.IsLater && _life.State.IsAlive;
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
        TellChanged();
        _services.Sampler.Wake();
        edit.Done.TrySetResult(
            Result(null, isLater ? $"{edit.Text}; holds from the next start on" : edit.Text)
        );
    }

    private ActionResult Refuse() => Result(ErrorCodes.Failed, "it has too many commands waiting");
}
