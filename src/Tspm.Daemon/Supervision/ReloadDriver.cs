using Tspm.CaptureLog;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>The runs of one process beside its run: one that is to take its place, and those whose place was taken.</summary>
/// <remarks>The supervisor's loop only, but for the tasks that end old runs.</remarks>
internal sealed class ReloadDriver(
    ProcessSupervisor owner,
    SupervisorServices services,
    CancellationToken ct
) : IAsyncDisposable
{
    private readonly List<LeavingRun> _leaving = [];
    private Successor? _next;
    private Task _spawn = Task.CompletedTask;

    private RunBook Book => new(owner, services.Time);

    /// <summary>Who wanted the reload; null if that is not known any more.</summary>
    public string? By { get; set; }

    /// <summary>Whether this run is the one on its way.</summary>
    public bool IsNext(uint run) => _next?.Run.Run == run;

    /// <summary>Begins the new run.</summary>
    public async Task<IReadOnlyList<LifeEvent>> BeginAsync()
    {
        var spec = owner.Record.Spec;
        var run = Book.Begin(spec, owner.Log.Log.Facts.Head, services.NextStartOrder());
        await owner.SaveAsync();
        // What __exec has to say goes into the log: the run that is there goes on whatever becomes of this one.
        if (ProgramStart.Prepare(spec, run, services, null, out var prepared) is { } wrong)
        {
            CloseUnborn(run.Run, wrong);
            return [new SuccessorFailed(wrong)];
        }

        spec = prepared;
        NotifySocket? notify = null;
        if (NotifySocket.IsNeeded(spec))
        {
            var path = Path.Join(owner.LogDirectory, $"notify.{run.Run}");
            if (NotifySocket.TryOpen(path, out notify) is { } fault)
            {
                CloseUnborn(run.Run, fault);
                return [new SuccessorFailed(fault)];
            }

            spec = spec with { Env = [.. spec.Env, $"NOTIFY_SOCKET={path}"] };
        }

        _next = new Successor(run, notify, null);
        _spawn = AskAsync(run, spec);
        return [];
    }

    /// <summary>What the journal tells of these runs.</summary>
    public IReadOnlyList<LifeEvent> Read(in JournalRecord record)
    {
        var number = record.Run;
        if (_leaving.Find(one => one.Run.Run == number) is { } leaving)
        {
            leaving.Read(record);
            return [];
        }

        if (_next is not { } next || next.Run.Run != number)
        {
            return [];
        }

        switch (record.Kind)
        {
            case JournalRecordKind.Spawned when next.Run.Pid == 0:
                Live(next, (int)record.A, record.B);
                return [];
            case JournalRecordKind.Exited:
                Book.End(next.Run, record);
                Drop();
                return [new SuccessorFailed($"the new run {next.Run.Outcome} before it was ready")];
            default:
                return [];
        }
    }

    /// <summary>The keeper's answer to the spawn of the new run.</summary>
    public IReadOnlyList<LifeEvent> Read(SpawnMessage answer)
    {
        if (_next is not { } next)
        {
            return [];
        }

        if (answer.Outcome is { Errno: 0 } outcome)
        {
            if (next.Run.Pid == 0)
            {
                Live(next, outcome.Pid, outcome.StartTime);
            }

            return [];
        }

        var reason = answer.Outcome is { } failed
            ? Errno.DescribeSpawn(failed.Errno, failed.Stage, owner.Record.Spec).Reason
            : answer.Fault ?? "the keeper did not answer";
        CloseUnborn(next.Run.Run, reason);
        _next = null;
        next.Notify?.CloseSoon();
        return [new SuccessorFailed(reason)];
    }

    /// <summary>A run was not ready in time: for the new one that is the end.</summary>
    public IReadOnlyList<LifeEvent> ReadLate(NoteMessage note) =>
        IsNext(note.Run) ? [new SuccessorFailed($"the new run was {note.Text}")] : [];

    /// <summary>Ends the new run; the old one stays.</summary>
    public void Drop()
    {
        if (_next is { } next)
        {
            _next = null;
            next.Checks?.EndSoon();
            Leave(next.Run, next.Notify, isKilled: true);
        }
    }

    /// <summary>The new run is the run from now on.</summary>
    public Successor? Take()
    {
        var next = _next;
        _next = null;
        return next;
    }

    /// <summary>Ends a run whose place was taken.</summary>
    public void Leave(RunState run, NotifySocket? notify, bool isKilled = false)
    {
        _leaving.RemoveAll(one => one.IsOver);
        _leaving.Add(new LeavingRun(owner, services, run, notify, isKilled, By, ct));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _spawn;
        if (_next is { } next)
        {
            if (next.Checks is { } checks)
            {
                await checks.DisposeAsync();
            }

            if (next.Notify is { } notify)
            {
                await notify.DisposeAsync();
            }
        }

        foreach (var leaving in _leaving)
        {
            await leaving.DisposeAsync();
        }
    }

    private void CloseUnborn(uint run, string reason)
    {
        var now = services.Time.GetUtcNow();
        Book.Update(run, old => old with { EndedAt = now, Reason = reason, IsClosed = true });
    }

    private void Live(Successor next, int pid, ulong startTime)
    {
        next.Run.Pid = pid;
        next.Run.StartTime = startTime;
        Book.Update(next.Run.Run, old => old with { Pid = pid, StartTime = startTime });
        services.Cgroups.Add(next.Run.RunId, pid);
        DaemonLog.RunStarted(services.Log, owner.Record.Spec.Name, next.Run.Run, pid);
        _next = next with { Checks = new CheckLoop(owner, next.Run, next.Notify, services.Time) };
    }

    private async Task AskAsync(RunState run, ProcessSpec spec)
    {
        try
        {
            var id = owner.Record.Id;
            var outcome = await services.Keeper.SpawnAsync(id, run.Run, run.RunId, spec, ct);
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
}

/// <summary>A run that is to take the place of another.</summary>
/// <param name="Run">The run.</param>
/// <param name="Notify">Its notify socket, if it wants one.</param>
/// <param name="Checks">Its checks, as soon as it lives.</param>
internal sealed record Successor(RunState Run, NotifySocket? Notify, CheckLoop? Checks);
