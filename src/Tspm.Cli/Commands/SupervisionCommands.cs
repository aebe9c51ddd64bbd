using System.Globalization;
using Tspm.Cli.CommandLine;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>reload</c>, <c>reset</c>, <c>scale</c>, <c>set</c>, <c>rename</c>.</summary>
internal static class SupervisionCommands
{
    /// <summary>Forgets failures.</summary>
    public static async Task<int> ResetAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        Need(invocation, 1, "which process?", "tspm reset web");
        await using var client = await context.ConnectAsync();
        var reply = await client.ResetAsync(invocation.Arguments);
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Puts new runs in the place of the old ones.</summary>
    public static async Task<int> ReloadAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        Need(invocation, 1, "which process?", "tspm reload web");
        var request = new RestartRequest
        {
            Select = invocation.Arguments,
            Parallel = (int)invocation.Number("parallel", 1, InstanceSpec.MaxInstances, 1),
        };
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim(request.Select) { NeedsReady = true },
            client.ReloadAsync(request)
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Has so many instances.</summary>
    public static async Task<int> ScaleAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        Need(invocation, 2, "which process, to how many?", "tspm scale web 4");
        var text = invocation.Arguments[1];
        var isNumber = int.TryParse(
            text,
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var count
        );
        if (!isNumber || count is < 1 or > InstanceSpec.MaxInstances)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"scale: \"{text}\" is not a number from 1 to {InstanceSpec.MaxInstances}",
                "to have none: tspm delete"
            );
        }

        await using var client = await context.ConnectAsync();
        var name = invocation.Arguments[0];
        var reply = await Progress.OfAsync(
            context,
            new ProgressAim([name]),
            client.ScaleAsync(new ScaleRequest(name, count))
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Changes settings.</summary>
    public static async Task<int> SetAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        Need(invocation, 2, "which process, what?", "tspm set web restart=always");
        var changes = invocation.Arguments.Where(word => IsChange(word)).ToList();
        var select = invocation.Arguments.Where(word => !IsChange(word)).ToList();
        if (changes.Count == 0 || select.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                changes.Count == 0 ? "set: nothing is KEY=VALUE" : "set: which process?",
                "example: tspm set web restart=always"
            );
        }

        await using var client = await context.ConnectAsync();
        var reply = await client.SetAsync(new SetRequest { Select = select, Changes = changes });
        return ActionPrinter.Print(context, reply.Results);
    }

    /// <summary>Gives another name.</summary>
    public static async Task<int> RenameAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        Need(invocation, 2, "which process, to what?", "tspm rename web shop");
        var name = invocation.Arguments[1];
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        await using var client = await context.ConnectAsync();
        var reply = await client.RenameAsync(
            new RenameRequest(
                invocation.Arguments[0],
                name[(slash + 1)..],
                slash < 0 ? null : name[..slash]
            )
        );
        return ActionPrinter.Print(context, reply.Results);
    }

    // A selector of a label has an equals sign too.
    private static bool IsChange(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) > 0 && word[0] is not ('@' or '/');

    private static void Need(Invocation invocation, int least, string question, string example)
    {
        if (invocation.Arguments.Count < least)
        {
            throw new CliException(
                ExitCodes.Usage,
                $"{invocation.Command.Names[0]}: {question}",
                $"example: {example}"
            );
        }
    }
}
