using System.Text.Json;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>What became of each target of a changing command, and the exit code of it all.</summary>
internal static class ActionPrinter
{
    /// <summary>Prints the results: what worked to stdout, what failed to stderr.</summary>
    public static int Print(CliContext context, IReadOnlyList<ActionResult> results)
    {
        var failed = results.Where(result => result.Error is not null).ToList();
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(
                    new ActionReply(results),
                    ProtocolJsonContext.Default.ActionReply
                )
            );
            context.Output.Flush();
        }
        else
        {
            foreach (var result in results.Where(result => result.Error is null))
            {
                context.PrintLine(context.Quiet > 0 ? $"{result.Id}" : TextOf(result));
            }

            context.Output.Flush();
            foreach (var result in failed)
            {
                context.Say($"tspm: {result.Name}: {result.Message}");
                if (result.Hint is { } hint)
                {
                    context.Say($"  {hint}");
                }
            }
        }

        return failed.Count == 0 ? ExitCodes.Done
            : failed.Count < results.Count ? ExitCodes.Partly
            : ExitCodes.Of(failed[0].Error ?? "");
    }

    private static string TextOf(ActionResult result) =>
        result.Process is { Pid: { } pid } process && result.Message == "started"
            ? $"{result.Name} started (id {result.Id}, pid {pid}, run {process.Run})"
            : TerminalSanitizer.Clean($"{result.Name} {result.Message}");
}
