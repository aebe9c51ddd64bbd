using Tspm.Daemon.Interop;
using Tspm.Daemon.Resources;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision.Checks;

/// <summary>A shell line in the program's directory with its environment and TSPM_PID; well if it ends with 0.</summary>
internal sealed class ExecCheck(CheckTarget target, ProcessSpec spec, int pid) : ICheck
{
    /// <inheritdoc/>
    public Task<string?> LookAsync(TimeSpan timeout, CancellationToken ct) =>
        ChildCommand.RunAsync(
            ["/bin/sh", "-c", target.Text],
            spec.Cwd,
            [.. ProgramEnvironment.Of(spec), $"TSPM_PID={pid}"],
            timeout,
            ct
        );
}
