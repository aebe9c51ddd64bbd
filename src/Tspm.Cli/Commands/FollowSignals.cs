using System.Runtime.InteropServices;
using Tspm.Cli.Launch;

namespace Tspm.Cli.Commands;

/// <summary>Ctrl+C, SIGTERM and SIGHUP while following: the first ends the follow, then we die by that signal; the second at once.</summary>
internal sealed class FollowSignals : IDisposable
{
    // timeout(1) signals its child and then its group: the same signal twice, at once.
    private static readonly TimeSpan Once = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _stopping = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signal;

    // Far in the future until the first one has set it: a second one that overtakes it is not the user's second.
    private long _signalAt = long.MaxValue;

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
        var now = TimeProvider.System.GetTimestamp();
        if (Interlocked.CompareExchange(ref _signal, signal, 0) == 0)
        {
            Volatile.Write(ref _signalAt, now);
        }
        else if (TimeProvider.System.GetElapsedTime(Volatile.Read(ref _signalAt), now) > Once)
        {
            LibC.DieBy(signal);
        }

        _stopping.Cancel();
    }
}
