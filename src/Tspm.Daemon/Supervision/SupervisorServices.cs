using Microsoft.Extensions.Logging;
using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Hooks;
using Tspm.Daemon.Ingest;
using Tspm.Daemon.Keeper;
using Tspm.Daemon.Resources;
using Tspm.Daemon.Supervision.Dependencies;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>What every supervisor needs of the daemon.</summary>
internal sealed record SupervisorServices
{
    /// <summary>Spawns and signals.</summary>
    public required IKeeper Keeper { get; init; }

    /// <summary>Terminals of living runs.</summary>
    public required HeldRuns Held { get; init; }

    /// <summary>Appends life-cycle entries.</summary>
    public required IngestThread Ingest { get; init; }

    /// <summary>Time.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The daemon's own log.</summary>
    public required ILogger Log { get; init; }

    /// <summary>What is on the device.</summary>
    public required SyncClock Sync { get; init; }

    /// <summary>Which logs the disk does not take.</summary>
    public required DiskTroubles Disk { get; init; }

    /// <summary>Writes crash reports.</summary>
    public required CrashRecorder Crashes { get; init; }

    /// <summary>The home.</summary>
    public required HomePaths Home { get; init; }

    /// <summary>What is known of the time before this daemon.</summary>
    public StorePast Past { get; init; }

    /// <summary>Drain times.</summary>
    public required DaemonOptions Options { get; init; }

    /// <summary>Finds what is left of a run.</summary>
    public required DescendantFinder Finder { get; init; }

    /// <summary>Tells how far other processes are.</summary>
    public required DependencyBoard Others { get; init; }

    /// <summary>The control groups of runs, where there are any.</summary>
    public Cgroups Cgroups { get; init; } = Cgroups.None;

    /// <summary>Tells hooks what happens.</summary>
    public required HookDesk Hooks { get; init; }

    /// <summary>Samples what runs use.</summary>
    public required Sampler Sampler { get; init; }

    /// <summary>Has the list saved; ends when the device has it.</summary>
    public required Func<Task> SaveAsync { get; init; }

    /// <summary>The same for what nobody waits for: ends when the next daemon would read it.</summary>
    public required Func<Task> SaveUnsyncedAsync { get; init; }

    /// <summary>Deletes a temporary process that has ended; set before any supervisor starts.</summary>
    public Func<ProcessSupervisor, Task> ForgetAsync { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gives the next number of the order of starts.</summary>
    public required Func<long> NextStartOrder { get; init; }

    /// <summary>Serialises an event, shortened to what a log takes.</summary>
    public static byte[] Body(LogEvent body) => EventBody.Of(body);
}
