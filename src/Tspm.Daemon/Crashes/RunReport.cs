using System.Globalization;
using Tspm.Daemon.Supervision;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Crashes;

/// <summary>From what is known of a run to a report.</summary>
internal static class RunReport
{
    /// <summary>That of a run that has ended.</summary>
    public static CrashReport Of(ProcessRecord process, RunRecord run) =>
        new()
        {
            Id = process.Id,
            Ns = process.Spec.Ns,
            Name = process.Spec.Name,
            Run = run.Run,
            RunId = run.RunId.ToString(),
            Pid = run.Pid,
            StartedAt = Text(run.StartedAt),
            EndedAt = run.EndedAt is { } ended ? Text(ended) : null,
            DurationSeconds = run.EndedAt is { } end
                ? Math.Round((end - run.StartedAt).TotalSeconds, 3)
                : null,
            Ended =
                run.Pid == 0 ? "not-started"
                : run.Signal != 0 ? "signal"
                : run.Code is not null ? "exit"
                : "unknown",
            Code = run.Signal == 0 ? run.Code : null,
            Signal = new RunOutcome(run.Code, run.Signal).SignalName,
            By = run.By ?? (run.Signal == 0 && run.Code is not null ? "self" : "unknown"),
            OutOfMemory = run.OutOfMemory ?? (run.Signal == 0 ? "no" : "unknown"),
            Meaning = ExitMeaning.Of(
                run.Signal == 0 ? run.Code : null,
                run.Signal,
                run.OutOfMemory ?? ""
            ),
            Message = run.Reason is { } reason
                ? ProcessSecrets.Of(process.Spec).Text(reason)
                : null,
            MaxMemoryBytes = run.MaxMemoryBytes,
            MemoryAtMostBytes = run.MemoryAtMostBytes,
            CpuSeconds = run.CpuMs is { } cpu ? cpu / 1000.0 : null,
            Command = ProcessSecrets.Of(process.Spec).Words(process.Spec.Command),
            Cwd = process.Spec.Cwd,
            Changes = process.LastGood is { } good ? RunSetup.Of(process.Spec).Since(good) : null,
        };

    /// <summary>Whether it counts as failed: not by a person's doing, and not with code 0.</summary>
    public static bool IsFailure(RunRecord run) =>
        run.EndedAt is not null && run.By != "tspm" && (run.Signal != 0 || run.Code is not 0);

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
