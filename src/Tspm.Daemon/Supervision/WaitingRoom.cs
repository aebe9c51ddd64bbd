using Tspm.Daemon.Supervision.Dependencies;
using Tspm.Daemon.Supervision.Life;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Supervision;

/// <summary>Where one process waits for others; who left it is called no more.</summary>
/// <remarks>Entered, left and looked by the supervisor's loop; woken from any thread.</remarks>
internal sealed class WaitingRoom(DependencyBoard board, Action wake)
{
    private int _isWoken;
    private bool _isIn;

    /// <summary>What is waited for; null if nothing is.</summary>
    public string? WaitsFor { get; private set; }

    /// <summary>Begins to wait.</summary>
    /// <returns>That it waits, or that it need not, or that it is in vain.</returns>
    public IReadOnlyList<LifeEvent> Enter(ProcessSpec spec)
    {
        // First called, then looked: what changes between is not missed.
        if (!_isIn)
        {
            _isIn = true;
            board.Changed += Wake;
        }

        return Look(spec, isFirst: true);
    }

    /// <summary>Looks again.</summary>
    public IReadOnlyList<LifeEvent> Look(ProcessSpec spec, bool isFirst = false)
    {
        Volatile.Write(ref _isWoken, 0);
        if (!_isIn)
        {
            return [];
        }

        var seen = board.Look(spec);
        WaitsFor = seen.WaitsFor;
        return seen.Fault is { } fault ? [new WaitFailed(fault)]
            : seen.WaitsFor is null ? [new WaitOver()]
            : isFirst ? [new WaitBegan(seen.WaitsFor)]
            : [];
    }

    /// <summary>Waits no longer.</summary>
    public void Leave()
    {
        if (_isIn)
        {
            _isIn = false;
            board.Changed -= Wake;
        }

        WaitsFor = null;
    }

    private void Wake()
    {
        // One call at a time stands in the mailbox, however much happens.
        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
        {
            wake();
        }
    }
}
