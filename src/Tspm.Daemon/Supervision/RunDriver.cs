using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Input;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Does what the table wants of a run: spawn, checks, stop, its end in the log; and reads what the keeper tells of it.</summary>
/// <remarks>The supervisor's loop only, but for the spawn under way, which puts its answer into the mailbox.</remarks>
internal sealed class RunDriver(
    ProcessSupervisor owner,
    SupervisorServices services,
    CancellationToken ct
) : IAsyncDisposable
{
    /// <summary>Why a run was lost that nobody knew when the daemon began.</summary>
    public const string NewMachine = "the machine or the keeper was restarted";

    private readonly List<Task> _spawns = [];
    private CheckLoop? _checks;
    private NotifySocket? _notify;
    private ExecGate? _gate;
    private RunBook Book => new(owner, services.Time);
    private string? _spawnHint;
    private int _spawnErrno;

    /// <summary>The run under way, or draining.</summary>
    public RunState? Current { get; private set; }

    /// <summary>Ends runs with all they started.</summary>
    public TreeStopper Tree { get; } = new(services);

    /// <summary>The run that is to take the place of this one, and those whose place was taken.</summary>
    public ReloadDriver Reload { get; } = new(owner, services, ct);

    /// <summary>A run that goes on.</summary>
    public void Adopt(RunState run)
    {
        Current = run;
        var isOpen = FindInput(run) is not null;
        if (owner.Record.Spec.Stdin && !isOpen && run is { Outcome: null, Pid: > 0 })
        {
            // Closed by a daemon that may have died before it could tell the keeper.
            _spawns.Add(services.Keeper.CloseInputAsync(owner.Record.Id, run.Run, ct));
        }
    }

    /// <summary>The way into the stdin of a run; null if it has none, or it was closed. Any thread.</summary>
    public RunInput? FindInput(RunState run) =>
        run.Input.Get(() =>
            owner.Record.Spec.Pty
                ? RunInput.TryOpenTerminal(services.Held, owner.Record.Id, run.Run)
                : RunInput.TryOpenPipe(services.Home, owner.Record.Id, run.Run)
        );

    /// <summary>Begins with the checks of an adopted run.</summary>
    public void Resume(ProcessStatus status)
    {
        if (Current is { } run && status is ProcessStatus.Running or ProcessStatus.Ready)
        {
            OpenNotify(run);
            OpenChecks();
        }
    }

    /// <summary>What to do about a failed start.</summary>
    public string? HintOf(string? error) => error == ErrorCodes.SpawnFailed ? _spawnHint : null;

    /// <summary>Sends a person's signal.</summary>
    public async Task<ActionResult> SignalAsync(CommandMessage command)
    {
        if (Current is not { Outcome: null, Pid: > 0 } run)
        {
            return owner.Result(ErrorCodes.Failed, "it does not run");
        }

        var errno = await services.Keeper.SignalAsync(
            owner.Record.Id,
            run.Run,
            command.Signal,
            command.ToGroup || command.ToTree,
            ct
        );
        if (errno != 0)
        {
            return owner.Result(ErrorCodes.Failed, Errno.Describe(errno));
        }

        var others = command.ToTree
            ? await Tree.SignalOutsideAsync(owner.Record.Id, run, command.Signal)
            : 0;
        var more = others > 0 ? $", and {others} that left its group" : "";
        await owner.TellAsync(RunEvents.Signalled(run.Run, command.Signal, command.By, more));
        return owner.Result(null, $"signalled{more}");
    }

    /// <summary>Does one action.</summary>
    /// <returns>What happened at once because of it.</returns>
    public async Task<IReadOnlyList<LifeEvent>> DoAsync(LifeAction action, LifeState state)
    {
        switch (action)
        {
            case Spawn:
                return await SpawnAsync();
            case CloseSpawn close:
                await CloseSpawnAsync(close);
                return [];
            case BeginChecks:
                OpenChecks();
                return [];
            case EndChecks:
                await EndChecksAsync();
                return [];
            case DropRun:
                await DropAsync();
                return [];
            case BeginSuccessor:
                return await Reload.BeginAsync();
            case DropSuccessor:
                Reload.Drop();
                return [];
            case SwapRuns when Current is { } old:
                Swap(old);
                return [];
            case CloseRun close when Current is { } ended:
                await CloseAsync(ended, state, close.StartsAfter);
                return [];
            case CutOutput when Current is { } cut:
                cut.WasCut = true;
                await services.Keeper.CutDrainAsync(owner.Record.Id, cut.Run, ct);
                return [];
            default:
                return Current is { } run ? await Tree.DoAsync(action, owner.Record, run, ct) : [];
        }
    }

    /// <summary>What a record of the journal means.</summary>
    public IReadOnlyList<LifeEvent> Read(in JournalRecord record)
    {
        if (record.Flags.HasFlag(JournalFlags.Snapshot))
        {
            return [];
        }

        if (Current is not { } run || record.Run != run.Run)
        {
            return Reload.Read(record);
        }

        switch (record.Kind)
        {
            case JournalRecordKind.Spawned when run.Pid == 0:
                return Live(run, (int)record.A, record.B);
            case JournalRecordKind.Exited when run.Outcome is null:
                return End(run, record);
            case JournalRecordKind.StreamEnd when !record.Flags.HasFlag(JournalFlags.Orphan):
                run.OpenStreams &= ~(1 << (int)record.Stream);
                return run is { Outcome: not null, OpenStreams: 0 } ? [new OutputEnded()] : [];
            default:
                return [];
        }
    }

    /// <summary>What the keeper's answer to a spawn means.</summary>
    public IReadOnlyList<LifeEvent> Read(SpawnMessage answer)
    {
        if (Reload.IsNext(answer.Run))
        {
            return Reload.Read(answer);
        }

        if (Current is not { } run || run.Run != answer.Run)
        {
            // Let go meanwhile; if it came to life after all, nobody knows of it but us.
            var isUnknown = owner.Record.Runs.Any(known =>
                known.Run == answer.Run && known.Pid == 0
            );
            if (answer.Outcome is { Pid: > 0 } && isUnknown)
            {
                _spawns.Add(
                    services.Keeper.SignalAsync(owner.Record.Id, answer.Run, Signals.Kill, true, ct)
                );
            }

            return [];
        }

        if (answer.Outcome is not { } outcome)
        {
            return [Refuse(answer.Fault ?? "the keeper did not answer", null, 0)];
        }

        if (outcome.Errno == 0)
        {
            return run.Pid == 0 ? Live(run, outcome.Pid, outcome.StartTime) : [];
        }

        var (reason, hint) = Errno.DescribeSpawn(outcome.Errno, outcome.Stage, owner.Record.Spec);
        return [Refuse(reason, hint, outcome.Errno)];
    }

    /// <summary>What a check saw.</summary>
    public IReadOnlyList<LifeEvent> Read(CheckMessage check) =>
        check.Run == Current?.Run ? [check.Event]
        : Reload.IsNext(check.Run) && check.Event is ReadyReached ? [new SuccessorReady()]
        : [];

    /// <summary>The end of a run is in the log.</summary>
    public void MarkClosed(uint run) => Book.Update(run, old => old with { IsClosed = true });

    /// <summary>What is known of the last run, for a policy that could not act on it.</summary>
    public LifeEvent ResumeLast()
    {
        var last = owner.Record.Runs[0]; // a process that has exited has had a run
        var outcome = new RunOutcome(last.Signal == 0 ? last.Code : null, last.Signal);
        var uptime = (last.EndedAt ?? last.StartedAt) - last.StartedAt;
        return new Resumed(outcome, uptime, Now());
    }

    /// <summary>The end of a run whose outcome is known.</summary>
    public RunEnded EndOf(RunState run) =>
        new(run.Outcome ?? RunOutcome.Unknown, run.Uptime, Now());

    /// <summary>Nobody knows how a run has ended.</summary>
    public LifeEvent Lose(RunState run, string reason)
    {
        run.Outcome ??= RunOutcome.Unknown;
        run.WasCut = true;
        Book.Update(
            run.Run,
            old => old with { EndedAt = old.EndedAt ?? services.Time.GetUtcNow(), Reason = reason }
        );
        return new RunLost();
    }

    /// <summary>The readiness check has passed: the next daemon is to know it too.</summary>
    public void MarkReady()
    {
        if (Current is { } run)
        {
            run.IsReady = true;
            Book.Update(run.Run, old => old with { IsReady = true });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndChecksAsync();
        await CloseNotifyAsync();
        await CloseGateAsync();
        await Reload.DisposeAsync();
        await Tree.DisposeAsync();
        foreach (var spawn in _spawns)
        {
            await Task.WhenAny(spawn);
        }
    }

    private async Task<IReadOnlyList<LifeEvent>> SpawnAsync()
    {
        var spec = owner.Record.Spec;
        var run = Book.Begin(spec, owner.Log.Log.Facts.Head, services.NextStartOrder());
        Current = run;
        await services.SaveAsync();
        if (OpenNotify(run) is { } fault)
        {
            return [Refuse(fault, "choose a shorter --home", 0)];
        }

        _spawns.RemoveAll(spawn => spawn.IsCompleted);
        if (OpenGate(run) is { } closed)
        {
            return [Refuse(closed, "choose a shorter --home", 0)];
        }

        if (
            ProgramStart.Prepare(spec, run, services, _gate?.Report.Path, out var prepared) is
            { } wrong
        )
        {
            return [Refuse(wrong, null, 0)];
        }

        await TellMissingAsync(run);
        _spawns.Add(AskAsync(run, WithNotify(prepared)));
        return [];
    }

    private async Task AskAsync(RunState run, ProcessSpec spec)
    {
        try
        {
            var outcome = await services.Keeper.SpawnAsync(
                owner.Record.Id,
                run.Run,
                run.RunId,
                spec,
                ct
            );
            owner.Post(new SpawnMessage(run.Run, outcome, null));
        }
        catch (IOException error)
        {
            owner.Post(new SpawnMessage(run.Run, null, error.Message));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The daemon leaves: the next one finds the run by the journal.
        }
    }

    private LifeEvent[] Live(RunState run, int pid, ulong startTime)
    {
        run.Pid = pid;
        run.StartTime = startTime;
        Book.Update(run.Run, old => old with { Pid = pid, StartTime = startTime });
        services.Cgroups.Add(run.RunId, pid);
        if (owner.Record.Spec.Limits is not null)
        {
            services.Sampler.Wake();
        }

        FindInput(run);
        DaemonLog.RunStarted(services.Log, owner.Record.Spec.Name, run.Run, pid);
        return _gate is { IsOpen: false } ? [] : [new RunStarted()];
    }

    /// <summary>What <c>__exec</c> said.</summary>
    public IReadOnlyList<LifeEvent> Read(ExecMessage answer)
    {
        if (Current is not { } run || run.Run != answer.Run || _gate is not { } gate)
        {
            return [];
        }

        gate.TakeAnswer(answer.Failure);
        return Settle(run, gate);
    }

    /// <summary>Started once it is its program; refused once it is gone without having become it.</summary>
    private IReadOnlyList<LifeEvent> Settle(RunState run, ExecGate gate)
    {
        if (gate is { IsRefused: true, Failure: { } failure })
        {
            var (reason, hint) =
                failure.Stage == ExecFailure.AtProgram
                    ? Errno.DescribeSpawn(failure.Errno, failure.Stage, owner.Record.Spec)
                    : (failure.Text, "tspm describe shows its limits; tspm set changes them");
            return [Refuse(reason, hint, failure.Errno)];
        }

        if (!gate.IsOpen || run.Pid == 0)
        {
            return [];
        }

        return gate.Ended is { } ended
            ? [new RunStarted(), .. End(run, ended)]
            : [new RunStarted()];
    }

    private SpawnRefused Refuse(string reason, string? hint, int errno)
    {
        (_spawnHint, _spawnErrno) = (hint, errno);
        DaemonLog.SpawnFailed(services.Log, owner.Record.Spec.Name, reason);
        return new SpawnRefused(reason, Now());
    }

    private async Task CloseSpawnAsync(CloseSpawn close)
    {
        if (Current is not { } run)
        {
            return;
        }

        await owner.TellAsync(RunEvents.SpawnFailed(run, _spawnErrno, close.Reason, close.Next));
        Book.Update(
            run.Run,
            old =>
                old with
                {
                    EndedAt = services.Time.GetUtcNow(),
                    Reason = close.Reason,
                    IsClosed = true,
                }
        );
        Judge(run);
    }

    private IReadOnlyList<LifeEvent> End(RunState run, in JournalRecord record)
    {
        if (_gate is { IsOpen: false } gate)
        {
            gate.TakeEnd(record);
            return Settle(run, gate);
        }

        Book.End(run, record);
        run.Input.Close();
        DaemonLog.RunEnded(services.Log, owner.Record.Spec.Name, run.Run, $"{run.Outcome}");
        // Set by End.
        var ended = EndOf(run);
        return run.OpenStreams == 0 ? [ended, new OutputEnded()] : [ended];
    }

    private async Task CloseAsync(RunState run, LifeState state, bool startsAfter)
    {
        run.OutOfMemory ??= run.Memory.Judge(run.Outcome?.Signal ?? 0);
        Book.Update(run.Run, old => old with { By = run.By, OutOfMemory = run.OutOfMemory });
        await owner.TellAsync(RunEvents.RunExit(run, state.Next, startsAfter));
        Judge(run);
        if (state.Next is { Action: AfterExit.GiveUp } next)
        {
            DaemonLog.GivenUp(services.Log, owner.Record.Spec.Name, next.Reason ?? "");
        }

        Book.Update(run.Run, old => old with { IsClosed = true });
    }

    /// <summary>A run that failed has its report; a good one is what later ones are compared with.</summary>
    private void Judge(RunState run) =>
        owner.Record = CrashRecorder.Judge(services.Crashes, owner.Log.Log, owner.Record, run.Run);

    private async Task DropAsync()
    {
        if (Current is { } run)
        {
            services.Cgroups.Remove(run.RunId);
        }

        Current = null;
        await EndChecksAsync();
        await CloseNotifyAsync();
        await CloseGateAsync();
    }

    private Task TellMissingAsync(RunState run) =>
        run.LimitsMissing is { } missing
            ? owner.TellAsync(
                new LogEvent
                {
                    What = LogEvents.LimitMissing,
                    Run = run.Run,
                    Message = missing,
                }
            )
            : Task.CompletedTask;

    private string? OpenGate(RunState run)
    {
        if (!ExecCommandLine.IsNeeded(owner.Record.Spec))
        {
            return null;
        }

        var path = Path.Join(owner.LogDirectory, $"exec.{run.Run}");
        if (ExecReport.TryOpen(path, services.Time, out var report) is { } fault)
        {
            return fault;
        }

        _gate = new ExecGate(report!); // set whenever the call finds no fault
        _spawns.Add(HearAsync(run, report!));
        return null;
    }

    private async Task HearAsync(RunState run, ExecReport report) =>
        owner.Post(new ExecMessage(run.Run, await report.Answer));

    private async Task CloseGateAsync()
    {
        var gate = _gate;
        _gate = null;
        if (gate is not null)
        {
            await gate.DisposeAsync();
        }
    }

    private void Swap(RunState old)
    {
        var next = Reload.Take();
        if (next is null)
        {
            return;
        }

        Reload.Leave(old, _notify);
        (Current, _notify, _checks) = (next.Run, next.Notify, next.Checks);
    }

    private void OpenChecks()
    {
        if (Current is { } run && _checks is null && CheckLoop.IsNeeded(owner.Record.Spec))
        {
            _checks = new CheckLoop(owner, run, _notify, services.Time);
        }
    }

    private async Task EndChecksAsync()
    {
        var checks = _checks;
        _checks = null;
        if (checks is not null)
        {
            await checks.DisposeAsync();
        }
    }

    private string? OpenNotify(RunState run)
    {
        if (!NotifySocket.IsNeeded(owner.Record.Spec))
        {
            return null;
        }

        var path = Path.Join(owner.LogDirectory, $"notify.{run.Run}");
        return NotifySocket.TryOpen(path, out _notify);
    }

    private ProcessSpec WithNotify(ProcessSpec spec) =>
        _notify is { } socket
            ? spec with
            {
                Env = [.. spec.Env, $"NOTIFY_SOCKET={socket.Path}"],
            }
            : spec;

    private async Task CloseNotifyAsync()
    {
        var socket = _notify;
        _notify = null;
        if (socket is not null)
        {
            await socket.DisposeAsync();
        }
    }

    private Moment Now() =>
        new(
            services.Time.GetTimestamp() * 1000 / services.Time.TimestampFrequency,
            Random.Shared.NextDouble()
        );
}
