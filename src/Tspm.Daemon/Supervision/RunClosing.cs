using Tspm.Daemon.Crashes;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision.Life;

namespace Tspm.Daemon.Supervision;

/// <summary>The ends of runs: what they mean to the table, what the log and the list keep of them.</summary>
/// <remarks>The supervisor's loop only.</remarks>
internal sealed class RunClosing(ProcessSupervisor owner, SupervisorServices services)
{
    private RunBook Book => new(owner, services.Time);

    /// <summary>This moment, and a chance for the jitter.</summary>
    public Moment Now() =>
        new(
            services.Time.GetTimestamp() * 1000 / services.Time.TimestampFrequency,
            Random.Shared.NextDouble()
        );

    /// <summary>The end of a run whose outcome is known.</summary>
    public RunEnded EndOf(RunState run) =>
        new(run.Outcome ?? RunOutcome.Unknown, run.Uptime, Now());

    /// <summary>What is known of the last run, for a policy that could not act on it.</summary>
    public LifeEvent ResumeLast()
    {
        var last = owner.Record.Runs[0]; // a process that has exited has had a run
        var outcome = new RunOutcome(last.Signal == 0 ? last.Code : null, last.Signal);
        var uptime = (last.EndedAt ?? last.StartedAt) - last.StartedAt;
        return new Resumed(outcome, uptime, Now());
    }

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

    /// <summary>Writes the end of a run that never lived.</summary>
    public async Task CloseSpawnAsync(RunState run, CloseSpawn close, int errno)
    {
        await owner.TellAsync(RunEvents.SpawnFailed(run, errno, close.Reason, close.Next));
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

    /// <summary>Writes the end of a run.</summary>
    public async Task CloseAsync(RunState run, LifeState state, bool startsAfter)
    {
        run.OutOfMemory ??= run.Memory.Judge(run.Outcome?.Signal ?? 0);
        Book.Update(run.Run, old => old with { By = run.By, OutOfMemory = run.OutOfMemory });
        await owner.TellAsync(RunEvents.RunExit(run, state.Next, startsAfter));
        Judge(run);
        if (state.Next is { Action: AfterExit.GiveUp } next)
        {
            DaemonLog.GivenUp(services.Log, owner.Record.Spec.Name, next.Reason ?? "");
        }

        MarkClosed(run.Run);
    }

    /// <summary>The end of a run is in the log.</summary>
    public void MarkClosed(uint run) => Book.Update(run, old => old with { IsClosed = true });

    /// <summary>A run that failed has its report; a good one is what later ones are compared with.</summary>
    private void Judge(RunState run) =>
        owner.Record = CrashRecorder.Judge(services.Crashes, owner.Log.Log, owner.Record, run);
}
