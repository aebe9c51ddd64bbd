using SmartIpc.Client;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Cli.Terminal;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>logs</c> and <c>tail</c>: from a follower to the printer.</summary>
internal static class LogsCommand
{
    /// <summary><c>tail</c>.</summary>
    public static Task<int> TailAsync(Invocation invocation) =>
        RunAsync(invocation, follows: !invocation.Has("no-follow"));

    /// <summary><c>logs</c>.</summary>
    public static Task<int> RunAsync(Invocation invocation) =>
        RunAsync(
            invocation,
            follows: (invocation.Has("follow") || invocation.Has("until-exit"))
                && !invocation.Has("no-follow")
        );

    /// <summary>Follows from the start of what is kept; for <c>start --attach</c>.</summary>
    public static async Task<int> FollowAsync(
        CliContext context,
        TspmIpcClient client,
        IReadOnlyList<string> select,
        long tail
    )
    {
        var logs = (await client.ResolveAsync(select)).Logs;
        var options = new LogFollowOptions { Tail = tail };
        return await PrintAsync(context, client, logs, options, hasPrefix: false);
    }

    private static async Task<int> RunAsync(Invocation invocation, bool follows)
    {
        var context = CliContext.Of(invocation);
        var now = TimeProvider.System.GetUtcNow();
        var window = LogWindow.Read(invocation, now);
        follows = follows && (window.Until is null || window.EndsLater(now));
        var options = LogQuery.Read(invocation, window, follows);
        CheckReverse(invocation, options);
        await using var client = follows
            ? await context.ConnectToFollowAsync(ReconnectOf(invocation))
            : await context.ConnectAsync();
        var logs = await LogQuery.ResolveAsync(client, invocation.Arguments, options);
        if (logs.Count == 0 && options.Join.Count == 0)
        {
            context.Say("nothing runs here yet; to begin: tspm start -- CMD");
            return ExitCodes.Done;
        }

        if (logs.Count == 0)
        {
            context.Say("nothing matches yet; waiting (Ctrl+C ends it)");
        }

        var hasPrefix =
            invocation.Has("prefix")
            || ((logs.Count > 1 || options.Join.Count > 0) && !invocation.Has("no-prefix"));
        (logs, options) = await LogPlaces.PlaceAsync(client, logs, options);
        return invocation.Has("reverse")
            ? await ReverseCommand.PrintAsync(
                context,
                client,
                logs,
                options,
                LogLook.Read(context, hasPrefix, follows: false)
            )
            : await PrintAsync(context, client, logs, options, hasPrefix);
    }

    private static void CheckReverse(Invocation invocation, LogFollowOptions options)
    {
        if (!invocation.Has("reverse"))
        {
            return;
        }

        var other =
            options.Follow || invocation.Has("follow")
                ? "-f: what comes next has no end to begin at"
            : LogQuery.HasContext(options.Selection) ? "-A, -B and -C: context reads forwards"
            : options.Cursor is not null ? "a cursor: it says where to go on forwards"
            : null;
        if (other is not null)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--reverse does not go with {other}",
                "example: tspm logs web -r -n 50"
            );
        }
    }

    /// <summary>Prints what a follower tells, to its end.</summary>
    public static async Task<int> PrintAsync(
        CliContext context,
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options,
        bool hasPrefix
    )
    {
        var look = LogLook.Read(context, hasPrefix, options.Follow);
        using var pager = Pager.StartFor(context, look, options);
        using var signals = new FollowSignals();
        using var end = UntilTimer.Start(options, signals.Token);
        await using var follower = new LogFollower(client, logs, options);
        var printer = new FollowPrinter(context, look, logs);
        using var cursorFile = CursorFile.Open(context, follower);
        if (options.Follow)
        {
            WatchReader(context.Output, signals);
        }

        try
        {
            var idle = IdleMarker.For(context, look, options.Follow);
            var endsWithLogs = options.Join.Count == 0 && !options.FollowsName;
            await FollowLoop.RunAsync(follower, printer, idle, endsWithLogs, end.Token);
        }
        catch (OperationCanceledException) when (end.Token.IsCancellationRequested)
        {
            // Asked to end, or the time has come: nothing more is printed.
        }
        catch (OutputClosedException) when (pager is not null)
        {
            // Its user has seen enough.
            return ExitCodes.Done;
        }

        if (context.Invocation.Has("show-cursor"))
        {
            printer.PrintCursor(follower.Cursor.ToString());
        }

        printer.End();
        var isSaved = cursorFile?.Save() ?? true;
        if (context.Invocation.Has("receipt"))
        {
            ReceiptPrinter.Print(context, follower.Receipts);
            printer.PrintHidden();
        }

        var exit = await LeaveAsync(context, follower, signals, printer);
        return exit == ExitCodes.Done && !isSaved ? ExitCodes.Failed : exit;
    }

    /// <summary>What was lost decides before the signal does; then what ended the connection.</summary>
    private static async Task<int> LeaveAsync(
        CliContext context,
        LogFollower follower,
        FollowSignals signals,
        FollowPrinter printer
    )
    {
        await follower.DisposeAsync();
        var hasLost = follower.Receipts.Any(one => one.Receipt.Lost > 0);
        if (context.Invocation.Has("fail-on-gap") && hasLost)
        {
            return ExitCodes.Gap;
        }

        if (signals.Signal == 0)
        {
            return signals.Token.IsCancellationRequested ? ExitCodes.BrokenPipe
                : printer.EndReason is { } reason ? throw Ended(reason)
                : ExitCodes.Done;
        }

        LibC.DieBy(signals.Signal);
        return ExitCodes.Signal + signals.Signal;
    }

    /// <summary>The connection ended for good: which exit code that is, and what to do.</summary>
    private static CliException Ended(string reason)
    {
        var exit = ExitCodes.Of(reason);
        var hint = exit switch
        {
            ExitCodes.Version =>
                "another version of tspm runs now; follow with that one, or: tspm daemon restart",
            ExitCodes.Permission => "the socket is somebody else's now; see: tspm daemon status",
            ExitCodes.NoDaemon => "to begin again: tspm daemon start",
            _ => "see: tspm daemon status",
        };
        return new CliException(exit, $"the follow ended: {reason}", hint);
    }

    /// <summary>An idle follower hears from nobody but the kernel that its reader is gone.</summary>
    private static void WatchReader(OutputFile output, FollowSignals signals)
    {
        var watcher = new Thread(() =>
        {
            if (output.WaitForClosedReader(-1))
            {
                signals.Stop();
            }
        })
        {
            IsBackground = true,
            Name = "reader",
        };
        watcher.Start();
    }

    /// <summary>How long to try when the daemon is away.</summary>
    public static ReconnectPolicy ReconnectOf(Invocation invocation) =>
        invocation.Value("reconnect") switch
        {
            null or "forever" => new ReconnectPolicy(),
            "never" => ReconnectPolicy.None,
            var text => new ReconnectPolicy
            {
                GiveUpAfter = TimeSpan.FromMilliseconds(
                    SpecBuilder.ParseDuration("reconnect", text)
                ),
            },
        };
}
