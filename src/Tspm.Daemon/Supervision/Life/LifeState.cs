namespace Tspm.Daemon.Supervision.Life;

/// <summary>Everything that decides what an event does to a process; a value.</summary>
internal sealed record LifeState
{
    /// <summary>Where it is.</summary>
    public ProcessStatus Status { get; init; }

    /// <summary>Somebody wants it to run.</summary>
    public bool IsWanted { get; init; }

    /// <summary>Somebody asked for a start that follows the end of the run under way.</summary>
    public bool StartsAfter { get; init; }

    /// <summary>A stop that was asked for while the program was being spawned.</summary>
    public StopOrder? PendingStop { get; init; }

    /// <summary>Signals of the list that were sent so far.</summary>
    public int SignalsSent { get; init; }

    /// <summary>SIGKILL was sent.</summary>
    public bool IsKilled { get; init; }

    /// <summary>tspm signalled the run to end.</summary>
    public bool IsSignalled { get; init; }

    /// <summary>Its health check had it stopped: what follows is the restart policy's matter.</summary>
    public bool IsSick { get; init; }

    /// <summary>The readiness check of this run has passed.</summary>
    public bool IsReady { get; init; }

    /// <summary>A run that is to take the place of the living one is on its way.</summary>
    public bool IsReloading { get; init; }

    /// <summary>What the restart policy decided about the run that has ended; null if it was stopped.</summary>
    public RestartDecision? Next { get; init; }

    /// <summary>Restarts that nobody asked for.</summary>
    public int Restarts { get; init; }

    /// <summary>What the restart policy remembers.</summary>
    public RestartHistory History { get; init; } = RestartHistory.Clean;

    /// <summary>Why it was given up.</summary>
    public string? FailedReason { get; init; }

    /// <summary>True if its leader may live.</summary>
    public bool IsAlive =>
        Status
            is ProcessStatus.Starting
                or ProcessStatus.Running
                or ProcessStatus.Ready
                or ProcessStatus.Unhealthy
                or ProcessStatus.Stopping;

    /// <summary>True if nothing happens any more without a command.</summary>
    public bool IsOver =>
        Status is ProcessStatus.Stopped or ProcessStatus.Exited or ProcessStatus.Failed;
}

/// <summary>How a stop is to be done.</summary>
/// <param name="Signal">Signal number; 0 means the process's own.</param>
/// <param name="TimeoutMs">Grace, ms; −1 means the process's own.</param>
/// <param name="By">Who wants it.</param>
internal sealed record StopOrder(int Signal = 0, int TimeoutMs = -1, string? By = null);

/// <summary>When something happened, and the dice.</summary>
/// <param name="NowMs">Monotonic time, ms.</param>
/// <param name="Chance">A random number in [0, 1).</param>
internal readonly record struct Moment(long NowMs, double Chance);
