using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>save</c> and <c>resurrect</c>.</summary>
internal static class SaveCommands
{
    /// <summary>Saves the list, or a copy of it.</summary>
    public static async Task<int> SaveAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.ConnectAsync();
        var reply = await client.SaveAsync(new SaveRequest { File = FileOf(invocation) });
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(reply, ProtocolJsonContext.Default.SaveReply)
            );
        }
        else if (invocation.Has("file"))
        {
            context.PrintLine(
                $"{Counted.Of(reply.Processes, "process", "processes")} saved to {reply.File}"
            );
        }
        else
        {
            context.PrintLine(
                $"{Counted.Of(reply.Processes, "process", "processes")}; the list is saved after every change, for a copy: tspm save --file FILE"
            );
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    /// <summary>Starts what ran when the machine or tspm ended.</summary>
    public static async Task<int> ResurrectAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        context.Launcher.Started = null;
        var request = new ResurrectRequest
        {
            DryRun = invocation.Has("dry-run"),
            File = FileOf(invocation),
        };
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim([]),
            client.ResurrectAsync(request)
        );
        if (reply.Results.Count == 0 && !context.IsJson && context.Quiet == 0)
        {
            context.Say(
                "nothing ran when tspm or the machine ended, or all of it was started since"
            );
        }

        return ActionPrinter.Print(context, reply.Results);
    }

    private static string? FileOf(Invocation invocation) =>
        invocation.Value("file") is { } file ? Path.GetFullPath(file) : null;
}
