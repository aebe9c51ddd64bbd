using System.Text;
using SmartIpc.Client;
using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Client;

namespace Tspm.Cli;

/// <summary>What every command needs: the two outputs, what they are, the home, and a way to the daemon.</summary>
internal sealed class CliContext
{
    // What is printed of so much fits the page that a pipe with room takes at once, in most formats.
    private const int QuickBatchBytes = 1024;

    private CliContext(Invocation invocation, HomePaths home, ColorChoice color)
    {
        Invocation = invocation;
        Home = home;
        OutputFacts = TerminalFacts.Read(1, color, Environment.GetEnvironmentVariable);
        ErrorFacts = TerminalFacts.Read(2, color, Environment.GetEnvironmentVariable);
        Launcher = new DaemonLauncher(home, mayStart: !invocation.Has("no-autostart"))
        {
            Started = IsJson || Quiet > 0 ? null : left => Say(Commands.ResurrectNote.Of(left)),
            Starting = work =>
                Commands.Progress.OfAsync(this, "starting the daemon", limit: null, work),
        };
    }

    /// <summary>The command line.</summary>
    public Invocation Invocation { get; }

    /// <summary>The home.</summary>
    public HomePaths Home { get; }

    /// <summary>The way to the daemon.</summary>
    public DaemonLauncher Launcher { get; }

    /// <summary>stdout: data.</summary>
    public OutputFile Output { get; } = new(1);

    /// <summary>stderr: talk.</summary>
    public OutputFile Errors { get; } = new(2, 4096);

    /// <summary>What stdout is.</summary>
    public TerminalFacts OutputFacts { get; }

    /// <summary>What stderr is.</summary>
    public TerminalFacts ErrorFacts { get; }

    /// <summary>True if JSON was asked for.</summary>
    public bool IsJson => Invocation.Has("json") || Invocation.Value("output") is "json" or "jsonl";

    /// <summary>How quiet, 0 to 2.</summary>
    public int Quiet => Math.Min(2, Invocation.Count("quiet"));

    /// <summary>Makes the context of a command line.</summary>
    /// <exception cref="CliException">A global option is wrong.</exception>
    public static CliContext Of(Invocation invocation, string? otherHome = null)
    {
        var choice = invocation.Has("no-color")
            ? "never"
            : invocation.Choice("color", ["auto", "always", "never"], "auto");
        var color = choice switch
        {
            "always" => ColorChoice.Always,
            "never" => ColorChoice.Never,
            _ => ColorChoice.Auto,
        };
        try
        {
            var home = (otherHome ?? invocation.Value("home")) is { Length: > 0 } root
                ? HomePaths.At(Path.GetFullPath(root))
                : HomePaths.FromEnvironment(Environment.GetEnvironmentVariable);
            return new CliContext(invocation, home, color);
        }
        catch (InvalidOperationException error)
        {
            throw new CliException(ExitCodes.Usage, error.Message);
        }
    }

    /// <summary>A connection whose few small lines are printed where they are received, if stdout takes them at once.</summary>
    public Task<TspmIpcClient> ConnectToFollowAsync(ReconnectPolicy reconnect)
    {
        Launcher.RunsReaderInline = bytes => bytes <= QuickBatchBytes && Output.HasRoom();
        return ConnectAsync(reconnect);
    }

    /// <summary>A connection for questions: to the daemon, or with <c>--offline</c> to the files themselves.</summary>
    public Task<TspmIpcClient> ConnectAsync(
        ReconnectPolicy? reconnect = null,
        CancellationToken ct = default
    ) =>
        Invocation.Has("offline")
            ? OfflineHome.ConnectAsync(this, ct)
            : Launcher.ConnectAsync(reconnect, ct);

    /// <summary>Writes text to stdout.</summary>
    public void Print(string text) => Output.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a line to stdout.</summary>
    public void PrintLine(string text) => Print(text + "\n");

    /// <summary>Writes a line to stderr.</summary>
    public void Say(string text)
    {
        // Words that come from elsewhere, a name, a path, a reason, may hold anything.
        foreach (var line in text.Split('\n'))
        {
            Errors.Write(Encoding.UTF8.GetBytes(TerminalSanitizer.Clean(line) + "\n"));
        }

        Errors.Flush();
    }
}
