using SmartIpc.Client;
using Tspm.CaptureLog;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Client;
using Tspm.Daemon;
using Tspm.Keeper;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>daemon start</c>, <c>restart</c>, <c>logs</c>, and the two roles that the binary has besides.</summary>
internal static class DaemonCommands
{
    private static readonly TimeSpan RestartDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Starts the daemon if it does not run.</summary>
    public static async Task<int> StartAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.ConnectAsync();
        return StatusCommand.Print(context, await client.GetStatusAsync());
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
        var status = await Progress.OfAsync(
            context,
            "waiting for the new daemon",
            RestartDeadline,
            ReplaceAsync(context, client)
        );
        return StatusCommand.Print(context, status);
    }

    private static async Task<StatusReply> ReplaceAsync(CliContext context, TspmIpcClient client)
    {
        var before = (await client.GetStatusAsync()).DaemonId;
        await AskForReplacementAsync(client);
        return await WaitForOtherAsync(context, before);
    }

    private static async Task<StatusReply> WaitForOtherAsync(CliContext context, string before)
    {
        using var deadline = new CancellationTokenSource(RestartDeadline);
        while (!deadline.IsCancellationRequested)
        {
            if (
                await ReadStatusAsync(context, deadline.Token) is { } status
                && status.DaemonId != before
            )
            {
                return status;
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
                ExecCommand = SelfCommand.With(ExecWords.Command),
                Resurrect = invocation.Has("resurrect"),
            }
        );
    }

    /// <summary>Says what this program is and understands: asked by a keeper before it goes on with it.</summary>
    public static Task<int> BuildAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        context.PrintLine(BuildFacts.Report.ToJson());
        context.Output.Flush();
        return Task.FromResult(ExitCodes.Done);
    }

    /// <summary>Is the keeper; started by the first command.</summary>
    public static Task<int> KeeperAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var resurrect = invocation.Has("resurrect");
        var code = KeeperHost.Run(
            new KeeperOptions
            {
                Home = context.Home,
                BuildId = BuildFacts.BuildId,
                Build = BuildFacts.Report,
                Program = SelfCommand.With(),
                DaemonCommand = SelfCommand.With([
                    "daemon",
                    "run",
                    "--home",
                    context.Home.Root,
                    .. resurrect ? ["--resurrect"] : Array.Empty<string>(),
                ]),
                DaemonTimeout = ReadTimeout("TSPM_DAEMON_TIMEOUT", TimeSpan.FromSeconds(60)),
                Handover = (int)invocation.Number("handover", 0, int.MaxValue, -1),
                Resurrect = resurrect,
            }
        );
        return Task.FromResult(code);
    }

    private static TimeSpan ReadTimeout(string variable, TimeSpan otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? TimeSpan.FromMilliseconds(SpecBuilder.ParseDuration(variable, text))
            : otherwise;
}
