using Tspm.CaptureLog;
using Tspm.Daemon.Logging;
using Tspm.Daemon.Supervision.Dependencies;
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
    /// <summary>So many instances at once: their saves of the list become few.</summary>
    private const int StartsAtOnce = 32;

    /// <summary>Makes a process and starts it.</summary>
    public async Task<ActionResult> StartNewAsync(ProcessSpec spec, bool replace, bool isTemporary)
    {
        if ((SpecFaults.Find(spec) ?? FindDependencyFault(spec)) is { } fault)
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
                    IsWanted = RunsByClock(spec),
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

    /// <summary>Makes and starts so many alike, named <c>name.0</c> and so on.</summary>
    public async Task<IReadOnlyList<ActionResult>> StartInstancesAsync(
        ProcessSpec spec,
        int count,
        bool replace
    )
    {
        if (count is < 1 or > InstanceSpec.MaxInstances)
        {
            return
            [
                Refused(
                    spec,
                    ErrorCodes.BadRequest,
                    $"{count} instances are not within 1 to {InstanceSpec.MaxInstances}",
                    null
                ),
            ];
        }

        var old = registry
            .All.Where(known =>
                known.Record.Spec.Ns == spec.Ns
                && (
                    known.Record.Spec.Name == spec.Name
                    || known.Record.Spec.Instance?.Group == spec.Name
                )
            )
            .ToList();
        if (old.Count > 0 && !replace)
        {
            return
            [
                Refused(
                    spec,
                    ErrorCodes.Conflict,
                    $"there is a process named \"{spec.Name}\" already",
                    $"tspm scale {spec.Name} {count}, or --replace"
                ),
            ];
        }

        foreach (var known in old)
        {
            await DeleteAsync(known, keepLogs: false);
        }

        return await StartAlikeAsync(spec, count);
    }

    /// <summary>So many at once that the machine is used, so few that the last ones do not wait for all.</summary>
    private async Task<List<ActionResult>> StartAlikeAsync(ProcessSpec spec, int count)
    {
        var results = new List<ActionResult>();
        foreach (var some in Enumerable.Range(0, count).Chunk(StartsAtOnce))
        {
            results.AddRange(
                await Task.WhenAll(
                    some.Select(index => StartNewAsync(Instances.Make(spec, index), false, false))
                )
            );
        }

        return results;
    }

    /// <summary>Starts what a process needs and what does not run, before it.</summary>
    public async Task StartNeedsAsync(ProcessSpec spec)
    {
        if (spec.DependsOn.Count == 0)
        {
            return;
        }

        var graph = new DependencyGraph(registry.All.Select(known => known.Record.Spec));
        var own = registry
            .All.Select(known => known.Record.Spec)
            .FirstOrDefault(known => known.Ns == spec.Ns && known.Name == spec.Name);
        foreach (var needed in own is null ? [] : graph.NeedsOf(own).Reverse())
        {
            var process = registry.All.FirstOrDefault(known => known.Record.Spec == needed);
            if (
                process
                is { Status: ProcessStatus.Stopped or ProcessStatus.Failed }
                    or { Status: ProcessStatus.Exited, Record.Runs: [{ Code: not 0 }, ..] }
            )
            {
                await process.DoAsync(CommandVerb.Start);
            }
        }
    }

    /// <summary>What is wrong with what a process depends on; null if nothing is.</summary>
    public string? FindDependencyFault(ProcessSpec spec)
    {
        if (spec.DependsOn.Count == 0)
        {
            return null;
        }

        var others = registry
            .All.Select(known => known.Record.Spec)
            .Where(known => known.Ns != spec.Ns || known.Name != spec.Name)
            .Append(spec)
            .ToList();
        foreach (var wanted in spec.DependsOn)
        {
            if (
                !others.Any(other =>
                    DependencyGraph.Means(
                        wanted,
                        spec.Ns,
                        other.Ns,
                        other.Name,
                        other.Instance?.Group
                    )
                )
            )
            {
                return $"depends on {wanted.Name}, which is not known";
            }
        }

        return new DependencyGraph(others).FindCycle() is { } cycle
            ? $"the dependencies go in a circle: {cycle}"
            : null;
    }

    /// <summary>Adds a process of a saved list and does not start it.</summary>
    public ActionResult AddStopped(ProcessSpec spec)
    {
        if ((SpecFaults.Find(spec) ?? FindDependencyFault(spec)) is { } fault)
        {
            return Refused(spec, ErrorCodes.BadRequest, fault, null);
        }

        if (!registry.TryReserve(spec.Ns, spec.Name, out var id))
        {
            return Refused(spec, ErrorCodes.Conflict, "there is a process of that name", null);
        }

        try
        {
            var uid = Guid.CreateVersion7(services.Time.GetUtcNow());
            var process = Open(
                new ProcessRecord
                {
                    Id = id,
                    Uid = uid,
                    Spec = spec,
                }
            );
            registry.Add(process);
            process.Start();
            return new ActionResult
            {
                Id = id,
                Name = spec.Name,
                Ns = spec.Ns,
                Message = "added, not started: it did not run",
                Process = ProcessViews.Of(process, services.Time, withDetails: false),
            };
        }
        catch (IOException error)
        {
            registry.Release(spec.Ns, spec.Name);
            return Refused(
                spec,
                ErrorCodes.Failed,
                $"its log cannot be made: {error.Message}",
                null
            );
        }
    }

    private async Task<ActionResult> StartFirstAsync(ProcessSupervisor process)
    {
        process.Start();
        if (RunsByClock(process.Record.Spec))
        {
            await services.SaveAsync();
            return process.Result(null, "added; its schedule starts it");
        }

        await StartNeedsAsync(process.Record.Spec);
        var result = await process.DoAsync(CommandVerb.Start);
        if (result.Error != ErrorCodes.SpawnFailed)
        {
            return result;
        }

        // Nothing half made: what never ran is not kept.
        await DeleteAsync(process, keepLogs: false);
        return result with { Process = null };
    }

    private static bool RunsByClock(ProcessSpec spec) =>
        spec.Schedule is { Action: ScheduleActions.Run };

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
        var left = await LeftBehind.FindAsync(services, process.Record);
        registry.Remove(process);
        ingest.Remove(process.Record.Id);
        topics.End(process.Log.Log, "deleted");
        services.Sampler.Forget(process.Record.Id);
        await process.DisposeAsync();

        // First from the list: a daemon that dies here must not bring back a process whose files are gone.
        await services.SaveAsync();
        await services.Ingest.DoAsync(() => Drop(process, keepLogs));
        var spec = process.Record.Spec;
        return new ActionResult
        {
            Id = process.Record.Id,
            Name = spec.Name,
            Ns = spec.Ns,
            Message = "deleted" + LeftBehind.Tell(left),
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

    private void Drop(ProcessSupervisor process, bool keepLogs)
    {
        process.Log.Log.Dispose();
        CrashPoint.Pass(CrashPoint.InDelete);
        if (!keepLogs && Directory.Exists(process.LogDirectory))
        {
            Directory.Delete(process.LogDirectory, recursive: true);
        }

        var place = SpillPlace.Of(services.Home);
        var spill = place.Process(process.Record.Id);
        if (!keepLogs && place.IsOurs(spill))
        {
            Directory.Delete(spill, recursive: true);
        }
    }

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
