using System.Threading.Channels;
using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Logging;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Keeps one process as it is wanted: a mailbox and one loop, the only one who changes its state.</summary>
/// <remarks>
/// The journal tells what happened, commands what is wanted, timers when to go on. A run is over in two steps:
/// its leader was reaped, then its output is complete (or no longer waited for); only then run-exit is written.
/// </remarks>
internal sealed class ProcessSupervisor : IAsyncDisposable
{
    private const int SigKill = 9;
    private static readonly TimeSpan DescendantLook = TimeSpan.FromMilliseconds(20);
    private readonly SupervisorServices _services;

    // Full cannot happen by a program's doing: a run brings a handful of records, and the next waits for this loop.
    private readonly Channel<SupervisorMessage> _mailbox = Channel.CreateBounded<SupervisorMessage>(
        new BoundedChannelOptions(4096)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        }
    );
    private readonly List<CommandMessage> _waitForStop = [];
    private readonly List<CommandMessage> _startAfterStop = [];
    private readonly CancellationTokenSource _stopping = new();
    private RunState? _run;
    private RestartDecision? _decision;
    private ITimer? _timer;
    private long _timerNumber;
    private long _graceUntil;
    private Task _loop = Task.CompletedTask;

    // Not awaited by DisposeAsync: it is what disposes of this.
    private Task _forgetting = Task.CompletedTask;

    /// <summary>Makes a supervisor of a known process; it does nothing before <see cref="Start"/>.</summary>
    public ProcessSupervisor(ProcessRecord record, LogWriter log, SupervisorServices services)
    {
        Record = record;
        Log = log;
        _services = services;
        Status = record.FailedReason is null ? StatusOf(record) : ProcessStatus.Failed;
    }

    /// <summary>What the list keeps; replaced, never changed in place.</summary>
    public ProcessRecord Record { get; private set; }

    /// <summary>Its log.</summary>
    public LogWriter Log { get; }

    /// <summary>Counts its log.</summary>
    public LogTally Tally { get; } = new();

    /// <summary>What of it is on the device.</summary>
    public SyncClock Sync => _services.Sync;

    /// <summary>Its state.</summary>
    public ProcessStatus Status { get; private set; }

    /// <summary>The run under way, or draining.</summary>
    public RunState? Run => _run;

    /// <summary>When the next try is due, monotonic; 0 if none.</summary>
    public long RetryAt { get; private set; }

    /// <summary>Where its files are.</summary>
    public string LogDirectory => _services.Home.Process(Record.Id);

    /// <summary>Told after every change of state.</summary>
    public event Action<ProcessSupervisor>? Changed;

    /// <summary>Starts the loop.</summary>
    public void Start()
    {
        _loop = Task.Run(RunLoopAsync);
        if (Record.IsTemporary && Record.Run > 0 && IsOver)
        {
            // It ended under the daemon before.
            SetTimer(TimerKind.Forget, _services.Options.TemporaryLinger);
        }
    }

    /// <summary>A run that goes on: the keeper has it.</summary>
    public void Adopt(RunState run)
    {
        _run = run;
        Status = run.Outcome is null ? ProcessStatus.Running : ProcessStatus.Draining;
    }

    /// <summary>What is alive of a run besides its leader.</summary>
    public IReadOnlyList<ProcFacts> FindDescendants(RunState run) =>
        _services.Finder.Find(run.Pid, run.StartTime, run.RunId, PipesOf(run));

    /// <summary>Puts a message into the mailbox; false if it is full or closed.</summary>
    public bool Post(SupervisorMessage message) => _mailbox.Writer.TryWrite(message);

    /// <summary>Has a command done.</summary>
    public Task<ActionResult> DoAsync(
        CommandVerb verb,
        int signal = 0,
        int timeoutMs = -1,
        bool toGroup = false
    )
    {
        var done = new TaskCompletionSource<ActionResult>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var command = new CommandMessage(verb, done)
        {
            Signal = signal,
            TimeoutMs = timeoutMs,
            ToGroup = toGroup,
        };
        return Post(command)
            ? done.Task
            : Task.FromResult(Result(ErrorCodes.Failed, "it has too many commands waiting", null));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _mailbox.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        CancelTimer();
        _stopping.Dispose();
    }

    private static ProcessStatus StatusOf(ProcessRecord record) =>
        record.Runs is [{ EndedAt: not null } last, ..] && record.IsWanted && last.Reason is null
            ? ProcessStatus.Exited
            : ProcessStatus.Stopped;

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
            Status = ProcessStatus.Failed;
            Record = Record with { FailedReason = "its supervisor failed; see: tspm daemon logs" };
        }

        foreach (var waiting in _waitForStop.Concat(_startAfterStop))
        {
            waiting.Done.TrySetResult(Result(ErrorCodes.ShuttingDown, "the daemon leaves", null));
        }
    }

    private Task HandleAsync(SupervisorMessage message) =>
        message switch
        {
            CommandMessage command => CommandAsync(command),
            JournalMessage journal => RecordAsync(journal.Record),
            ResumeMessage when _run is null && Status is ProcessStatus.Exited => ResumeAsync(),
            LostMessage when _run is { } lost => LoseAsync(lost),
            TimerMessage timer when timer.Number == _timerNumber => TimerAsync(timer.Kind),
            _ => Task.CompletedTask,
        };

    private Task CommandAsync(CommandMessage command) =>
        command.Verb switch
        {
            CommandVerb.Start => StartCommandAsync(command),
            CommandVerb.Stop => StopCommandAsync(command),
            CommandVerb.Restart => RestartCommandAsync(command),
            _ => SignalCommandAsync(command),
        };

    private async Task StartCommandAsync(CommandMessage command)
    {
        switch (Status)
        {
            case ProcessStatus.Running or ProcessStatus.Starting:
                command.Done.SetResult(Result(null, "already running", null));
                return;
            case ProcessStatus.Stopping or ProcessStatus.Draining or ProcessStatus.Sweeping:
                Record = Record with { IsWanted = true };
                _startAfterStop.Add(command);
                return;
            default:
                CancelTimer();
                Record = Record with
                {
                    IsWanted = true,
                    Restarts = 0,
                    FailedReason = null,
                    History = RestartHistory.Clean,
                };
                command.Done.SetResult(await SpawnAsync());
                return;
        }
    }

    private async Task StopCommandAsync(CommandMessage command)
    {
        Record = Record with { IsWanted = false };
        switch (Status)
        {
            case ProcessStatus.Running:
                _waitForStop.Add(command);
                await BeginStopAsync(command.Signal, command.TimeoutMs);
                return;
            case ProcessStatus.Stopping or ProcessStatus.Draining or ProcessStatus.Sweeping:
                DropStarts();
                _waitForStop.Add(command);
                return;
            default:
                CancelTimer();
                var wasBackoff = Status == ProcessStatus.Backoff;
                SetStatus(ProcessStatus.Stopped);
                await _services.SaveAsync();
                command.Done.SetResult(
                    Result(
                        null,
                        wasBackoff ? "stopped, it was waiting for its next try" : "not running",
                        null
                    )
                );
                return;
        }
    }

    private async Task RestartCommandAsync(CommandMessage command)
    {
        if (Status is ProcessStatus.Running)
        {
            _startAfterStop.Add(command);
            Record = Record with { Restarts = 0 };
            await BeginStopAsync(command.Signal, command.TimeoutMs);
            return;
        }

        await StartCommandAsync(command);
    }

    private async Task SignalCommandAsync(CommandMessage command)
    {
        if (_run is not { Outcome: null, Pid: > 0 } run)
        {
            command.Done.SetResult(Result(ErrorCodes.Failed, "it does not run", null));
            return;
        }

        var errno = await _services.Keeper.SignalAsync(
            Record.Id,
            run.Run,
            command.Signal,
            command.ToGroup,
            _stopping.Token
        );
        command.Done.SetResult(
            errno == 0
                ? Result(null, "signalled", null)
                : Result(ErrorCodes.Failed, Errno.Describe(errno), null)
        );
    }

    private async Task<ActionResult> SpawnAsync()
    {
        var run = new RunState(
            Record.Run + 1,
            Guid.CreateVersion7(_services.Time.GetUtcNow()),
            RunState.AllStreams(Record.Spec)
        )
        {
            StartedAt = _services.Time.GetTimestamp(),
            StartedWall = _services.Time.GetUtcNow(),
        };
        _run = run;
        SetStatus(ProcessStatus.Starting);
        var fresh = new RunRecord
        {
            Run = run.Run,
            RunId = run.RunId,
            StartedAt = run.StartedWall,
        };
        Record = Record with
        {
            Run = run.Run,
            StartOrder = _services.NextStartOrder(),
            Runs = [fresh, .. Record.Runs.Take(ProcessRecord.MaxRuns - 1)],
        };
        await _services.SaveAsync();
        var outcome = await _services.Keeper.SpawnAsync(
            Record.Id,
            run.Run,
            run.RunId,
            Record.Spec,
            _stopping.Token
        );
        if (outcome.Errno != 0)
        {
            return await FailSpawnAsync(run, outcome.Errno, outcome.Stage);
        }

        run.Pid = outcome.Pid;
        run.StartTime = outcome.StartTime;
        UpdateRun(record => record with { Pid = run.Pid, StartTime = run.StartTime });
        DaemonLog.RunStarted(_services.Log, Record.Spec.Name, run.Run, run.Pid);
        SetStatus(ProcessStatus.Running);
        await _services.SaveAsync();
        return Result(null, "started", null);
    }

    private async Task<ActionResult> FailSpawnAsync(RunState run, int errno, int stage)
    {
        _run = null;
        var (reason, hint) = Errno.DescribeSpawn(errno, stage, Record.Spec);
        DaemonLog.SpawnFailed(_services.Log, Record.Spec.Name, reason);
        var isRestart = Record.Restarts > 0;
        var decision = isRestart ? Decide(RunOutcome.Unknown, TimeSpan.Zero) : null;
        var body = RunEvents.SpawnFailed(run, errno, reason, decision);
        await _services.Ingest.AppendEventAsync(Log, run.Run, SupervisorServices.Body(body));
        UpdateRun(record =>
            record with
            {
                EndedAt = _services.Time.GetUtcNow(),
                Reason = reason,
                IsClosed = true,
            }
        );
        Record = CrashRecorder.Judge(_services.Crashes, Log.Log, Record, run.Run);
        if (decision is { Action: AfterExit.Restart })
        {
            // A program that cannot be started is never tried again at once.
            var delay = TimeSpan.FromMilliseconds(
                Math.Max(decision.Delay.TotalMilliseconds, Record.Spec.Restart.InitialDelayMs)
            );
            WaitForRetry(decision with { Delay = delay });
        }
        else
        {
            Record = Record with { FailedReason = reason };
            SetStatus(ProcessStatus.Failed);
        }

        await _services.SaveAsync();
        return Result(ErrorCodes.SpawnFailed, reason, hint);
    }

    private async Task BeginStopAsync(int signal, int timeoutMs)
    {
        // Only a running process comes here, so there is a run.
        var run = _run!;
        var own = Record.Spec.Stop;
        run.WasSignalled = true;
        run.Descendants = FindDescendants(run);
        SetStatus(ProcessStatus.Stopping);
        var grace = TimeSpan.FromMilliseconds(timeoutMs >= 0 ? timeoutMs : own.TimeoutMs);
        _graceUntil =
            _services.Time.GetTimestamp()
            + (long)(grace.TotalSeconds * _services.Time.TimestampFrequency);
        SetTimer(TimerKind.Grace, grace);
        await _services.Keeper.SignalAsync(
            Record.Id,
            run.Run,
            signal > 0 ? signal : own.Signal,
            toGroup: true,
            _stopping.Token
        );
        await _services.SaveAsync();
    }

    private Task TimerAsync(TimerKind kind) =>
        kind switch
        {
            TimerKind.Retry when Status == ProcessStatus.Backoff => RetryAsync(),
            TimerKind.Grace when Status == ProcessStatus.Stopping => _services.Keeper.SignalAsync(
                Record.Id,
                _run?.Run ?? 0,
                SigKill,
                toGroup: true,
                _stopping.Token
            ),
            TimerKind.Drain when Status == ProcessStatus.Draining => CutAsync(),
            TimerKind.Descendants when Status == ProcessStatus.Sweeping => SweepAsync(),
            TimerKind.Forget when _run is null => Forget(),
            _ => Task.CompletedTask,
        };

    /// <summary>Nobody deleted it: the command that ran it is gone.</summary>
    private Task Forget()
    {
        _forgetting = Task.Run(() => _services.ForgetAsync(this));
        return Task.CompletedTask;
    }

    private async Task RetryAsync()
    {
        RetryAt = 0;
        await SpawnAsync();
    }

    private async Task CutAsync()
    {
        if (_run is not { } run)
        {
            return;
        }

        run.WasCut = true;
        await _services.Keeper.CutDrainAsync(Record.Id, run.Run, _stopping.Token);
        await FinishAsync(run);
    }

    private Task RecordAsync(in JournalRecord record)
    {
        if (
            _run is not { } run
            || record.Run != run.Run
            || record.Flags.HasFlag(JournalFlags.Snapshot)
        )
        {
            return Task.CompletedTask;
        }

        switch (record.Kind)
        {
            case JournalRecordKind.Spawned when run.Pid == 0:
                run.Pid = (int)record.A;
                run.StartTime = record.B;
                return Task.CompletedTask;
            case JournalRecordKind.Exited when run.Outcome is null:
                return ExitedAsync(run, record);
            case JournalRecordKind.StreamEnd when !record.Flags.HasFlag(JournalFlags.Orphan):
                run.OpenStreams &= ~(1 << (int)record.Stream);
                return
                    run is { Outcome: not null, OpenStreams: 0 } && Status == ProcessStatus.Draining
                    ? FinishAsync(run)
                    : Task.CompletedTask;
            default:
                return Task.CompletedTask;
        }
    }

    private async Task ResumeAsync()
    {
        var last = Record.Runs[0]; // a process that has exited has had a run
        var outcome = new RunOutcome(last.Signal == 0 ? last.Code : null, last.Signal);
        var uptime = (last.EndedAt ?? last.StartedAt) - last.StartedAt;
        var decision = Decide(outcome, uptime);
        if (decision.Action == AfterExit.Restart)
        {
            await RestartAsync(decision);
            await _services.SaveAsync();
        }
    }

    private async Task LoseAsync(RunState run)
    {
        Record = Record with { IsWanted = false };
        run.Outcome ??= RunOutcome.Unknown;
        run.WasCut = true;
        UpdateRun(old =>
            old with
            {
                EndedAt = old.EndedAt ?? _services.Time.GetUtcNow(),
                Reason = "the machine or the keeper was restarted",
            }
        );
        await FinishAsync(run);
    }

    private async Task ExitedAsync(RunState run, JournalRecord record)
    {
        const int unknownBit = 33;
        var signal = (int)(uint)record.B;
        run.Outcome =
            (record.B >> unknownBit & 1) != 0
                ? RunOutcome.Unknown
                : new RunOutcome(signal == 0 ? (int)record.A : null, signal);
        run.Uptime = _services.Time.GetElapsedTime(run.StartedAt);
        run.MaxMemoryBytes = (long)(uint)record.C * 1024;
        run.CpuMs = (long)(record.C >> 32);
        DaemonLog.RunEnded(_services.Log, Record.Spec.Name, run.Run, run.Outcome.Value.ToString());
        var wasStopped = Status == ProcessStatus.Stopping || !Record.IsWanted;
        _decision = wasStopped ? null : Decide(run.Outcome.Value, run.Uptime);
        UpdateRun(old =>
            old with
            {
                EndedAt = _services.Time.GetUtcNow(),
                Code = run.Outcome.Value.Code,
                Signal = signal,
                MaxMemoryBytes = run.MaxMemoryBytes,
                CpuMs = run.CpuMs,
            }
        );
        CancelTimer();
        SetStatus(ProcessStatus.Draining);
        if (run.OpenStreams == 0)
        {
            await FinishAsync(run);
            return;
        }

        var isAwaited =
            _decision is { Action: AfterExit.Restart } || _startAfterStop.Count > 0 || wasStopped;
        SetTimer(
            TimerKind.Drain,
            isAwaited ? _services.Options.ShortDrain : _services.Options.Drain
        );
    }

    /// <summary>The leader was reaped and the output is complete, or no longer waited for.</summary>
    private async Task FinishAsync(RunState run)
    {
        CancelTimer();
        await WriteRunExitAsync(run);
        UpdateRun(old => old with { IsClosed = true });
        if (run.WasSignalled)
        {
            SetStatus(ProcessStatus.Sweeping);
            await SweepAsync();
            return;
        }

        await GoOnAsync();
    }

    private async Task WriteRunExitAsync(RunState run)
    {
        run.OutOfMemory ??= run.Memory.Judge(run.Outcome?.Signal ?? 0);
        UpdateRun(old => old with { By = run.By, OutOfMemory = run.OutOfMemory });
        var body = RunEvents.RunExit(run, _decision, isAwaited: _startAfterStop.Count > 0);
        await _services.Ingest.AppendEventAsync(Log, run.Run, SupervisorServices.Body(body));
        Record = CrashRecorder.Judge(_services.Crashes, Log.Log, Record, run.Run);
    }

    /// <summary>Ends what is left of a stopped run: its own signal until the grace is over, then SIGKILL, then names what stays.</summary>
    private async Task SweepAsync()
    {
        if (_run is not { } run)
        {
            return;
        }

        var found = FindDescendants(run);
        var living = TreeKiller.Living([
            .. found,
            .. run.Descendants.Where(old => found.All(now => now.Pid != old.Pid)),
        ]);
        if (living.Count == 0)
        {
            await GoOnAsync();
            return;
        }

        var left = _services.Time.GetElapsedTime(_services.Time.GetTimestamp(), _graceUntil);
        var isOver = left <= TimeSpan.Zero;
        if (isOver && left < -TimeSpan.FromSeconds(2))
        {
            DaemonLog.Survivors(
                _services.Log,
                Record.Spec.Name,
                string.Join(' ', living.Select(p => p.Pid))
            );
            await GoOnAsync();
            return;
        }

        var isNew =
            living.Any(now => run.Descendants.All(old => old.Pid != now.Pid)) || !run.IsSwept;
        if (isOver)
        {
            TreeKiller.Signal(living, SigKill);
        }
        else if (isNew)
        {
            TreeKiller.Signal(living, Record.Spec.Stop.Signal);
        }

        run.Descendants = living;
        run.IsSwept = true;
        SetTimer(TimerKind.Descendants, DescendantLook);
    }

    /// <summary>Whatever comes after a run.</summary>
    private async Task GoOnAsync()
    {
        var decision = _decision;
        _decision = null;
        _run = null;
        if (_startAfterStop.Count > 0)
        {
            await StartWaitingAsync();
        }
        else if (!Record.IsWanted || decision is null)
        {
            SetStatus(ProcessStatus.Stopped);
        }
        else if (decision.Action == AfterExit.Restart)
        {
            await RestartAsync(decision);
        }
        else if (decision.Action == AfterExit.GiveUp)
        {
            DaemonLog.GivenUp(_services.Log, Record.Spec.Name, decision.Reason ?? "");
            Record = Record with { FailedReason = decision.Reason };
            SetStatus(ProcessStatus.Failed);
        }
        else
        {
            SetStatus(ProcessStatus.Exited);
        }

        await _services.SaveAsync();
        foreach (var waiting in _waitForStop)
        {
            waiting.Done.TrySetResult(Result(null, "stopped", null));
        }

        _waitForStop.Clear();
    }

    private async Task StartWaitingAsync()
    {
        CommandMessage[] waiting = [.. _startAfterStop];
        _startAfterStop.Clear();
        Record = Record with
        {
            IsWanted = true,
            FailedReason = null,
            History = RestartHistory.Clean,
        };
        var result = await SpawnAsync();
        foreach (var command in waiting)
        {
            command.Done.TrySetResult(result);
        }
    }

    private async Task RestartAsync(RestartDecision decision)
    {
        Record = Record with { Restarts = Record.Restarts + 1 };
        if (decision.Delay > TimeSpan.Zero)
        {
            WaitForRetry(decision);
            return;
        }

        await SpawnAsync();
    }

    private void WaitForRetry(RestartDecision decision)
    {
        RetryAt =
            _services.Time.GetTimestamp()
            + (long)(decision.Delay.TotalSeconds * _services.Time.TimestampFrequency);
        SetTimer(TimerKind.Retry, decision.Delay);
        SetStatus(ProcessStatus.Backoff);
    }

    private RestartDecision Decide(RunOutcome outcome, TimeSpan uptime)
    {
        var nowMs = _services.Time.GetTimestamp() * 1000 / _services.Time.TimestampFrequency;
        var decision = RestartDecision.After(
            Record.Spec.Restart,
            Record.History,
            outcome,
            uptime,
            nowMs,
            Random.Shared.NextDouble()
        );
        Record = Record with { History = decision.History };
        return decision;
    }

    private void DropStarts()
    {
        foreach (var dropped in _startAfterStop)
        {
            dropped.Done.TrySetResult(
                Result(ErrorCodes.Conflict, "stopped before it was started again", null)
            );
        }

        _startAfterStop.Clear();
        _decision = null;
    }

    private void UpdateRun(Func<RunRecord, RunRecord> change)
    {
        var number = Record.Run;
        Record = Record with
        {
            Runs = [.. Record.Runs.Select(run => run.Run == number ? change(run) : run)],
        };
    }

    private void SetStatus(ProcessStatus status)
    {
        Status = status;
        Changed?.Invoke(this);
        if (Record.IsTemporary && IsOver)
        {
            SetTimer(TimerKind.Forget, _services.Options.TemporaryLinger);
        }
    }

    private bool IsOver =>
        Status is ProcessStatus.Stopped or ProcessStatus.Exited or ProcessStatus.Failed;

    private void SetTimer(TimerKind kind, TimeSpan delay)
    {
        CancelTimer();
        var number = ++_timerNumber;
        _timer = _services.Time.CreateTimer(
            _ => Post(new TimerMessage(number, kind)),
            null,
            delay,
            Timeout.InfiniteTimeSpan
        );
    }

    private void CancelTimer()
    {
        _timerNumber++;
        _timer?.Dispose();
        _timer = null;
        RetryAt = 0;
    }

    private IReadOnlyList<string> PipesOf(RunState run) =>
        [
            _services.Home.NamedPipe(Record.Id, run.Run, StreamKind.Out),
            _services.Home.NamedPipe(Record.Id, run.Run, StreamKind.Err),
        ];

    private ActionResult Result(string? error, string message, string? hint) =>
        new()
        {
            Id = Record.Id,
            Name = Record.Spec.Name,
            Ns = Record.Spec.Ns,
            Error = error,
            Message = message,
            Hint = hint,
            Process = ProcessViews.Of(this, _services.Time, withDetails: false),
        };
}
