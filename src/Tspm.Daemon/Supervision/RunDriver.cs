using Tspm.CaptureLog;
using Tspm.Daemon.Input;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Resources;
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
    private readonly RunCompanions _with = new(owner, services.Time);
    private RunBook Book => new(owner, services.Time);
    private string? _spawnHint;
    private int _spawnErrno;

    /// <summary>The run under way, or draining.</summary>
    public RunState? Current { get; private set; }

    /// <summary>Ends of runs.</summary>
    public RunClosing Ends { get; } = new(owner, services);

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
            _with.OpenNotify(run);
            _with.OpenChecks(run);
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
            case CloseSpawn close when Current is { } unborn:
                await Ends.CloseSpawnAsync(unborn, close, _spawnErrno);
                return [];
            case BeginChecks when Current is { } begun:
                _with.OpenChecks(begun);
                return [];
            case EndChecks:
                await _with.EndChecksAsync();
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
                await Ends.CloseAsync(ended, state, close.StartsAfter);
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
        await _with.DisposeAsync();
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
        await owner.SaveAsync();
        if (_with.OpenNotify(run) is { } fault)
        {
            return [Refuse(fault, "choose a shorter --home", 0)];
        }

        _spawns.RemoveAll(spawn => spawn.IsCompleted);
        if (_with.OpenGate(run) is { } closed)
        {
            return [Refuse(closed, "choose a shorter --home", 0)];
        }

        if (
            ProgramStart.Prepare(spec, run, services, _with.Gate?.Report.Path, out var prepared) is
            { } wrong
        )
        {
            return [Refuse(wrong, null, 0)];
        }

        if (run.LimitsMissing is { } missing)
        {
            await owner.TellAsync(RunEvents.LimitMissing(run.Run, missing));
        }

        _spawns.Add(AskAsync(run, _with.WithNotify(prepared)));
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
        return _with.Gate is { IsOpen: false } ? [] : [new RunStarted()];
    }

    /// <summary>What <c>__exec</c> said.</summary>
    public IReadOnlyList<LifeEvent> Read(ExecMessage answer)
    {
        if (Current is not { } run || run.Run != answer.Run || _with.Gate is not { } gate)
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
        return new SpawnRefused(reason, Ends.Now());
    }

    private IReadOnlyList<LifeEvent> End(RunState run, in JournalRecord record)
    {
        if (_with.Gate is { IsOpen: false } gate)
        {
            gate.TakeEnd(record);
            return Settle(run, gate);
        }

        Book.End(run, record);
        run.Input.Close();
        DaemonLog.RunEnded(services.Log, owner.Record.Spec.Name, run.Run, $"{run.Outcome}");
        // Set by End.
        var ended = Ends.EndOf(run);
        return run.OpenStreams == 0 ? [ended, new OutputEnded()] : [ended];
    }

    private async Task DropAsync()
    {
        if (Current is { } run)
        {
            services.Cgroups.Remove(run.RunId);
        }

        Current = null;
        await _with.CloseAsync();
    }

    private void Swap(RunState old)
    {
        var next = Reload.Take();
        if (next is null)
        {
            return;
        }

        Reload.Leave(old, _with.Swap(next.Notify, next.Checks));
        Current = next.Run;
    }
}
