using System.Globalization;
using Tspm.Daemon.Resources;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Supervision;

/// <summary>From a supervisor to what list and describe show.</summary>
internal static class ProcessViews
{
    private const int MaxChildren = 100;

    /// <summary>What is known of a process now.</summary>
    /// <param name="supervisor">The process.</param>
    /// <param name="time">Time.</param>
    /// <param name="withDetails">Also what only describe shows.</param>
    public static ProcessView Of(ProcessSupervisor supervisor, TimeProvider time, bool withDetails)
    {
        var record = supervisor.Record;
        var spec = record.Spec;
        var secrets = ProcessSecrets.Of(spec);
        var run = supervisor.Run;
        var last = record.Runs is [var newest, ..] ? newest : null;
        var ended = record.Runs.FirstOrDefault(known => known.EndedAt is not null);
        var status = supervisor.Status;
        var lives = run is { Outcome: null, Pid: > 0 };
        var use = lives ? supervisor.Use : null;
        var facts = lives && use is null ? ProcFacts.Read(run!.Pid) : null; // lives means that there is a run
        var view = new ProcessView
        {
            Id = record.Id,
            Name = spec.Name,
            Ns = spec.Ns,
            Status = NameOf(status),
            StatusText = TextOf(status, ended),
            Pid = lives ? run!.Pid : null,
            Run = run?.Run ?? record.Run,
            RunId = (run?.RunId ?? last?.RunId)?.ToString(),
            Restarts = record.Restarts,
            ExitCode = ended is { Signal: 0 } ? ended.Code : null,
            ExitSignal = ended is null ? null : new RunOutcome(ended.Code, ended.Signal).SignalName,
            Reason = ReasonOf(record, lives ? null : ended, secrets),
            UptimeSeconds = lives ? time.GetElapsedTime(run!.StartedAt).TotalSeconds : null,
            StartedAt = last is null ? null : Text(last.StartedAt),
            NextTrySeconds =
                supervisor.RetryAt > 0
                    ? Math.Max(
                        0,
                        time.GetElapsedTime(time.GetTimestamp(), supervisor.RetryAt).TotalSeconds
                    )
                    : null,
            MemoryBytes = use?.Bytes ?? facts?.ResidentBytes,
            Use = use?.ViewAt(SampleRound.Milliseconds(time)),
            Command = secrets.Words(spec.Command),
            Cwd = spec.Cwd,
            Restart = spec.Restart.Policy,
        };
        view = view with
        {
            CpuPercent =
                view.Use?.CpuPercent
                ?? (facts is { } live ? CpuOf(live, time.GetElapsedTime(run!.StartedAt)) : null), // facts are of a run
        };
        view = WithSupervision(view, supervisor, lives);
        return withDetails ? WithDetails(view, supervisor) : view;
    }

    /// <summary>The same with what is masked: only for whoever asked for it on the local socket.</summary>
    public static ProcessView WithSecrets(ProcessView view, ProcessSpec spec) =>
        view with
        {
            Command = spec.Command,
            Env = ProgramEnvironment.Of(spec),
            Redact = spec.Redact.Count > 0 ? spec.Redact : null,
        };

    private static ProcessView WithSupervision(
        ProcessView view,
        ProcessSupervisor supervisor,
        bool lives
    )
    {
        var record = supervisor.Record;
        var spec = record.Spec;
        return view with
        {
            IsShell = spec.IsShell,
            Pty = spec.Pty,
            WasRunning = supervisor.IsResurrectable,
            WaitsFor = supervisor.WaitsFor,
            HasReady = spec.Ready is not null,
            Labels = spec.Labels.Count > 0 ? spec.Labels : null,
            DependsOn =
                spec.DependsOn.Count > 0
                    ? [.. spec.DependsOn.Select(one => $"{one.Name}:{one.Condition}")]
                    : null,
            Group = spec.Instance?.Group,
            Limits = spec.Limits is { } limits ? LimitText.Describe(limits) : null,
            Schedule = spec.Schedule,
            NextDue = record.IsWanted && record.NextDue is { } due ? Text(due) : null,
            Watch = spec.Watch,
            Stdin = spec.Stdin || spec.Pty,
            HasPendingChanges = lives && record.HasPendingChanges,
        };
    }

