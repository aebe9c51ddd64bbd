using System.Globalization;
using Tspm.CaptureLog;
using Tspm.Daemon.Interop;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Ends a run with all that it started: its signals or its command, then SIGKILL, then what left the group.</summary>
/// <remarks>The supervisor's loop only, but for a stop command under way.</remarks>
internal sealed class TreeStopper(SupervisorServices services) : IAsyncDisposable
{
    /// <summary>So long after the grace SIGKILL is tried on what is left.</summary>
    private static readonly TimeSpan Insisting = TimeSpan.FromSeconds(2);
    private long _graceUntil;
    private int _signal;
    private Task _command = Task.CompletedTask;

    /// <summary>What is alive of a run besides its leader.</summary>
    public IReadOnlyList<ProcFacts> Find(uint process, RunState run) =>
        services.Finder.Find(run.Pid, run.StartTime, run.RunId, PipesOf(process, run));

    /// <summary>The same, by a look that others share.</summary>
    public Task<IReadOnlyList<ProcFacts>> FindAsync(uint process, RunState run) =>
        services.Finder.FindAsync(run.Pid, run.StartTime, run.RunId, PipesOf(process, run));

    /// <summary>Signals what has left the group of a run and belongs to it.</summary>
    /// <returns>How many those are.</returns>
    public async Task<int> SignalOutsideAsync(uint process, RunState run, int signal)
    {
        var outside = TreeKiller.Living([
            .. (await FindAsync(process, run)).Where(one => one.Group != run.Pid),
        ]);
        TreeKiller.Signal(outside, signal);
        return outside.Count;
    }

    /// <summary>Does one action of a stop.</summary>
    /// <returns>What was seen at once.</returns>
    public async Task<IReadOnlyList<LifeEvent>> DoAsync(
        LifeAction action,
        ProcessRecord record,
        RunState run,
        CancellationToken ct
    )
    {
        var stop = record.Spec.Stop;
        switch (action)
        {
            case BeginStop begin:
                await BeginAsync(begin.Order, record, run, ct);
                return [];
            case SendNext next:
                await SendAsync(record, run, stop.MoreSignals[next.Index - 1], ct);
                return [];
            case Life.Kill:
                if (stop.Scope == StopScopes.Tree)
                {
                    services.Cgroups.Kill(run.RunId);
                }

                await SendAsync(record, run, Signals.Kill, ct);
                return [];
            case LookAtTree:
                return [await LookAsync(record, run)];
            default:
                throw new System.Diagnostics.UnreachableException($"{action} is nobody's");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _command;

    private async Task BeginAsync(
        StopOrder order,
        ProcessRecord record,
        RunState run,
        CancellationToken ct
    )
    {
        var stop = record.Spec.Stop;
        var grace = TimeSpan.FromMilliseconds(
            order.TimeoutMs >= 0 ? order.TimeoutMs : stop.TimeoutMs
        );
        run.WasSignalled = true;
        run.Descendants = stop.Scope == StopScopes.Tree ? await FindAsync(record.Id, run) : [];
        _graceUntil =
            services.Time.GetTimestamp()
            + (long)(grace.TotalSeconds * services.Time.TimestampFrequency);
        _signal = order.Signal > 0 ? order.Signal : stop.Signal;
        if (stop.Command.Count > 0 && order.Signal == 0)
        {
            _command = RunCommandAsync(record, run, grace, ct);
            return;
        }

        await SendAsync(record, run, _signal, ct);
        CrashPoint.Pass(CrashPoint.AfterSignal);
    }

    private Task<int> SendAsync(
        ProcessRecord record,
        RunState run,
        int signal,
        CancellationToken ct
    ) =>
        services.Keeper.SignalAsync(
            record.Id,
            run.Run,
            signal,
            toGroup: record.Spec.Stop.Scope != StopScopes.Leader,
            ct
        );

    private async Task RunCommandAsync(
        ProcessRecord record,
        RunState run,
        TimeSpan grace,
        CancellationToken ct
    )
    {
        var spec = record.Spec;
        var pid = run.Pid.ToString(CultureInfo.InvariantCulture);
        var outcome = await ChildCommand.RunAsync(
            spec.Stop.Command,
            spec.Cwd,
            [.. ProgramEnvironment.Of(spec), $"TSPM_PID={pid}"],
            grace,
            ct
        );
        if (outcome is null)
        {
            return;
        }

        DaemonLog.StopCommandFailed(services.Log, spec.Name, outcome);
        try
        {
            await SendAsync(record, run, _signal, ct);
        }
        catch (IOException error)
        {
            // Without a keeper there is no signal; SIGKILL after the grace meets the same end and is told there.
            DaemonLog.StopCommandFailed(services.Log, spec.Name, error.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The daemon leaves.
        }
    }

    /// <summary>Its own signal for each that is new until the grace is over, then SIGKILL, then names what stays.</summary>
    private async Task<TreeSeen> LookAsync(ProcessRecord record, RunState run)
    {
        var found = await FindAsync(record.Id, run);
        var living = TreeKiller.Living([
            .. found,
            .. run.Descendants.Where(old => found.All(now => now.Pid != old.Pid)),
        ]);
        if (living.Count == 0)
        {
            return new TreeSeen(IsDone: true, null);
        }

        var left = services.Time.GetElapsedTime(services.Time.GetTimestamp(), _graceUntil);
        if (left < -Insisting)
        {
            var names = string.Join(
                ", ",
                living.Select(one => $"pid {one.Pid} ({ProcFacts.ReadCommandLine(one.Pid)})")
            );
            DaemonLog.Survivors(services.Log, record.Spec.Name, names);
            return new TreeSeen(IsDone: true, names);
        }

        var isNew =
            !run.IsSwept || living.Any(now => run.Descendants.All(old => old.Pid != now.Pid));
        if (left <= TimeSpan.Zero)
        {
            services.Cgroups.Kill(run.RunId);
            TreeKiller.Signal(living, Signals.Kill);
        }
        else if (isNew)
        {
            TreeKiller.Signal(living, _signal);
        }

        run.Descendants = living;
        run.IsSwept = true;
        return new TreeSeen(IsDone: false, null);
    }

    private IReadOnlyList<string> PipesOf(uint process, RunState run) =>
        [
            services.Home.NamedPipe(process, run.Run, StreamKind.Out),
            services.Home.NamedPipe(process, run.Run, StreamKind.Err),
        ];
}
