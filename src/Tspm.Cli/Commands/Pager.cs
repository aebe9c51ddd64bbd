using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary>Long history on a terminal goes through <c>$PAGER</c>, or less; a follow never does.</summary>
internal sealed class Pager : IDisposable
{
    private readonly CliContext _context;
    private readonly int _pid;

    private Pager(CliContext context, int pid)
    {
        _context = context;
        _pid = pid;
    }

    /// <summary>Starts a pager if one is in place; null if not.</summary>
    public static Pager? StartFor(
        CliContext context,
        LogPrinterOptions look,
        LogFollowOptions options
    )
    {
        var isForEyes =
            look.Format is LogFormat.Short or LogFormat.Full && context.OutputFacts.IsTerminal;
        var isLong = options.Tail >= TerminalFacts.ReadHeight(1);
        if (options.Follow || !isForEyes || !isLong || context.Invocation.Has("no-pager"))
        {
            return null;
        }

        var program = Environment.GetEnvironmentVariable("PAGER") ?? "less";
        if (
            program.Trim() is "" or "cat"
            || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb"
        )
        {
            return null;
        }

        // Like git: quit if it is one screen, keep colours, leave the text on the screen; the user's own choice wins.
        var less = Environment.GetEnvironmentVariable("LESS") is null
            ? "LESS=FRX; export LESS; "
            : "";
        var secure = LibC.UserId == LibC.RealUserId ? "" : "LESSSECURE=1; export LESSSECURE; ";
        var line =
            $"{secure}{less}command -v {FirstWord(program)} >/dev/null 2>&1 && exec {program}; exec cat";
        var pid = LibC.StartReader(["/bin/sh", "-c", line]);
        return pid > 0 ? new Pager(context, pid) : null;
    }

    /// <summary>Gives the pager the end of the text and waits until its user has read it.</summary>
    public void Dispose()
    {
        try
        {
            _context.Output.Flush();
        }
        catch (OutputClosedException)
        {
            // Quit before the end: that is how one leaves a pager.
        }

        LibC.CloseOutput();
        LibC.WaitFor(_pid);
    }

    private static string FirstWord(string program)
    {
        var word = program.Trim().Split(' ')[0];
        return word.All(letter =>
            char.IsAsciiLetterOrDigit(letter) || "/._-+".Contains(letter, StringComparison.Ordinal)
        )
            ? word
            : "true";
    }
}
