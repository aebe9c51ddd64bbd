using System.Text;
using Tspm.Cli.Terminal;
using Tspm.Cli.Terminal.Interop;

namespace Tspm.Cli.FullScreen.Driver;

/// <summary>The terminal while a full-screen view has it; whatever happens, <see cref="Leave"/> gives it back as it was.</summary>
/// <remarks>
/// Any thread. The alternate screen, no cursor, no wrapping at the right edge, bracketed paste, mouse, and every key as
/// it is typed. A thread that hangs in a write to a stopped terminal does not keep another one from giving it back.
/// </remarks>
internal sealed class RawTerminal(OutputFile output, bool hasMouse)
{
    private const int Input = 0;
    private const int SettingsBytes = 256; // struct termios has 60
    private const int Drained = 1;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly byte[] EnterBytes = Encoding.ASCII.GetBytes(
        "\e[?1049h\e[?25l\e[?7l\e[?2004h\e[0m\e[2J"
    );
    private static readonly byte[] MouseBytes = Encoding.ASCII.GetBytes("\e[?1000h\e[?1006h");
    private static readonly byte[] LeaveBytes = Encoding.ASCII.GetBytes(
        "\e[?2026l\e[0m\e[?1006l\e[?1000l\e[?2004l\e[?7h\e[?25h\e[?1049l"
    );

    // Guards what is written, and _isIn.
    private readonly Lock _gate = new();
    private readonly byte[] _before = new byte[SettingsBytes];
    private bool _hasBefore;
    private bool _isIn;

    /// <summary>Takes the terminal.</summary>
    public unsafe void Enter()
    {
        lock (_gate)
        {
            fixed (byte* before = _before)
            {
                if (!_hasBefore)
                {
                    _hasBefore = TerminalCalls.GetSettings(Input, before) == 0;
                }

                var raw = stackalloc byte[SettingsBytes];
                _before.CopyTo(new Span<byte>(raw, SettingsBytes));
                TerminalCalls.MakeRaw(raw);
                _ = _hasBefore ? TerminalCalls.SetSettings(Input, Drained, raw) : 0;
            }

            output.Write(EnterBytes);
            output.Write(hasMouse ? MouseBytes : []);
            output.Flush();
            _isIn = true;
        }
    }

    /// <summary>Gives it back; harmless to repeat.</summary>
    public unsafe void Leave()
    {
        var hasGate = _gate.TryEnter(Patience);
        try
        {
            if (!_isIn)
            {
                return;
            }

            _isIn = false;
            if (hasGate)
            {
                WriteLast();
            }

            fixed (byte* before = _before)
            {
                _ = _hasBefore
                    ? TerminalCalls.SetSettings(Input, hasGate ? Drained : 0, before)
                    : 0;
            }
        }
        finally
        {
            if (hasGate)
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>Writes, while the view has the terminal.</summary>
    /// <param name="write">Writes into the output; what it wrote goes out in one piece.</param>
    public void Write(Action<OutputFile> write)
    {
        lock (_gate)
        {
            if (_isIn)
            {
                write(output);
                output.Flush();
            }
        }
    }

    private void WriteLast()
    {
        try
        {
            output.Write(LeaveBytes);
            output.Flush();
        }
        catch (IOException)
        {
            // The terminal is gone: there is nothing to give back.
        }
    }
}