    private static ProcessView WithDetails(ProcessView view, ProcessSupervisor supervisor)
    {
        var log = supervisor.Log.Log;
        var facts = log.Facts;
        var spec = supervisor.Record.Spec;
        var secrets = ProcessSecrets.Of(spec);
        return view with
        {
            Log = new LogView(
                log.LogId.ToString(),
                facts.Epoch,
                facts.Head,
                facts.OldestRing,
                facts.OldestDisk,
                log.DataBytes,
                supervisor.LogDirectory
            ),
            Runs = [.. supervisor.Record.Runs.Select(run => ViewOf(run, secrets))],
            Env = [.. ProgramEnvironment.Of(spec).Select(secrets.Variable)],
            Secrets = spec.Secrets.Count > 0 ? spec.Secrets : null,
            RedactPatterns = spec.Redact.Count,
            HasSecretArguments = !view.Command.SequenceEqual(spec.Command),
            Children = ChildrenOf(supervisor, secrets),
            Stop = spec.Stop with { Command = secrets.Words(spec.Stop.Command) },
            RestartPolicy = spec.Restart,
            LimitsMissing = supervisor.Run?.LimitsMissing,
            Hooks =
                spec.Hooks.Count > 0 ? [.. spec.Hooks.Select(hook => TextOf(hook, secrets))] : null,
            Ready = Shown(spec.Ready, secrets),
            Health = Shown(spec.Health, secrets),
        };
    }

    private static string? ReasonOf(
        ProcessRecord record,
        RunRecord? ended,
        ProcessSecrets secrets
    ) => (record.FailedReason ?? ended?.Reason) is { } reason ? secrets.Text(reason) : null;

    private static string TextOf(HookSpec hook, ProcessSecrets secrets) =>
        secrets.Line(
            $"{hook.Name}: {string.Join(',', hook.On)} {hook.Url ?? $"exec:{string.Join(' ', hook.Command)}"}"
        );

    private static ProbeSpec? Shown(ProbeSpec? probe, ProcessSecrets secrets) =>
        probe is null ? null : probe with { Check = secrets.Line(probe.Check) };

    private static List<ChildView> ChildrenOf(
        ProcessSupervisor supervisor,
        ProcessSecrets secrets
    ) =>
        supervisor.Run is { Outcome: null, Pid: > 0 } run
            ?
            [
                .. supervisor
                    .FindDescendants(run)
                    .Take(MaxChildren)
                    .Select(child => new ChildView(
                        child.Pid,
                        secrets.Line(ProcFacts.ReadCommandLine(child.Pid))
                    )),
            ]
            : [];

    private static RunView ViewOf(RunRecord run, ProcessSecrets secrets) =>
        new(
            run.Run,
            run.RunId.ToString(),
            run.Pid,
            Text(run.StartedAt),
            run.EndedAt is { } ended ? Text(ended) : null,
            run.Signal == 0 ? run.Code : null,
            new RunOutcome(run.Code, run.Signal).SignalName,
            run.Reason is { } reason ? secrets.Text(reason) : null,
            run.MaxMemoryBytes,
            run.CpuMs is { } cpu ? cpu / 1000.0 : null
        )
        {
            MemoryAtMostBytes = run.MemoryAtMostBytes,
        };

    private static double CpuOf(in ProcFacts facts, TimeSpan uptime) =>
        uptime.TotalSeconds < 0.05
            ? 0
            : Math.Round(
                100.0 * facts.CpuTicks / ProcFacts.TicksPerSecond / uptime.TotalSeconds,
                1
            );

    private static string NameOf(ProcessStatus status) =>
        status switch
        {
            ProcessStatus.Starting => ProcessStatuses.Starting,
            ProcessStatus.Waiting => ProcessStatuses.Waiting,
            ProcessStatus.Running => ProcessStatuses.Running,
            ProcessStatus.Ready => ProcessStatuses.Ready,
            ProcessStatus.Unhealthy => ProcessStatuses.Unhealthy,
            ProcessStatus.Stopping or ProcessStatus.Sweeping => ProcessStatuses.Stopping,
            ProcessStatus.Draining or ProcessStatus.Exited => ProcessStatuses.Exited,
            ProcessStatus.Backoff => ProcessStatuses.Backoff,
            ProcessStatus.Failed => ProcessStatuses.Failed,
            _ => ProcessStatuses.Stopped,
        };

    private static string TextOf(ProcessStatus status, RunRecord? ended) =>
        NameOf(status) == ProcessStatuses.Exited && ended is not null
            ? new RunOutcome(ended.Signal == 0 ? ended.Code : null, ended.Signal).ToString()
            : NameOf(status);

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
