using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>From what the list keeps of a process to the state in which a daemon begins with it.</summary>
internal static class KnownLife
{
    /// <summary>The state of a process of which nobody knows a living run.</summary>
    public static LifeState Of(ProcessRecord record) =>
        new()
        {
            Status = record.FailedReason is null ? StatusOf(record) : ProcessStatus.Failed,
            IsWanted = record.IsWanted,
            Restarts = record.Restarts,
            History = record.History,
            FailedReason = record.FailedReason,
        };

    /// <summary>The state of one whose run the keeper has.</summary>
    public static LifeState Adopted(LifeState state, ProcessRecord record, RunState run)
    {
        var isReady = run.IsReady && record.Spec.Ready is not null;
        return state with
        {
            IsReady = isReady,
            Status =
                run.Outcome is not null ? ProcessStatus.Draining
                : isReady ? ProcessStatus.Ready
                : ProcessStatus.Running,
        };
    }

    private static ProcessStatus StatusOf(ProcessRecord record) =>
        record.Runs is [{ EndedAt: not null } last, ..] && record.IsWanted && last.Reason is null
            ? ProcessStatus.Exited
            : ProcessStatus.Stopped;

    /// <summary>Whether its policy would start it again.</summary>
    public static bool WouldBeTriedAgain(ProcessRecord record) =>
        record is { FailedReason: null, Runs: [{ EndedAt: not null } last, ..] }
        && record.Spec.Restart.Policy switch
        {
            RestartPolicies.Always or RestartPolicies.UnlessStopped => true,
            RestartPolicies.OnFailure => last.Signal != 0 || last.Code is not 0,
            _ => false,
        };
}
