using Tspm.Cli.CommandLine;
using Tspm.Cli.Export;
using Tspm.Cli.Rendering;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary><c>logs export</c>: a stretch of one or all logs as a file.</summary>
internal static class ExportCommand
{
    private static readonly IReadOnlyList<string> Formats = ["log", "jsonl", "cri"];

    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var path = invocation.Value("out");
        var form = FormOf(invocation, path);
        var window = LogWindow.Read(invocation, TimeProvider.System.GetUtcNow());
        var options = LogQuery.Read(invocation, window, follows: false);
        if (!invocation.Has("tail"))
        {
            options = options with { Tail = long.MaxValue };
        }

        await using var client = await context.ConnectAsync();
        var logs = await LogQuery.ResolveAsync(client, invocation.Arguments, options);
        (logs, options) = await LogPlaces.PlaceAsync(client, logs, options);
        var mayReplace = invocation.Has("force");
        using var file = ExportFile.Open(path, mayReplace, context.Output);
        IExportWriter writer =
            form == "jsonl"
                ? new JsonRecordWriter(file.Output, logs)
                : new RecordWriter(file.Output, form == "cri", hasNames: logs.Count > 1);
        using var signals = new FollowSignals();
        await using var follower = new LogFollower(client, logs, options);
        var (entries, missing) = await ShowAsync(context, path, follower, writer, signals.Token);
        file.Finish(mayReplace);
        if (path is not null && context.Quiet == 0)
        {
            var gaps = missing > 0 ? $", {missing} missing (told in it)" : "";
            context.Say(
                $"{TerminalSanitizer.Clean(path)}: {Counted.Of(entries, "entry", "entries")} of {Counted.Of(logs.Count, "process", "processes")}{gaps}"
            );
        }

        return missing > 0 && invocation.Has("fail-on-gap") ? ExitCodes.Gap : ExitCodes.Done;
    }

    // What goes to stdout may go to the same terminal: rows would stand in the middle of it.
    private static Task<(long Entries, long Missing)> ShowAsync(
        CliContext context,
        string? path,
        LogFollower follower,
        IExportWriter writer,
        CancellationToken ct
    )
    {
        if (path is null && context.OutputFacts.IsTerminal)
        {
            return WriteAsync(follower, writer, new ExportCount(), ct);
        }

        var text = $"exporting to {TerminalSanitizer.Clean(path ?? "stdout")}";
        var count = new ExportCount();
        return Progress.OfAsync(
            context,
            elapsed => [RowOf(text, count.Entries, elapsed)],
            Task.Run(() => WriteAsync(follower, writer, count, ct), CancellationToken.None)
        );
    }

    /// <summary><c>exporting to web.log … 4s, 12 entries</c>.</summary>
    internal static string RowOf(string text, long entries, TimeSpan elapsed) =>
        $"{Progress.RowOf(text, elapsed, limit: null)}, {Counted.Of(entries, "entry", "entries")}";

    private static async Task<(long Entries, long Missing)> WriteAsync(
        LogFollower follower,
        IExportWriter writer,
        ExportCount count,
        CancellationToken ct
    )
    {
        long missing = 0;
        await foreach (var told in follower.ReadAsync(ct))
        {
            switch (told)
            {
                case LogBatch batch:
                    count.Entries += CountEntries(batch);
                    writer.Write(batch);
                    break;
                case LogGap gap:
                    missing += gap.Count;
                    writer.Write(gap);
                    break;
                case LogEnded { Reason: not ("head" or "until") } ended:
                    throw new CliException(
                        ExitCodes.Of(ended.Reason),
                        $"the log of {ended.Log.Name} ended in the middle: {ended.Reason}",
                        "nothing was kept; try again"
                    );
                default:
                    break;
            }
        }

        writer.End();
        return (count.Entries, missing);
    }

    private static long CountEntries(LogBatch batch)
    {
        long entries = 0;
        foreach (ref readonly var span in batch.Spans)
        {
            entries += span.Count;
        }

        return entries;
    }

    private static string FormOf(Invocation invocation, string? path)
    {
        if (invocation.Has("json"))
        {
            return "jsonl";
        }

        if (invocation.Has("format"))
        {
            return invocation.Choice("format", Formats, "log");
        }

        if (invocation.Has("output"))
        {
            // What other commands call it.
            var named = invocation.Choice("output", ["log", "json", "jsonl", "cri"], "log");
            return named == "json" ? "jsonl" : named;
        }

        var ending = Path.GetExtension(path)?.TrimStart('.') ?? "";
        return path is null ? "log"
            : Formats.Contains(ending) ? ending
            : throw new CliException(
                ExitCodes.Usage,
                $"\"{path}\" does not say in which form",
                "end it with .log, .jsonl or .cri, or give --format"
            );
    }
}

/// <summary>How far an export is; written by it alone, read by who shows it.</summary>
internal sealed class ExportCount
{
    private long _entries;

    /// <summary>Entries that are written.</summary>
    public long Entries
    {
        get => Volatile.Read(ref _entries);
        set => Volatile.Write(ref _entries, value);
    }
}
