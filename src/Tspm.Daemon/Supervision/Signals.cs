namespace Tspm.Daemon.Supervision;

/// <summary>Signal numbers that the daemon itself sends.</summary>
internal static class Signals
{
    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;
}
