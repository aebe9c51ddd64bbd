using Tspm.CaptureLog.Control;

namespace Tspm.Keeper.Control;

/// <summary>One try to go on with another daemon: the old one is asked to leave, the new one has so many tries to serve.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class DaemonTrial(DaemonKeeper daemon, IReadOnlyList<string> before, long now)
{
    private const int MostTries = 3;
    private const int SigTerm = 15;
    private const int SigKill = 9;
    private const long Second = 1_000_000_000;
    private const long LeaveDeadline = 15 * Second;
    private const long ServeDeadline = 30 * Second;
    private int _leavingPid = daemon.Pid;
    private bool _isAsked;
    private int _triedPid;
    private int _failures;
    private long _killAt = now + LeaveDeadline;

    /// <summary>Where it is.</summary>
    public UpgradeState State { get; private set; } = UpgradeState.Trying;

    /// <summary>Why it failed.</summary>
    public string Note { get; private set; } = "";

    /// <summary>Monotonic time, ns, of the next turn.</summary>
    public long DueAt => State == UpgradeState.Trying ? _killAt : long.MaxValue;

    /// <summary>Asks the old one to leave, and kills whoever takes too long.</summary>
    public void Turn(long now)
    {
        if (State != UpgradeState.Trying)
        {
            return;
        }

        if (!_isAsked && _leavingPid != 0)
        {
            _isAsked = true;
            daemon.Signal(SigTerm);
        }

        // The old one does not leave, or the new one does not come to serve.
        if (now >= _killAt)
        {
            _killAt = long.MaxValue;
            daemon.Signal(SigKill);
        }
    }

    /// <summary>True if the one that ended is the old one.</summary>
    public bool IsLeaving(int pid)
    {
        var isLeaving = pid == _leavingPid && pid != 0;
        _leavingPid = isLeaving ? 0 : _leavingPid;
        return isLeaving;
    }

    /// <summary>The new one was started.</summary>
    public void OnStarted(int pid, long now)
    {
        _triedPid = pid;
        _killAt = now + ServeDeadline;
    }

    /// <summary>A daemon serves.</summary>
    public void OnServing(int pid)
    {
        if (State == UpgradeState.Trying && pid == _triedPid && pid != 0)
        {
            State = UpgradeState.Done;
        }
    }

    /// <summary>The new one ended before it served, or could not be started.</summary>
    /// <returns>The program to go back to, when it has been tried often enough.</returns>
    public IReadOnlyList<string>? OnFailed(string reason)
    {
        if (State != UpgradeState.Trying || ++_failures < MostTries)
        {
            return null;
        }

        State = UpgradeState.Failed;
        Note = reason;
        return before;
    }
}
