using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Protocol;

namespace Tspm.Cli.Commands;

/// <summary>Plain <c>tspm</c>, <c>--version</c> and <c>help</c>.</summary>
internal static class OverviewCommand
{
    /// <summary>Shows the list, or how to begin; never starts a daemon.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Has("version"))
        {
            context.PrintLine(context.IsJson ? VersionJson(context) : $"tspm {BuildFacts.Version}");
            context.Output.Flush();
            return ExitCodes.Done;
        }

        if (invocation.Has("help"))
        {
            context.Print(HelpText.OfAll(CommandTree.Commands, CommandTree.Global));
            context.Output.Flush();
            return ExitCodes.Done;
        }

        await using var client = await context.Launcher.TryConnectAsync(null, default);
        if (client is not null && await client.ListAsync([]) is { Processes.Count: > 0 } list)
        {
            var code = ListCommand.Print(context, new ListLook(list.Processes));
            ListCommand.NoteLeft(context, list.Processes);
            return code;
        }

        context.Print(
            """
            Nothing runs here yet. To begin:

              tspm start -- node server.js    start a program in the background
              tspm logs -f                    follow what it prints; Ctrl+C leaves it running
              tspm list                       what runs
              tspm --help                     everything else

            """
        );
        context.Output.Flush();
        return ExitCodes.Done;
    }

    /// <summary>Versions of this command and, if one runs, of the daemon; none is started.</summary>
    private static string VersionJson(CliContext context)
    {
        var daemon = context.Launcher.AskRunning(one => one.GetStatus());
        var other = daemon is null
            ? "null"
            : $"{{\"version\":\"{daemon.Version}\",\"build\":\"{daemon.Build}\",\"protocol\":{daemon.Protocol}}}";
        return $"{{\"version\":\"{BuildFacts.Version}\",\"build\":\"{BuildFacts.BuildId}\",\"protocol\":1,\"daemon\":{other}}}";
    }

    /// <summary>Help about a command or topic.</summary>
    /// <exception cref="CliException">There is no such command.</exception>
    public static async Task<int> HelpAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Value("man") is { } directory)
        {
            Directory.CreateDirectory(directory);
            foreach (var (file, text) in ManualPages.All(BuildFacts.Version))
            {
                await File.WriteAllTextAsync(Path.Join(directory, file), text);
            }
        }
        else if (invocation.Arguments.Count == 0)
        {
            context.Print(HelpText.OfAll(CommandTree.Commands, CommandTree.Global));
        }
        else if (HelpTopics.Of(invocation.Arguments[0]) is { } topic)
        {
            context.Print(topic);
        }
        else
        {
            var command = CommandOf(invocation.Arguments);
            context.Print(HelpText.Of(command, CommandTree.PathOf(command)));
        }

        context.Output.Flush();
        return ExitCodes.Done;
    }

    private static CommandSpec CommandOf(IReadOnlyList<string> words)
    {
        try
        {
            var parser = new CommandParser(CommandTree.Commands, CommandTree.Global);
            return parser.Parse([.. words, "--help"]).Command;
        }
        catch (CliException unknown) when (unknown.Code == ErrorCode.UnknownCommand)
        {
            var near = NearestNames.To(words[0], HelpTopics.Names);
            throw near.Count == 0
                ? unknown
                : new CliException(
                    ExitCodes.Usage,
                    $"there is no command or topic \"{words[0]}\"",
                    $"did you mean: {string.Join(", ", near)}?",
                    unknown.Code
                );
        }
    }
}
