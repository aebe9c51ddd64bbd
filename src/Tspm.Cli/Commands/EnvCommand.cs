using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>env</c>: what a process is started with.</summary>
internal static class EnvCommand
{
    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                "env: which process?",
                "see: tspm list",
                ErrorCode.MissingArgument
            );
        }

        var request = new EnvRequest
        {
            Select = invocation.Arguments,
            ShowSecrets = Secrets.AreWanted(context),
        };
        await using var client = await context.ConnectAsync();
        var reply = await client.GetEnvironmentAsync(request);
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(reply, ProtocolJsonContext.Default.EnvReply)
            );
        }
        else
        {
            foreach (var process in reply.Processes)
            {
                Print(context, process, reply.Processes.Count > 1);
            }
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    private static void Print(CliContext context, ProcessEnv process, bool isOneOfMany)
    {
        if (isOneOfMany)
        {
            context.PrintLine($"# {process.Ns}/{process.Name}");
        }

        foreach (var variable in process.Env)
        {
            context.PrintLine(TerminalSanitizer.Clean(variable));
        }

        if (process.Problem is { } problem)
        {
            context.Say($"{process.Name}: {TerminalSanitizer.Clean(problem)}");
        }
    }
}
