using Tspm.Cli.CommandLine;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>start</c>: a new program, or known ones again.</summary>
internal static class StartCommand
{
    private const int LastLines = 20;

    /// <summary>A program that dies within this time is told at once.</summary>
    private const int SettleMs = 250;

    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var policy = invocation.Choice("restart", RestartPolicies.All, RestartPolicies.OnFailure);
        var command = CommandOf(invocation, out var isShell);
        if (command is null && invocation.Arguments.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                "start: what?",
                "examples: tspm start -- node server.js, tspm start web",
                ErrorCode.MissingArgument
            );
        }

        await using var client = await context.ConnectAsync();
        if (command is null)
        {
            return await StartKnownAsync(context, client);
        }

        var list = await client.ListAsync([]);
        var taken = list.Processes.Select(process => process.Name).ToList();
        var request = new StartRequest
        {
            Spec = SpecBuilder.Build(invocation, command, isShell, taken, policy),
            Replace = invocation.Has("replace"),
            Instances = (int)invocation.Number("instances", 1, InstanceSpec.MaxInstances, 0),
        };
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim([$"{request.Spec.Ns}/{request.Spec.Name}"]),
            client.StartAsync(request)
        );
        var result = reply.Results[0];
        var code = ActionPrinter.Print(context, reply.Results);
        if (code != ExitCodes.Done || result.Process is not { } process)
        {
            return code;
        }

        return invocation.Has("attach") ? await FollowAsync(context, client, result)
            : invocation.Has("wait") ? await StartWait.RunAsync(context, client, reply.Results)
            : process.Pid is null ? code
            : await SettleAsync(context, client, process);
    }

    private static async Task<int> FollowAsync(
        CliContext context,
        TspmIpcClient client,
        ActionResult started
    )
    {
        context.Output.Flush();
        return await LogsCommand.FollowAsync(
            context,
            client,
            [$"{started.Ns}/{started.Name}"],
            tail: long.MaxValue
        );
    }

    private static async Task<int> StartKnownAsync(CliContext context, TspmIpcClient client)
    {
        var invocation = context.Invocation;
        var request = new StartRequest
        {
            Select = invocation.Arguments,
            NoDependencies = invocation.Has("no-deps"),
        };
        var known = await Progress.OfAsync(
            context,
            new ProgressAim(request.Select),
            client.StartAsync(request)
        );
        var told = ActionPrinter.Print(context, known.Results);
        return told == ExitCodes.Done && invocation.Has("wait")
            ? await StartWait.RunAsync(context, client, known.Results)
            : told;
    }

    /// <summary>The program in the command line: after --, or one quoted shell line; null if known processes are named.</summary>
    public static IReadOnlyList<string>? CommandOf(Invocation invocation, out bool isShell)
    {
        isShell = false;
        if (invocation.AfterDashes is { Count: > 0 } words)
        {
            return invocation.Arguments.Count == 0
                ? words
                : throw new CliException(
                    ExitCodes.Usage,
                    $"\"{invocation.Arguments[0]}\" stands before --",
                    "the name of a new process is given by --name"
                );
        }

        if (invocation.AfterDashes is not null)
        {
            throw new CliException(
                ExitCodes.Usage,
                "nothing stands after --",
                "example: tspm start -- node server.js"
            );
        }

        if (invocation.Arguments is [var line] && line.Trim().Contains(' '))
        {
            isShell = true;
            return ["/bin/sh", "-c", line];
        }

        return null;
    }

    private static async Task<int> SettleAsync(
        CliContext context,
        TspmIpcClient client,
        ProcessView process
    )
    {
        var exit = await client.WaitExitAsync(
            new WaitExitRequest(process.Id, process.Run, SettleMs)
        );
        if (!exit.Ended || exit.Process is not { } now)
        {
            return ExitCodes.Done;
        }

        var ended = now.ExitSignal is { } signal
            ? $"was killed by {signal}"
            : $"exited with code {now.ExitCode}";
        if (now.ExitCode == 0)
        {
            context.Say($"{now.Name} {ended} at once");
            return ExitCodes.Done;
        }

        var state = now.Status switch
        {
            ProcessStatuses.Backoff or ProcessStatuses.Running or ProcessStatuses.Starting =>
                "; it is being restarted",
            _ => "",
        };
        context.Say($"tspm: {now.Name} {ended} at once{state}; its last lines:");
        await PrintLastLinesAsync(context, client, now.Id);
        context.Say($"  see: tspm logs {now.Name}, tspm describe {now.Name}");
        return ExitCodes.Failed;
    }

    private static async Task PrintLastLinesAsync(CliContext context, TspmIpcClient client, uint id)
    {
        using var page = await client.GetLogsAsync(
            new GetLogsRequest
            {
                Id = id,
                Tail = LastLines,
                Streams = ["out", "err"],
            }
        );
        var line = new System.Buffers.ArrayBufferWriter<byte>();
        Rendering.PlainLines.Write(page.Batch.Spans, page.Batch.Bytes, line);
        context.Errors.Write(line.WrittenSpan);
        context.Errors.Flush();
    }
}
