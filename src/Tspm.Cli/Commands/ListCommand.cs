using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>list</c>, <c>describe</c>, <c>followers</c>.</summary>
internal static class ListCommand
{
    /// <summary>The table.</summary>
    public static async Task<int> ListAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var reply = await context.Launcher.AskAsync(daemon => daemon.List(invocation.Arguments));
        return Print(context, reply.Processes);
    }

    /// <summary>Another word for list -o json.</summary>
    public static async Task<int> JsonListAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var reply = await context.Launcher.AskAsync(daemon => daemon.List(invocation.Arguments));
        PrintJson(context, reply.Processes, asLines: false);
        return ExitCodes.Done;
    }

    /// <summary>All facts.</summary>
    public static async Task<int> DescribeAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(ExitCodes.Usage, "describe: which process?", "see: tspm list");
        }

        var reply = await context.Launcher.AskAsync(daemon =>
            daemon.Describe(invocation.Arguments)
        );
        var processes = reply.Processes;
        if (
            context.IsJson
            && invocation.Arguments is [var only]
            && processes is [var single]
            && !only.AsSpan().ContainsAny("*?[/")
        )
        {
            context.PrintLine(JsonSerializer.Serialize(single, Json.ProcessView));
            context.Output.Flush();
        }
        else if (context.IsJson)
        {
            PrintJson(context, processes, invocation.Value("output") == "jsonl");
        }
        else
        {
            context.Print(string.Join('\n', processes.Select(DescribeText.Format)));
            context.Output.Flush();
        }

        return ExitCodes.Done;
    }

    /// <summary>Who follows what.</summary>
    public static async Task<int> FollowersAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.ConnectAsync();
        var reply = await client.GetFollowersAsync();
        if (context.IsJson)
        {
            context.PrintLine(JsonSerializer.Serialize(reply, Json.FollowersReply));
        }
        else
        {
            context.PrintLine(
                "CLIENT                PID  TOPIC          LAG  LAG BYTES  SENT ENTRIES     SENT  GAPS  POLICY"
            );
            foreach (var row in reply.Followers)
            {
                var name = TerminalSanitizer.Clean(row.Client);
                var lag = row.LagBytes < 0 ? "many" : ByteSizes.Format(row.LagBytes);
                context.PrintLine(
                    $"{name, -16}  {row.Pid, 7}  {row.Topic, -10}  {row.Head - row.Position, 6}  {lag, 9}  {row.SentEntries, 12}  {ByteSizes.Format(row.SentBytes), 7}  {row.GapsTold, 4}  {row.Policy}"
                );
            }
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    /// <summary>Prints processes in the form that was asked for.</summary>
    public static int Print(CliContext context, IReadOnlyList<ProcessView> processes)
    {
        var form = context.Invocation.Has("json")
            ? "json"
            : context.Invocation.Choice(
                "output",
                ["table", "wide", "json", "jsonl", "name"],
                "table"
            );
        switch (form)
        {
            case "json" or "jsonl":
                PrintJson(context, processes, form == "jsonl");
                return ExitCodes.Done;
            case "name":
                foreach (var process in processes)
                {
                    context.PrintLine($"{process.Ns}/{process.Name}");
                }

                break;
            default:
                var width = form == "wide" ? null : context.OutputFacts.Width;
                context.Print(ProcessTable.Format(processes, width, context.OutputFacts.HasColor));
                break;
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    private static ProtocolJsonContext Json => ProtocolJsonContext.Default;

    private static void PrintJson(
        CliContext context,
        IReadOnlyList<ProcessView> processes,
        bool asLines
    )
    {
        if (asLines)
        {
            foreach (var process in processes)
            {
                context.PrintLine(JsonSerializer.Serialize(process, Json.ProcessView));
            }
        }
        else
        {
            context.PrintLine(JsonSerializer.Serialize(processes, Json.IReadOnlyListProcessView));
        }

        context.Output.Flush();
    }
}
