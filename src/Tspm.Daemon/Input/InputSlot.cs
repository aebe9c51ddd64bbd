namespace Tspm.Daemon.Input;

/// <summary>The stdin of a run, once it is open; closed for good with the run. Any thread.</summary>
internal sealed class InputSlot
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private RunInput? _input;
    private bool _isOver;

    /// <summary>The input; opened at the first need, null if it cannot be.</summary>
    public RunInput? Get(Func<RunInput?> open)
    {
        lock (_gate)
        {
            return _isOver ? null : _input ??= open();
        }
    }

    /// <summary>The run is over, or its stdin was closed.</summary>
    public void Close()
    {
        RunInput? input;
        lock (_gate)
        {
            _isOver = true;
            input = _input;
            _input = null;
        }

        input?.Dispose();
    }
}
