using Tspm.Cli.CommandLine;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>events</c>: the life-cycle entries of all processes in one order.</summary>
internal static class EventsCommand
{
    private const long DefaultTail = 20;
    private const byte EventStream = 2;

    /// <summary>Runs it: the newest ones of all together, then what comes, without a seam.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var follows = invocation.Has("follow") && !invocation.Has("no-follow");
        var window = LogWindow.Read(invocation, TimeProvider.System.GetUtcNow());
        var isAll =
            invocation.Value("tail") == "all"
            || (window.Since is not null && !invocation.Has("tail"));
        var count = isAll ? long.MaxValue : invocation.Number("tail", 0, int.MaxValue, DefaultTail);
        await using var client = await context.ConnectAsync(
            follows ? LogsCommand.ReconnectOf(invocation) : null
        );
        var options = new LogFollowOptions
        {
            Follow = false,
            Tail = count,
            Since = window.Since,
            Selection = new LogSelection { Streams = ["event"] },
        };
        var logs = (await client.ResolveAsync(invocation.Arguments)).Logs;
        var printer = new FollowPrinter(
            context,
            LogLook.Read(context, hasPrefix: true, follows: false),
            logs
        );
        await using var past = new LogFollower(client, logs, options);
        using var signals = new FollowSignals();
        foreach (var told in await NewestAsync(past, count, signals.Token))
        {
            printer.Print(told);
        }

        if (!follows)
        {
            printer.End();
            return ExitCodes.Done;
        }

        var live = options with
        {
            Follow = true,
            Since = null,
            Cursor = past.Cursor,
            Join = invocation.Arguments.Count == 0 ? ["all"] : [],
        };
        return await LogsCommand.PrintAsync(context, client, logs, live, hasPrefix: true);
    }

    /// <summary>The newest so many of all, in their order; gaps are kept.</summary>
    private static async Task<IReadOnlyCollection<LogFollowEvent>> NewestAsync(
        LogFollower past,
        long count,
        CancellationToken ct
    )
    {
        var newest = new Queue<LogFollowEvent>();
        long held = 0;
        await foreach (var told in past.ReadAsync(ct))
        {
            if (told is LogBatch batch)
            {
                foreach (var one in Split(batch))
                {
                    newest.Enqueue(one);
                    held++;
                }
            }
            else if (told is LogGap)
            {
                newest.Enqueue(told);
            }

            while (held > count)
            {
                held -= newest.Dequeue() is LogBatch ? 1 : 0;
            }
        }

        return newest;
    }

    /// <summary>One batch for each entry, with memory of its own.</summary>
    private static List<LogBatch> Split(LogBatch batch) =>
        Enumerable
            .Range(0, batch.Spans.Length)
            .Where(i => batch.Spans[i].Stream == EventStream)
            .Select(batch.CopyOf)
            .ToList();
}
