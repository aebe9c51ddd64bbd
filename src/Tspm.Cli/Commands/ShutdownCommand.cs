using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>shutdown</c>: all programs, then daemon and keeper; by the keeper alone if no daemon answers.</summary>
internal static class ShutdownCommand
{
    private const int DefaultGraceMs = 10_000;
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(20);

    /// <summary>Stops everything.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        int? timeout = invocation.Value("timeout") is { } text
            ? SpecBuilder.ParseDuration("timeout", text)
            : null;
        TspmIpcClient? client;
        try
        {
            client = await context.Launcher.TryConnectAsync(null, default);
        }
        catch (CliException error)
            when (error.ExitCode is not (ExitCodes.Permission or ExitCodes.Version))
        {
            context.Say(
                $"the daemon does not answer ({error.Message}); the keeper stops everything"
            );
            return LoneShutdown.Run(context, timeout);
        }

        if (client is null)
        {
            return LoneShutdown.Run(context, timeout);
        }

        await using (client)
        {
            return await AskAsync(context, client, timeout);
        }
    }

    /// <summary>Another word for shutdown; with a name it is a mistake, never a shutdown.</summary>
    public static Task<int> KillAsync(Invocation invocation)
    {
        if (invocation.Arguments.Count == 0 && !invocation.Has("signal"))
        {
            return RunAsync(invocation);
        }

        var name = invocation.Arguments is [var first, ..] ? first : "NAME";
        throw new CliException(
            ExitCodes.Usage,
            "kill ends tspm and everything it runs, and takes no name",
            $"to stop one: tspm stop {name}; to signal it: tspm signal {invocation.Value("signal") ?? "KILL"} {name}"
        );
    }

    private static async Task<int> AskAsync(CliContext context, TspmIpcClient client, int? timeout)
    {
        var keeper = (await client.GetStatusAsync()).KeeperPid;
        var running = (await client.DescribeAsync([])).Processes.Where(process =>
            process.Pid is not null
        );
        List<StopTarget> targets =
        [
            .. running.Select(process => new StopTarget(
                process.Ns,
                process.Name,
                timeout ?? process.Stop?.TimeoutMs ?? DefaultGraceMs,
                process.Stop
            )),
        ];
        ConfirmOnTerminal(context, targets.Count);
        var longest = targets.Select(target => target.GraceMs).DefaultIfEmpty(0).Max();
        using var deadline = new CancellationTokenSource(
            TimeSpan.FromMilliseconds(longest) + Margin
        );
        try
        {
            var asked = client.ShutdownAsync(
                new ShutdownRequest { TimeoutMs = timeout ?? -1 },
                deadline.Token
            );
            var reply = await StopProgress.ShowAsync(context, targets, asked);
            var code = ActionPrinter.Print(context, reply.Results);
            return Finish(context, keeper, code);
        }
        catch (OperationCanceledException)
        {
            context.Say("the daemon has not stopped everything in time; the keeper goes on");
        }
        catch (TspmException error)
        {
            if (ProcessEnd.Wait(keeper, LastWord))
            {
                // It left before its answer came: that is what was asked for.
                return Finish(context, keeper, ExitCodes.Done);
            }

            context.Say($"{error.Message} The keeper goes on.");
        }

        return LoneShutdown.Run(context, timeout);
    }

    /// <summary>Somebody at a terminal is asked once if programs would be stopped; a script is not.</summary>
    private static void ConfirmOnTerminal(CliContext context, int running)
    {
        if (running > 0 && context.OutputFacts.IsTerminal && context.ErrorFacts.IsTerminal)
        {
            Confirmation.Require(
                context,
                $"stop {Counted.Of(running, "program")} and tspm itself?"
            );
        }
    }

    private static int Finish(CliContext context, int keeper, int code)
    {
        if (!ProcessEnd.Wait(keeper, Margin))
        {
            context.Say(
                $"tspm: the keeper (pid {keeper}) has not ended: something it runs is alive"
            );
            return ExitCodes.Partly;
        }

        if (!context.IsJson && context.Quiet == 0)
        {
            context.Say("tspm is shut down");
        }

        return code == ExitCodes.Done ? code : ExitCodes.Partly;
    }
}
