namespace Tspm.Daemon.Supervision;

/// <summary>The states of a supervisor.</summary>
internal enum ProcessStatus
{
    /// <summary>Not running, and nobody wants it to.</summary>
    Stopped,

    /// <summary>Being spawned.</summary>
    Starting,

    /// <summary>Its leader lives.</summary>
    Running,

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
