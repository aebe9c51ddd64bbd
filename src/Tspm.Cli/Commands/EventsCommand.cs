using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
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
        var crashes = context.IsJson ? null : new CrashRows();
        foreach (var row in await NewestAsync(past, count, crashes, signals.Token))
        {
            printer.Print(row.Told);
            PrintHidden(context, row);
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
    private static async Task<IReadOnlyCollection<Row>> NewestAsync(
        LogFollower past,
        long count,
        CrashRows? crashes,
        CancellationToken ct
    )
    {
        var newest = new Queue<Row>();
        var last = new Dictionary<uint, Row>();
        long held = 0;
        await foreach (var told in past.ReadAsync(ct))
        {
            if (told is LogBatch batch)
            {
                foreach (var one in Split(batch))
                {
                    if (IsHidden(one, crashes) && last.TryGetValue(one.Log.Id, out var before))
                    {
                        before.Hidden++;
                        continue;
                    }

                    var row = new Row(one);
                    last[one.Log.Id] = row;
                    newest.Enqueue(row);
                    held++;
                }
            }
            else if (told is LogGap)
            {
                newest.Enqueue(new Row(told));
            }

            while (held > count)
            {
                held -= newest.Dequeue().Told is LogBatch ? 1 : 0;
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

    private static bool IsHidden(LogBatch one, CrashRows? crashes)
    {
        if (crashes is null)
        {
            return false;
        }

        try
        {
            var told = JsonSerializer.Deserialize(one.Bytes, ProtocolJsonContext.Default.LogEvent);
            return told is not null && !crashes.Take(one.Log.Id, told, one.Spans[0].Wall);
        }
        catch (JsonException)
        {
            // A newer or damaged log; what is there is shown as it is.
            return false;
        }
    }

    private static void PrintHidden(CliContext context, Row row)
    {
        if (row is { Hidden: > 0, Told: LogBatch batch })
        {
            var name = TerminalSanitizer.Clean(batch.Log.Name);
            context.PrintLine(
                $"{name} | -- {row.Hidden} more starts and ends of it; all of them: tspm logs {name} --"
            );
            context.Output.Flush();
        }
    }

    /// <summary>One thing to print, and how many of a loop are not.</summary>
    private sealed record Row(LogFollowEvent Told)
    {
        public int Hidden { get; set; }
    }
}
