using Tspm.Cli.CommandLine;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>stop</c>, <c>restart</c>, <c>delete</c>, <c>signal</c>.</summary>
internal static class ChangeCommands
{
    /// <summary>Stops.</summary>
    public static async Task<int> StopAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var request = new StopRequest
        {
            Select = Targets(invocation),
            Signal = invocation.Value("signal") is { } signal ? SignalNames.Parse(signal) : 0,
            TimeoutMs = invocation.Value("timeout") is { } timeout
                ? SpecBuilder.ParseDuration("timeout", timeout)
                : -1,
        };
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim(request.Select) { StopTimeoutMs = request.TimeoutMs },
            client.StopAsync(request)
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Stops and starts.</summary>
    public static async Task<int> RestartAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var targets = Targets(invocation);
        await using var client = await context.ConnectAsync();
        var request = new RestartRequest
        {
            Select = targets,
            Parallel = (int)invocation.Number("parallel", 1, InstanceSpec.MaxInstances, 0),
            WithDependants = invocation.Has("with-dependants"),
            Env = invocation.Has("update-env") ? SpecBuilder.ReadCallerEnvironment() : null,
        };
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim(targets) { NeedsReady = request.Parallel > 0 },
            client.RestartAsync(request)
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Stops and forgets.</summary>
    public static async Task<int> DeleteAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var request = new DeleteRequest
        {
            Select = Targets(invocation),
            KeepLogs = invocation.Has("keep-logs"),
        };
        Confirmation.Require(
            context,
            $"delete {string.Join(' ', request.Select)} and what they printed?"
        );
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim(request.Select),
            client.DeleteAsync(request)
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Sends a signal.</summary>
    public static async Task<int> SignalAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count < 2)
        {
            throw new CliException(
                ExitCodes.Usage,
                "signal: which, to whom?",
                "example: tspm signal HUP web",
                ErrorCode.MissingArgument
            );
        }

        var request = new SignalRequest
        {
            Signal = SignalNames.Parse(invocation.Arguments[0]),
            Select = [.. invocation.Arguments.Skip(1)],
            Group = invocation.Has("group"),
            Tree = invocation.Has("tree"),
        };
        await using var client = await context.ConnectAsync();
        return ActionPrinter.Print(context, (await client.SignalAsync(request)).Results);
    }

    private static IReadOnlyList<string> Targets(Invocation invocation) =>
        invocation.Arguments.Count > 0
            ? invocation.Arguments
            : throw new CliException(
                ExitCodes.Usage,
                $"{invocation.Command.Names[0]}: which process?",
                "name one, several, or all; see: tspm list",
                ErrorCode.MissingArgument
            );
}
