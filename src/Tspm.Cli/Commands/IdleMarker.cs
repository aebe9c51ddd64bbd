using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary>A row under the last line that says the follow is alive: <c>live, quiet for 40s</c>. On a terminal only.</summary>
internal sealed class IdleMarker(OutputFile output, TimeProvider time, Func<int> width)
{
    private readonly long _begin = time.GetTimestamp();
    private long _lastLine = time.GetTimestamp();
    private bool _isShown;

    /// <summary>How long it is quiet before it is said, and said again.</summary>
    public TimeSpan Period { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The marker of a follow; null where there is none.</summary>
    public static IdleMarker? For(CliContext context, LogPrinterOptions look, bool follows) =>
        follows
        && context.OutputFacts.IsTerminal
        && context.Quiet == 0
        && look.Format is LogFormat.Short or LogFormat.Full
        && Environment.GetEnvironmentVariable("TERM") != "dumb"
            ? new IdleMarker(
                context.Output,
                TimeProvider.System,
                () => TerminalFacts.ReadWidth(1, Environment.GetEnvironmentVariable)
            )
            : null;

    /// <summary>Writes the row, in place of the last one.</summary>
    /// <param name="isLineOpen">The cursor stands in a line of a program: nothing may be written there.</param>
    public void Show(bool isLineOpen)
    {
        if (isLineOpen)
        {
            return;
        }

        var quiet = time.GetElapsedTime(Math.Max(_lastLine, _begin));
        var text = CellWidth.Cut(
            MarkerText.Row(
                $"live, quiet for {Durations.FormatSeconds(Math.Floor(quiet.TotalSeconds))}"
            ),
            Math.Max(1, width() - 1)
        );
        output.Write(Encoding.UTF8.GetBytes($"\r\e[2K\e[2m{text}\e[0m"));
        output.Flush();
        _isShown = true;
    }

    /// <summary>Takes the row away: something is about to be written.</summary>
    public void Hide()
    {
        if (_isShown)
        {
            output.Write("\r\e[2K"u8);
            _isShown = false;
        }

        _lastLine = time.GetTimestamp();
    }
}
