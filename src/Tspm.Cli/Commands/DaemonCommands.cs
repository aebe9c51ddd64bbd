using System.Text.Json;
using SmartIpc.Client;
using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Client;
using Tspm.Daemon;
using Tspm.Keeper;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>daemon …</c>, <c>shutdown</c>, and the two roles that the binary has besides.</summary>
internal static class DaemonCommands
{
    private static readonly TimeSpan RestartDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Starts the daemon if it does not run.</summary>
    public static async Task<int> StartAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.ConnectAsync();
        return PrintStatus(context, await client.GetStatusAsync());
    }

    /// <summary>Facts about it; exit 4 if it does not run.</summary>
    public static async Task<int> StatusAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.Launcher.TryConnectAsync(null, default);
        return client is null
            ? throw NoDaemon(context.Home)
            : PrintStatus(context, await client.GetStatusAsync());
    }

    /// <summary>None, or one that keeps dying under a keeper that starts it again and again.</summary>
    private static CliException NoDaemon(HomePaths home)
    {
        var keeper = LockHolder.Find(home.KeeperLock);
        if (keeper == 0)
        {
            return new CliException(
                ExitCodes.NoDaemon,
                $"no daemon runs for {home.Root}",
                "start one with: tspm daemon start"
            );
        }

        return DaemonTrouble.Read(home) is { Failures: > 1 } trouble
            ? new CliException(
                ExitCodes.NoDaemon,
                $"the daemon keeps dying: {trouble.Failures} times in a row, the keeper (pid {keeper}) tries again after {Rendering.Durations.FormatMilliseconds(trouble.DelayMs)}; programs run on. {trouble.Reason}",
                $"see: {home.DaemonLog}"
            )
            : new CliException(
                ExitCodes.NoDaemon,
                $"no daemon serves; the keeper (pid {keeper}) is about to start one",
                $"see: {home.KeeperLog}"
            );
    }

    /// <summary>Replaces it by a new one; waits until that serves.</summary>
    public static async Task<int> RestartAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var policy = new ReconnectPolicy
        {
            Initial = TimeSpan.FromMilliseconds(20),
            GiveUpAfter = RestartDeadline,
        };
        await using var client = await context.ConnectAsync(policy);
        var before = (await client.GetStatusAsync()).DaemonId;
        await AskForReplacementAsync(client);
        using var deadline = new CancellationTokenSource(RestartDeadline);
        while (!deadline.IsCancellationRequested)
        {
            if (
                await ReadStatusAsync(context, deadline.Token) is { } status
                && status.DaemonId != before
            )
            {
                return PrintStatus(context, status);
            }

            // The old one says goodbye before the new one listens: its socket answers, or nobody does.
            await Task.Delay(
                TimeSpan.FromMilliseconds(20),
                TimeProvider.System,
                CancellationToken.None
            );
        }

        throw new CliException(
            ExitCodes.Timeout,
            "the new daemon does not serve yet",
            "see: tspm daemon logs"
        );
    }

    private static async Task AskForReplacementAsync(TspmIpcClient client)
    {
        try
        {
            await client.RestartDaemonAsync();
        }
        catch (TspmException error)
            when (error.Code is IpcErrorCode.Closed or IpcErrorCode.ShuttingDown)
        {
            // It left before its answer came: that is what was asked for.
        }
    }

    private static async Task<StatusReply?> ReadStatusAsync(
        CliContext context,
        CancellationToken ct
    )
    {
        try
        {
            await using var client = await context.Launcher.TryConnectAsync(null, ct);
            return client is null ? null : await client.GetStatusAsync(ct);
        }
        catch (TspmException error)
            when (error.Code is IpcErrorCode.Closed or IpcErrorCode.ShuttingDown)
        {
            // The old one, leaving.
            return null;
        }
    }

    /// <summary>Its own log.</summary>
    public static async Task<int> LogsAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var tail = (int)invocation.Number("tail", 1, 10_000, 50);
        await using var client = await context.ConnectAsync();
        foreach (var line in (await client.GetDaemonLogsAsync(tail)).Lines)
        {
            context.PrintLine(line);
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    /// <summary>Stops everything.</summary>
    public static async Task<int> ShutdownAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var timeout = invocation.Value("timeout");
        await using var client = await context.Launcher.TryConnectAsync(null, default);
        if (client is null)
        {
            context.Say("no daemon runs");
            return ExitCodes.Done;
        }

        var request = new ShutdownRequest
        {
            TimeoutMs = timeout is null ? -1 : SpecBuilder.ParseDuration("timeout", timeout),
        };
        var keeper = (await client.GetStatusAsync()).KeeperPid;
        var reply = await Progress.OfAsync(
            context,
            [],
            request.TimeoutMs,
            client.ShutdownAsync(request)
        );
        var code = ActionPrinter.Print(context, reply.Results);
        await WaitForEndAsync(keeper);
        if (!context.IsJson && context.Quiet == 0)
        {
            context.Say("tspm is shut down");
        }

        return code;
    }

    /// <summary>Another word for shutdown; with a name it is a mistake, never a shutdown.</summary>
    public static Task<int> KillAsync(Invocation invocation)
    {
        if (invocation.Arguments.Count == 0 && !invocation.Has("signal"))
        {
            return ShutdownAsync(invocation);
        }

        var name = invocation.Arguments is [var first, ..] ? first : "NAME";
        throw new CliException(
            ExitCodes.Usage,
            "kill ends tspm and everything it runs, and takes no name",
            $"to stop one: tspm stop {name}; to signal it: tspm signal {invocation.Value("signal") ?? "KILL"} {name}"
        );
    }

    /// <summary>Is the daemon; started by the keeper.</summary>
    public static Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        return DaemonHost.RunAsync(
            new DaemonOptions
            {
                Home = context.Home,
                Version = BuildFacts.Version,
                BuildId = BuildFacts.BuildId,
                KeeperCommand = SelfCommand.With("keeper", "--home", context.Home.Root),
            }
        );
    }

    /// <summary>Is the keeper; started by the first command.</summary>
    public static Task<int> KeeperAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var code = KeeperHost.Run(
            new KeeperOptions
            {
                Home = context.Home,
                BuildId = BuildFacts.BuildId,
                DaemonCommand = SelfCommand.With("daemon", "run", "--home", context.Home.Root),
                DaemonTimeout = ReadTimeout("TSPM_DAEMON_TIMEOUT", TimeSpan.FromSeconds(60)),
            }
        );
        return Task.FromResult(code);
    }

    private static TimeSpan ReadTimeout(string variable, TimeSpan otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? TimeSpan.FromMilliseconds(SpecBuilder.ParseDuration(variable, text))
            : otherwise;

    private static async Task WaitForEndAsync(int keeper)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (
            keeper > 0 && Directory.Exists($"/proc/{keeper}") && !deadline.IsCancellationRequested
        )
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline.Token);
            }
            catch (OperationCanceledException)
            {
                // It takes longer; everything it kept has ended all the same.
            }
        }
    }

    private static int PrintStatus(CliContext context, StatusReply status)
    {
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(status, ProtocolJsonContext.Default.StatusReply)
            );
        }
        else
        {
            context.Print(
                $"""
                daemon   pid {status.Pid}, version {status.Version}, up {Rendering.Durations.FormatSeconds(
                    status.UptimeSeconds
                )}
                keeper   pid {status.KeeperPid}
                home     {status.Home}
                socket   {status.Socket}
                serving  {status.Processes} processes, {status.Running} running; {status.Clients} clients, {status.Subscriptions} subscriptions

                """
            );
            if (status.Build != BuildFacts.BuildId)
            {
                context.Print(
                    "note     the daemon is of another build than this command; to replace it: tspm daemon restart\n"
                );
            }
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }
}
