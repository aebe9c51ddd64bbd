using System.Runtime.InteropServices;
using Tspm.Cli.Launch;

namespace Tspm.Cli.Commands;

/// <summary>Ctrl+C, SIGTERM and SIGHUP while following: the first ends the follow, then we die by that signal; the second at once.</summary>
internal sealed class FollowSignals : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signal;

    /// <summary>Begins to listen.</summary>
    public FollowSignals()
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, 2)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, 15)),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => OnSignal(context, 1)),
        ];
    }

    /// <summary>Fires with the first signal.</summary>
    public CancellationToken Token => _stopping.Token;

    /// <summary>The signal that came first; 0 if none.</summary>
    public int Signal => Volatile.Read(ref _signal);

    /// <summary>Ends the follow without a signal, as when nobody reads any more.</summary>
    public void Stop() => _stopping.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stopping.Dispose();
    }

    private void OnSignal(PosixSignalContext context, int signal)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _signal, signal, 0) != 0)
        {
            LibC.DieBy(signal);
        }

        _stopping.Cancel();
    }
}
