using Tspm.Daemon.Resources;
using Tspm.Daemon.Schedule;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Protocol.Messages;
using Tspm.Protocol.Specs;

namespace Tspm.Daemon.Supervision;

/// <summary>What is wrong with a process as somebody asks for it: value and range by name.</summary>
internal static class SpecFaults
{
    private const int MaxDelayMs = 86_400_000;
    private const long MaxRestartMs = 31L * MaxDelayMs;
    private const int MaxDependencies = 100;
    private const int MaxLabels = 100;

    /// <summary>Null if nothing is wrong.</summary>
    public static string? Find(ProcessSpec spec) =>
        FindName(spec)
        ?? FindProgram(spec)
        ?? FindRestart(spec.Restart)
        ?? FindStop(spec.Stop)
        ?? spec.Disk.FindFault()
        ?? (
            spec.Hooks.Count > HookSpec.MaxHooks
                ? $"{spec.Hooks.Count} hooks are more than {HookSpec.MaxHooks}"
                : spec.Hooks.Select(HookText.FindFault).FirstOrDefault(fault => fault is not null)
        )
        ?? (spec.Limits is { } limits ? LimitText.FindFault(limits) : null)
        ?? ProcessSecrets.FindFault(spec.Secrets)
        ?? Redactions.FindFault(spec.Redact)
        ?? FindRest(spec);

    private static string? FindName(ProcessSpec spec) =>
        ProcessNames.FindFault(spec.Name) is { } name ? $"\"{spec.Name}\": {name}"
        : ProcessNames.FindFault(spec.Ns) is { } ns ? $"namespace \"{spec.Ns}\": {ns}"
        : null;

    private static string? FindProgram(ProcessSpec spec) =>
        spec.Command.Count is 0 or > ProcessSpec.MaxArguments
            ? $"a command of {spec.Command.Count} words is not within 1 to {ProcessSpec.MaxArguments}"
        : spec.Command[0].Length == 0 ? "the program has no name"
        : spec.Command.Concat(spec.Env).Any(text => text.Contains('\0'))
            ? "an argument or variable holds a NUL character"
        : !Path.IsPathRooted(spec.Cwd) ? $"the working directory \"{spec.Cwd}\" is not absolute"
        : ProgramEnvironment.FindFault(spec.Env) is { } environment ? environment
        : spec.EnvFiles.Count > EnvFile.MaxFiles
            ? $"{spec.EnvFiles.Count} files of variables are more than {EnvFile.MaxFiles}"
        : spec.EnvFiles.FirstOrDefault(file => !Path.IsPathRooted(file)) is { } relative
            ? $"the file of variables \"{relative}\" is not absolute"
        : spec.Env.FirstOrDefault(entry => entry.IndexOf('=') <= 0) is { } bad
            ? $"a variable of {bad.Length} characters is not NAME=value"
        : spec.Umask > 0x1FF ? $"umask {Convert.ToString(spec.Umask, 8)} is not within 0 to 777"
        : null;

    private static string? FindRestart(RestartSpec restart) =>
        !RestartPolicies.All.Contains(restart.Policy)
            ? $"\"{restart.Policy}\" is not one of {string.Join(", ", RestartPolicies.All)}"
        : restart.MaxRestarts is < 0 or > 1_000_000
            ? $"{restart.MaxRestarts} restarts are not within 0 to 1,000,000"
        : restart.WithinMs is < 1 or > MaxRestartMs
            ? $"a restart window of {restart.WithinMs} ms is not within 1 ms to 31 days"
        : restart.InitialDelayMs is < 0 or > MaxDelayMs
            ? $"a first delay of {restart.InitialDelayMs} ms is not within 0 to 1 day"
        : restart.MaxDelayMs is < 0 or > MaxDelayMs
            ? $"a longest delay of {restart.MaxDelayMs} ms is not within 0 to 1 day"
        : restart.PauseMs is < 0 or > MaxDelayMs
            ? $"a restart delay of {restart.PauseMs} ms is not within 0 to 1 day"
        : restart.MinUptimeMs is < 0 or > MaxDelayMs
            ? $"a shortest uptime of {restart.MinUptimeMs} ms is not within 0 to 1 day"
        : restart.Factor is not (>= 1 and <= 100)
            ? $"a back-off factor of {restart.Factor} is not within 1 to 100"
        : restart.Jitter is not (>= 0 and <= 1)
            ? $"a jitter of {restart.Jitter} is not within 0 to 1"
        : restart
            .SuccessCodes.Concat(restart.StopCodes)
            .FirstOrDefault(code => code is < 0 or > 255)
            is var code
        && code != 0
            ? $"exit code {code} is not within 0 to 255"
        : null;

    private static string? FindStop(StopSpec stop) =>
        stop.MoreSignals.Prepend(stop.Signal).FirstOrDefault(signal => signal is < 1 or > 64, 1)
            is var signal
        && signal is < 1 or > 64
            ? $"{signal} is not a signal: 1 to 64"
        : stop.MoreSignals.Count >= StopSpec.MaxSignals
            ? $"{stop.MoreSignals.Count + 1} signals are more than {StopSpec.MaxSignals}"
        : stop.TimeoutMs is < 0 or > 3_600_000
            ? $"a stop timeout of {stop.TimeoutMs} ms is not within 0 to 1 h"
        : !StopScopes.All.Contains(stop.Scope)
            ? $"\"{stop.Scope}\" is not one of {string.Join(", ", StopScopes.All)}"
        : stop.Command is [var program, ..] && !Path.IsPathRooted(program)
            ? $"the stop command \"{program}\" is not an absolute path"
        : null;

    private static string? FindRest(ProcessSpec spec) =>
        spec.Ready is { } ready && CheckTarget.FindFault(ready, isHealth: false) is { } inReady
            ? $"readiness check: {inReady}"
        : spec.Health is { } health && CheckTarget.FindFault(health, isHealth: true) is { } inHealth
            ? $"health check: {inHealth}"
        : spec.DependsOn.Count > MaxDependencies
            ? $"{spec.DependsOn.Count} dependencies are more than {MaxDependencies}"
        : spec.DependsOn.FirstOrDefault(one => !DependencyConditions.All.Contains(one.Condition))
            is { } dependency
            ? $"\"{dependency.Condition}\" is not one of {string.Join(", ", DependencyConditions.All)}"
        : spec.Watch?.FindFault() is { } inWatch ? inWatch
        : FindSchedule(spec.Schedule) is { } inSchedule ? inSchedule
        : spec.Labels.Count > MaxLabels ? $"{spec.Labels.Count} labels are more than {MaxLabels}"
        : spec.Labels.FirstOrDefault(label => label.IndexOf('=') <= 0) is { } bad
            ? $"label \"{bad}\" is not key=value"
        : null;

    private static string? FindSchedule(ScheduleSpec? schedule) =>
        schedule is null ? null
        : CronTimes.TryRead(schedule, TimeZoneInfo.Utc, out _) is { } fault ? $"schedule: {fault}"
        : !ScheduleActions.All.Contains(schedule.Action)
            ? $"\"{schedule.Action}\" is not one of {string.Join(", ", ScheduleActions.All)}"
        : !MissedActions.All.Contains(schedule.Missed)
            ? $"\"{schedule.Missed}\" is not one of {string.Join(", ", MissedActions.All)}"
        : null;
}
