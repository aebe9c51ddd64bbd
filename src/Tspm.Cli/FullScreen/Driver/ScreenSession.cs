using System.Runtime.InteropServices;
using Tspm.Cli.FullScreen.Keys;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>A full-screen view's hold on the terminal: keys, size, signals, pictures; given back on every way out.</summary>
/// <remarks>Leaving by a signal, by an exception or by the end of the terminal restores it as <see cref="Dispose"/> does.</remarks>
internal sealed class ScreenSession : IDisposable
{
    private const int Hangup = 1;
    private const int Interrupt = 2;
    private const int Quit = 3;
    private const int Terminate = 15;
    private const int Stop = 20;
    private const int ActionBytes = 256; // struct sigaction has 152
    private readonly CliContext _context;
    private readonly RawTerminal _terminal;
    private readonly GridPainter _painter;
    private readonly KeyPump _keys;
    private readonly Action<ScreenNews> _tell;
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly UnhandledExceptionEventHandler _onCrash;
    private volatile bool _isOutside;
    private int _signal;

    /// <summary>Takes the terminal.</summary>
    /// <param name="context">The outputs.</param>
    /// <param name="hasMouse">Whether the mouse is asked for.</param>
    /// <param name="take">Gets the keys, on a thread of their own; may wait.</param>
    /// <param name="tell">Told of what happens to the terminal, on any thread.</param>
    public ScreenSession(
        CliContext context,
        bool hasMouse,
        Action<UiKey> take,
        Action<ScreenNews> tell
    )
    {
        _context = context;
        _tell = tell;
        _terminal = new RawTerminal(context.Output, hasMouse);
        _painter = new GridPainter(context.OutputFacts.HasColor);
        _onCrash = (_, _) => _terminal.Leave();
        AppDomain.CurrentDomain.UnhandledException += _onCrash;
        Listen(PosixSignal.SIGHUP, Hangup);
        Listen(PosixSignal.SIGINT, Interrupt);
        Listen(PosixSignal.SIGQUIT, Quit);
        Listen(PosixSignal.SIGTERM, Terminate);
        Listen(PosixSignal.SIGTSTP, ScreenNews.Stopping);
        Listen(PosixSignal.SIGCONT, ScreenNews.Continued);
        Listen(PosixSignal.SIGWINCH, ScreenNews.Resized);
        _terminal.Enter();
        _keys = new KeyPump(take, () => End(Hangup));
    }

    /// <summary>The signal that ended it; 0 if none did.</summary>
    public int Signal => Volatile.Read(ref _signal);

    /// <summary>Cells in a row and rows, now.</summary>
    public static (int Width, int Height) Size =>
        (
            Math.Min(1_000, TerminalFacts.ReadWidth(1, Environment.GetEnvironmentVariable)),
            Math.Min(500, TerminalFacts.ReadHeight(1))
        );

    /// <summary>Refuses what is no terminal, or one that cannot be painted on.</summary>
    /// <param name="context">The outputs.</param>
    /// <param name="command">What is being refused.</param>
    /// <param name="instead">A command that does without.</param>
    /// <exception cref="CliException">It is none.</exception>
    public static void Check(CliContext context, string command, string instead)
    {
        var isTerminal = context.OutputFacts.IsTerminal && TerminalCalls.IsTerminal(0) == 1;
        var term = Environment.GetEnvironmentVariable("TERM");
        if (!isTerminal || term is null or "" or "dumb")
        {
            throw new CliException(
                ExitCodes.Usage,
                isTerminal
                    ? $"{command} cannot paint on a terminal of type \"{term ?? ""}\""
                    : $"{command} needs a terminal",
                $"without one: {instead}"
            );
        }
    }

    /// <summary>Shows a picture.</summary>
    public void Show(CellGrid grid) =>
        _terminal.Write(output =>
        {
            var sink = new ByteSink(output);
            _painter.Paint(grid, ref sink);
            sink.Commit();
        });

    /// <summary>The next picture is painted whole.</summary>
    public void Forget() => _painter.Forget();

    /// <summary>Writes a sequence that shows nothing.</summary>
    public void Send(byte[] bytes) => _terminal.Write(output => output.Write(bytes));

    /// <summary>Gives the terminal to a command, and takes it back.</summary>
    /// <param name="run">Runs it to its end.</param>
    public void LendTo(Action run)
    {
        _keys.Hold();
        _isOutside = true;
        _terminal.Leave();
        try
        {
            run();
        }
        finally
        {
            _isOutside = false;
            _terminal.Enter();
            _painter.Forget();
            _keys.Resume();
        }
    }

    /// <summary>Is stopped, as by Ctrl+Z; returns when it goes on.</summary>
    public unsafe void Suspend()
    {
        _keys.Hold();
        _terminal.Leave();

        // The group is stopped as the terminal would do it: first the others, then this thread's own process. A signal
        // to the whole process may be taken by another thread, and later than what stands behind the call here; one
        // that a thread raises for itself has stopped the process before the call returns.
        const int ignore = 1;
        var action = stackalloc byte[ActionBytes];
        var before = stackalloc byte[ActionBytes];
        new Span<byte>(action, ActionBytes).Clear();
        *(nint*)action = ignore;
        _ = TerminalCalls.ExchangeAction(Stop, action, before);
        _ = TerminalCalls.SendSignal(0, Stop);
        *(nint*)action = 0;
        _ = TerminalCalls.ExchangeAction(Stop, action, null);
        _ = TerminalCalls.Raise(Stop);

        // What the runtime does with the signal comes back.
        _ = TerminalCalls.ExchangeAction(Stop, before, null);
        Continue();
        _keys.Resume();
    }

    /// <summary>Takes the terminal again after somebody stopped this process.</summary>
    public void Continue()
    {
        _terminal.Enter();
        _painter.Forget();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _terminal.Leave();
        AppDomain.CurrentDomain.UnhandledException -= _onCrash;
        _signals.ForEach(one => one.Dispose());
    }

    /// <summary>After <see cref="Dispose"/>: dies by the signal that ended it, if one did.</summary>
    /// <returns>The exit code.</returns>
    public int ExitCode()
    {
        if (Signal == 0)
        {
            return ExitCodes.Done;
        }

        LibC.DieBy(Signal);
        return ExitCodes.Signal + Signal;
    }

    /// <summary>Ends by a signal.</summary>
    public void End(int signal)
    {
        if (Interlocked.CompareExchange(ref _signal, signal, 0) != 0)
        {
            // A second one does not wait for anything.
            _terminal.Leave();
            LibC.DieBy(signal);
            return;
        }

        _tell(ScreenNews.Ending);
    }

    private void Listen(PosixSignal signal, int number) =>
        _signals.Add(
            PosixSignalRegistration.Create(
                signal,
                context =>
                {
                    context.Cancel = true;
                    var isChilds = _isOutside && number is Interrupt or Quit;
                    if (!isChilds)
                    {
                        End(number);
                    }
                }
            )
        );

    private void Listen(PosixSignal signal, ScreenNews news) =>
        _signals.Add(
            PosixSignalRegistration.Create(
                signal,
                context =>
                {
                    context.Cancel = true;
                    if (!_isOutside)
                    {
                        _tell(news);
                    }
                }
            )
        );
}

/// <summary>What happens to a terminal.</summary>
internal enum ScreenNews
{
    /// <summary>It has another size.</summary>
    Resized,

    /// <summary>This process is asked to stop for a while.</summary>
    Stopping,

    /// <summary>It goes on after having been stopped.</summary>
    Continued,

    /// <summary>It is asked to end.</summary>
    Ending,
}
