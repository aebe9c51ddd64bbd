using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>attach</c>: what a program prints, and what one types into it, until one leaves or its run ends.</summary>
internal static class AttachCommand
{
    private const long TailLines = 10;

    /// <summary>Attaches.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count != 1)
        {
            throw new CliException(
                ExitCodes.Usage,
                "attach: to which one process?",
                "example: tspm attach web",
                ErrorCode.MissingArgument
            );
        }

        await using var client = await context.ConnectAsync(new SmartIpc.Client.ReconnectPolicy());
        var process = await FindAsync(client, invocation.Arguments);
        var takesInput = process.Stdin && !invocation.Has("no-stdin");
        using var signals = new FollowSignals();
        try
        {
            await (
                process.Pty
                    ? new TerminalAttach(context, client, process, takesInput).RunAsync(signals)
                    : FollowAsync(context, client, process, takesInput, signals)
            );
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            // A signal: what follows is to die by it.
        }

        context.Output.Flush();
        if (signals.Signal > 0)
        {
            LibC.DieBy(signals.Signal);
        }

        return ExitCodes.Done;
    }

    private static async Task<ProcessView> FindAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select
    )
    {
        var found = (await client.ListAsync(select)).Processes;
        if (found is not [var process])
        {
            throw new CliException(
                ExitCodes.Usage,
                $"attach: \"{select[0]}\" means {found.Count} processes",
                $"name one: {string.Join(", ", found.Take(5).Select(one => one.Name))}"
            );
        }

        return process.Pid is not null
            ? process
            : throw new CliException(
                ExitCodes.Failed,
                $"{process.Name} does not run",
                $"tspm start {process.Name}"
            );
    }

    /// <summary>A program without a terminal: its lines, and lines into its stdin.</summary>
    private static async Task FollowAsync(
        CliContext context,
        TspmIpcClient client,
        ProcessView process,
        bool takesInput,
        FollowSignals signals
    )
    {
        context.Say(
            takesInput
                ? $"attached to {process.Name}: lines go to its stdin; Ctrl+C leaves, it runs on"
                : $"attached to {process.Name}, only to look: it has no stdin, or none is wanted; Ctrl+C leaves"
        );
        using var over = CancellationTokenSource.CreateLinkedTokenSource(signals.Token);
        var pump = new StdinPump(client, process, context.Say);
        var input = takesInput ? pump.RunAsync(over.Token) : Task.FromResult(false);
        var output = PrintAsync(context, client, process, over.Token);
        try
        {
            if (await Task.WhenAny(input, output) == output || !await input)
            {
                await output;
            }
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAny(input);
            await Task.WhenAny(output);
        }
    }

    private static async Task PrintAsync(
        CliContext context,
        TspmIpcClient client,
        ProcessView process,
        CancellationToken ct
    )
    {
        var logs = (await client.ResolveAsync([$"{process.Id}"], ct)).Logs;
        var options = new LogFollowOptions { Tail = TailLines };
        await using var follower = new LogFollower(client, logs, options);
        var printer = new FollowPrinter(
            context,
            new LogPrinterOptions
            {
                HasColor = context.OutputFacts.HasColor,
                Depth = context.OutputFacts.Depth,
                IsTerminal = context.OutputFacts.IsTerminal,
                ShowsEvents = true,
                Format = LogFormat.Short,
            },
            logs
        );
        await foreach (var told in follower.ReadAsync(ct))
        {
            printer.Print(told);
            if (told is LogBatch batch && RunExit.Find(batch, process.Run) is not null)
            {
                printer.End();
                return;
            }
        }
    }
}
