using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Keeper;

/// <summary>From what a process is to what the keeper must know of it.</summary>
internal static class SpawnOrders
{
    /// <summary>The order of one run.</summary>
    public static SpawnOrder Of(
        uint process,
        uint run,
        Guid runId,
        ProcessSpec spec,
        (ulong Out, ulong Err) numbered
    ) =>
        new()
        {
            Process = process,
            Run = run,
            RunId = runId,
            Flags =
                (spec.Pty ? SpawnFlags.Pty : SpawnFlags.None)
                | (spec.MergeStreams ? SpawnFlags.Merge : SpawnFlags.None)
                | (spec.Stdin ? SpawnFlags.Stdin : SpawnFlags.None),
            Cwd = spec.Cwd,
            Command = spec.Command,
            Env = spec.Env,
            Umask = spec.Umask,
            OpenFiles = spec.OpenFiles,
            StopSignal = (uint)spec.Stop.Signal,
            GraceMs = (uint)spec.Stop.TimeoutMs,
            OutFrom = numbered.Out,
            ErrFrom = numbered.Err,
            Files = new LogFileRules(
                (ulong)spec.Disk.FileBytes,
                (ulong)spec.Disk.MaxBytes,
                spec.Disk.OnPressure == PressurePolicies.Block
            ),
        };
}
