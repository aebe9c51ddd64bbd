using System.Runtime.InteropServices;

namespace Tspm.Cli.Terminal;

/// <summary>A terminal that passes every key on as it is typed, until this is disposed, however the process ends.</summary>
/// <remarks>
/// Put back by <see cref="Dispose"/>, at the end of the process, before an unhandled exception ends it, and, where a signal ends it, by
/// whoever handles that signal. SIGKILL cannot be met: then <c>stty sane</c> helps.
/// </remarks>
internal sealed partial class RawTerminal : IDisposable
{
    // struct termios has 60 bytes with glibc and musl on all of our platforms; more does no harm.
    private const int StateBytes = 128;
    private const int Drained = 1;
    private readonly int _descriptor;
    private readonly byte[] _before;
    private readonly byte[] _raw;
    private readonly PosixSignalRegistration _continued;
    private int _isOver;

    private RawTerminal(int descriptor, byte[] before, byte[] raw)
    {
        _descriptor = descriptor;
        _before = before;
        _raw = raw;
        AppDomain.CurrentDomain.ProcessExit += OnEnd;
        AppDomain.CurrentDomain.UnhandledException += OnCrash;

        // A shell that went on with us after a stop may have set the terminal as it likes it.
        _continued = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Set(_raw));
    }

    /// <summary>Makes a terminal raw; null if the descriptor is none.</summary>
    public static unsafe RawTerminal? TryOpen(int descriptor)
    {
        var before = new byte[StateBytes];
        fixed (byte* state = before)
        {
            if (tcgetattr(descriptor, state) != 0)
            {
                return null;
            }
        }

        var raw = before.ToArray();
        fixed (byte* state = raw)
        {
            cfmakeraw(state);
        }

        var terminal = new RawTerminal(descriptor, before, raw);
        terminal.Set(raw);
        return terminal;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            _continued.Dispose();
            AppDomain.CurrentDomain.ProcessExit -= OnEnd;
            AppDomain.CurrentDomain.UnhandledException -= OnCrash;
            Apply(_before);
        }
    }

    private void Set(byte[] state)
    {
        if (Volatile.Read(ref _isOver) == 0)
        {
            Apply(state);
        }
    }

    private unsafe void Apply(byte[] state)
    {
        fixed (byte* first = state)
        {
            _ = tcsetattr(_descriptor, Drained, first);
        }
    }

    private void OnEnd(object? sender, EventArgs end) => Dispose();

    private void OnCrash(object? sender, UnhandledExceptionEventArgs crash) => Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int tcgetattr(int descriptor, byte* state);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int tcsetattr(int descriptor, int when, byte* state);

    [LibraryImport("libc")]
    private static unsafe partial void cfmakeraw(byte* state);
}
