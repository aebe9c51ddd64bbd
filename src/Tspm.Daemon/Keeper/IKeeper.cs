using Tspm.CaptureLog.Control;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Keeper;

/// <summary>What the daemon asks of the keeper.</summary>
internal interface IKeeper
{
    /// <summary>The keeper's pid; 0 while there is none.</summary>
    int Pid { get; }

    /// <summary>Starts a program.</summary>
    Task<SpawnOutcome> SpawnAsync(
        uint process,
        uint run,
        Guid runId,
        ProcessSpec spec,
        CancellationToken ct
    );

    /// <summary>Sends a signal to a run that has not been reaped; the errno, 0 if it was sent.</summary>
    Task<int> SignalAsync(uint process, uint run, int signal, bool toGroup, CancellationToken ct);

    /// <summary>Bytes that the keeper's garbage-collected heap has ever allocated.</summary>
    Task<long> GetAllocatedBytesAsync(CancellationToken ct);

    /// <summary>What it tells of itself; null if it is too old to tell.</summary>
    Task<KeeperFacts?> GetFactsAsync(CancellationToken ct);

    /// <summary>Leaves what is still open of a run's output to whoever holds it.</summary>
    Task CutDrainAsync(uint process, uint run, CancellationToken ct);

    /// <summary>Lets go of a run's stdin.</summary>
    Task CloseInputAsync(uint process, uint run, CancellationToken ct);
}

/// <summary>What became of a spawn.</summary>
/// <param name="Errno">0 if it lives.</param>
/// <param name="Stage">Where it failed: 1 directory, 2 program, 3 pipe, 4 pty, 5 other.</param>
/// <param name="Pid">The leader's pid.</param>
/// <param name="StartTime">The leader's start time, clock ticks.</param>
internal readonly record struct SpawnOutcome(int Errno, int Stage, int Pid, ulong StartTime);
