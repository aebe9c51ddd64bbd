using Tspm.Daemon.Logging;
using Tspm.Daemon.Topics;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Makes processes and forgets them: the name first, then the log, then the supervisor, then the list.</summary>
internal sealed class ProcessFactory(
    ProcessRegistry registry,
    SupervisorServices services,
    LogIngest ingest,
    LogTopicSource topics
)
{
    private const int MaxEnvironmentBytes = 2 * 1024 * 1024;
    private const int MaxDelayMs = 86_400_000;
    private const long MaxRestartMs = 31L * MaxDelayMs;

    /// <summary>Makes a process and starts it.</summary>
    public async Task<ActionResult> StartNewAsync(ProcessSpec spec, bool replace, bool isTemporary)
    {
        if (FindFault(spec) is { } fault)
        {
            return Refused(spec, ErrorCodes.BadRequest, fault, null);
        }

        var old = registry.All.FirstOrDefault(known =>
            known.Record.Spec.Ns == spec.Ns && known.Record.Spec.Name == spec.Name
        );
        if (replace && old is not null)
        {
            await DeleteAsync(old, keepLogs: false);
        }

        if (!registry.TryReserve(spec.Ns, spec.Name, out var id))
        {
            return Refused(
                spec,
                ErrorCodes.Conflict,
                $"there is a process named \"{spec.Name}\" already",
                $"choose another --name, or: tspm restart {spec.Name}, or --replace"
            );
        }

        try
        {
            var process = Open(
                new ProcessRecord
                {
                    Id = id,
                    Uid = Guid.CreateVersion7(services.Time.GetUtcNow()),
                    Spec = spec,
                    IsTemporary = isTemporary,
                    LastGood = replace ? old?.Record.LastGood : null,
                }
            );
            registry.Add(process);
            return await StartFirstAsync(process);
        }
        catch (IOException error)
        {
            registry.Release(spec.Ns, spec.Name);
            return Refused(
                spec,
                ErrorCodes.Failed,
                $"its log cannot be made: {error.Message}",
                "see: tspm daemon status"
            );
        }
    }

    private async Task<ActionResult> StartFirstAsync(ProcessSupervisor process)
    {
        process.Start();
        var result = await process.DoAsync(CommandVerb.Start);
        if (result.Error != ErrorCodes.SpawnFailed)
        {
            return result;
        }

        // Nothing half made: what never ran is not kept.
        await DeleteAsync(process, keepLogs: false);
        return result with { Process = null };
    }

    /// <summary>Opens the log of a known process and makes its supervisor.</summary>
    /// <exception cref="IOException">The log cannot be opened.</exception>
    public ProcessSupervisor Open(ProcessRecord record)
    {
        // An index file is a share of what the log may hold, so that retention can work in steps.
        const long largestIndex = 16 * 1024 * 1024;
        const long smallestIndex = 64 * 1024;
        var options = services.Options.Logs with
        {
            IndexFileBytes = Math.Clamp(record.Spec.Disk.MaxBytes / 8, smallestIndex, largestIndex),
        };
        var log = LogWriter.Open(services.Home, record.Id, options, services.Time, services.Past);
        foreach (var problem in log.Problems)
        {
            DaemonLog.StoreDamaged(services.Log, record.Id, problem);
        }

        foreach (var run in record.Runs)
        {
            log.NameRun(run.Run, run.RunId);
        }

        ingest.Add(log);
        return new ProcessSupervisor(record, log, services);
    }

    /// <summary>Stops a process, ends its followers, and forgets it.</summary>
    public async Task<ActionResult> DeleteAsync(ProcessSupervisor process, bool keepLogs)
    {
        await process.DoAsync(CommandVerb.Stop);
        registry.Remove(process);
        ingest.Remove(process.Record.Id);
        topics.End(process.Log.Log, "deleted");
        await process.DisposeAsync();
        await services.Ingest.DoAsync(() => Drop(process, keepLogs));
        await services.SaveAsync();
        var spec = process.Record.Spec;
        return new ActionResult
        {
            Id = process.Record.Id,
            Name = spec.Name,
            Ns = spec.Ns,
            Message = "deleted",
        };
    }

    /// <summary>Deletes a temporary process whose command is gone; tells the daemon's log what goes wrong.</summary>
    public async Task ForgetAsync(ProcessSupervisor process)
    {
        try
        {
            await DeleteAsync(process, keepLogs: false);
        }
        catch (IOException error)
        {
            DaemonLog.ForgetFailed(services.Log, process.Record.Spec.Name, error.Message);
        }
        catch (InvalidOperationException error)
        {
            DaemonLog.ForgetFailed(services.Log, process.Record.Spec.Name, error.Message);
        }
    }

    private static void Drop(ProcessSupervisor process, bool keepLogs)
    {
        process.Log.Log.Dispose();
        if (!keepLogs && Directory.Exists(process.LogDirectory))
        {
            Directory.Delete(process.LogDirectory, recursive: true);
        }
    }

    private static string? FindFault(ProcessSpec spec)
    {
        if (ProcessNames.FindFault(spec.Name) is { } name)
        {
            return $"\"{spec.Name}\": {name}";
        }

        if (ProcessNames.FindFault(spec.Ns) is { } ns)
        {
            return $"namespace \"{spec.Ns}\": {ns}";
        }

        return spec.Command.Count is 0 or > ProcessSpec.MaxArguments
                ? $"a command has 1 to {ProcessSpec.MaxArguments} words"
            : spec.Command[0].Length == 0 ? "the program has no name"
            : spec.Command.Concat(spec.Env).Any(text => text.Contains('\0'))
                ? "an argument or variable holds a NUL character"
            : !Path.IsPathRooted(spec.Cwd) ? $"the working directory \"{spec.Cwd}\" is not absolute"
            : spec.Env.Sum(entry => (long)entry.Length) > MaxEnvironmentBytes
                ? $"the environment has more than {MaxEnvironmentBytes} characters"
            : spec.Env.FirstOrDefault(entry => entry.IndexOf('=') <= 0) is { } bad
                ? $"\"{bad}\" is not NAME=value"
            : !RestartPolicies.All.Contains(spec.Restart.Policy)
                ? $"\"{spec.Restart.Policy}\" is not one of {string.Join(", ", RestartPolicies.All)}"
            : FindRestartFault(spec.Restart) is { } restart ? restart
            : spec.Disk.FindFault() is { } disk ? disk
            : spec.Stop.Signal is < 1 or > 64 ? $"{spec.Stop.Signal} is not a signal: 1 to 64"
            : spec.Stop.TimeoutMs is < 0 or > 3_600_000
                ? $"a stop timeout of {spec.Stop.TimeoutMs} ms is not within 0 to 1 h"
            : spec.Umask > 0x1FF ? $"umask {Convert.ToString(spec.Umask, 8)} is not within 0 to 777"
            : null;
    }

    private static string? FindRestartFault(RestartSpec restart) =>
        restart.MaxRestarts is < 0 or > 1_000_000
            ? $"{restart.MaxRestarts} restarts are not within 0 to 1,000,000"
        : restart.WithinMs is < 1 or > MaxRestartMs
            ? $"a restart window of {restart.WithinMs} ms is not within 1 ms to 31 days"
        : restart.InitialDelayMs is < 0 or > MaxDelayMs
            ? $"a first delay of {restart.InitialDelayMs} ms is not within 0 to 1 day"
        : restart.MaxDelayMs is < 0 or > MaxDelayMs
            ? $"a longest delay of {restart.MaxDelayMs} ms is not within 0 to 1 day"
        : restart.MinUptimeMs is < 0 or > MaxDelayMs
            ? $"a shortest uptime of {restart.MinUptimeMs} ms is not within 0 to 1 day"
        : restart.Factor is not (>= 1 and <= 100)
            ? $"a back-off factor of {restart.Factor} is not within 1 to 100"
        : restart.Jitter is not (>= 0 and <= 1)
            ? $"a jitter of {restart.Jitter} is not within 0 to 1"
        : null;

    private static ActionResult Refused(
        ProcessSpec spec,
        string code,
        string message,
        string? hint
    ) =>
        new()
        {
            Name = spec.Name,
            Ns = spec.Ns,
            Error = code,
            Message = message,
            Hint = hint,
        };
}
