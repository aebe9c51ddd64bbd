using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>why</c>: what ended the last run of a process, and what comes next.</summary>
internal static class WhyCommand
{
    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(ExitCodes.Usage, "why: which process?", "see: tspm list");
        }

        await using var client = await context.ConnectAsync();
        var isList = invocation.Has("list");
        var reply = await client.WhyAsync(
            new WhyRequest
            {
                Select = invocation.Arguments,
                Run = invocation.Has("run")
                    ? (uint)invocation.Number("run", 1, uint.MaxValue, 1)
                    : null,
                Lines = (int)invocation.Number("lines", 0, WhyRequest.MaxLines, 10),
                List = isList,
            }
        );
        if (context.IsJson)
        {
            foreach (var answer in reply.Answers)
            {
                context.PrintLine(
                    JsonSerializer.Serialize(answer, ProtocolJsonContext.Default.WhyAnswer)
                );
            }
        }
        else
        {
            var zone = invocation.Has("utc") ? TimeZoneInfo.Utc : TimeZoneInfo.Local;
            var texts = reply.Answers.Select(answer =>
                isList ? WhyText.FormatList(answer, zone) : WhyText.Format(answer, zone)
            );
            context.Print(string.Join(isList ? "" : "\n", texts));
        }

        if (isList && reply.Answers.All(answer => answer.Reports.Count == 0))
        {
            context.Say("no run has failed");
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }
}
