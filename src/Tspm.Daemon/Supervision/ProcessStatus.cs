namespace Tspm.Daemon.Supervision;

/// <summary>The states of a supervisor.</summary>
internal enum ProcessStatus
{
    /// <summary>Not running, and nobody wants it to.</summary>
    Stopped,

    /// <summary>Wanted, but other processes must be so far first.</summary>
    Waiting,

    /// <summary>Being spawned.</summary>
    Starting,

    /// <summary>Its leader lives.</summary>
    Running,

    /// <summary>Its leader lives and its readiness check has passed.</summary>
    Ready,

    /// <summary>Its leader lives, but its health check fails.</summary>
    Unhealthy,

    /// <summary>Signalled; the leader lives.</summary>
    Stopping,

    /// <summary>The leader has ended, output is still open.</summary>
    Draining,

    /// <summary>Output is complete, descendants are being ended.</summary>
    Sweeping,

    /// <summary>Waits for the next try.</summary>
    Backoff,

    /// <summary>Ended by itself and not to be started again.</summary>
    Exited,

    /// <summary>Given up.</summary>
    Failed,
}
