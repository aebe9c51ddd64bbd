using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Cli.Terminal;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>list</c>, <c>describe</c>, <c>followers</c>.</summary>
internal static class ListCommand
{
    private const int DefaultPeriodMs = 2_000;
    private const int MinPeriodMs = 100;

    /// <summary>The table.</summary>
    public static async Task<int> ListAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Has("watch"))
        {
            var period = invocation.Value("watch") is { Length: > 0 } text
                ? SpecBuilder.ParseDuration("watch", text)
                : DefaultPeriodMs;
            return await ListWatch.RunAsync(
                context,
                TimeSpan.FromMilliseconds(Math.Max(MinPeriodMs, period)),
                () => ReadAsync(context)
            );
        }

        context.Launcher.Started = null; // it says so itself
        var look = await ReadAsync(context);
        var code = Print(context, look);
        NoteLeft(context, look.Processes);
        return code;
    }

    private static async Task<ListLook> ReadAsync(CliContext context)
    {
        var isWide = context.Invocation.Value("output") == "wide";
        var withCounters =
            isWide
            || ProcessColumns.NeedCounters(context.Invocation.Value("sort") ?? "")
            || ProcessColumns.NeedCounters(context.Invocation.Value("format") ?? "");
        var look = await context.Launcher.AskAsync(daemon =>
        {
            var (processes, select) = ListAny(daemon, context.Invocation.Arguments, withCounters);
            return new ListLook(
                processes,
                ShowsPictures(context)
                && processes.Count > 0
                && TerminalFacts.IsUtf8Locale(Environment.GetEnvironmentVariable)
                    ? ReadPictures(daemon, select, processes.Count, 60, ProcessTable.PictureCells)
                    : null
            );
        });
        return look with
        {
            Processes = ProcessColumns.Sort(look.Processes, context.Invocation.Value("sort")),
        };
    }

    /// <summary>Pictures are for eyes: on a terminal, and where all is asked for.</summary>
    private static bool ShowsPictures(CliContext context) =>
        context.Invocation.Value("output") is var form
        && (form == "wide" || (form is null or "table" && context.OutputFacts.IsTerminal))
        && !context.IsJson
        && !context.Invocation.Has("format");

    /// <summary>A pattern, a namespace or a label may mean none here; a name or an id that is not there is a mistake.</summary>
    /// <returns>What was found, and the selectors that found it.</returns>
    private static (IReadOnlyList<ProcessView> Processes, IReadOnlyList<string> Select) ListAny(
        TspmCaller daemon,
        IReadOnlyList<string> select,
        bool withCounters
    )
    {
        try
        {
            return (daemon.List(select, withCounters).Processes, select);
        }
        catch (TspmException error)
            when (error.Code == Protocol.ErrorCodes.NotFound && select.Any(MayMeanNone))
        {
            // One after the other: what is not there is told of the others.
        }

        var found = new SortedDictionary<uint, ProcessView>();
        var meant = new List<string>();
        foreach (var one in select)
        {
            try
            {
                foreach (var process in daemon.List([one], withCounters).Processes)
                {
                    found[process.Id] = process;
                }

                meant.Add(one);
            }
            catch (TspmException error)
                when (error.Code == Protocol.ErrorCodes.NotFound && MayMeanNone(one))
            {
                // None.
            }
        }

        return ([.. found.Values], meant);
    }

    private static bool MayMeanNone(string selector) =>
        selector.AsSpan().ContainsAny("*?[@") || selector.StartsWith('/') || selector.EndsWith('/');

    private static Dictionary<uint, ProcessSamples> ReadPictures(
        TspmCaller daemon,
        IReadOnlyList<string> select,
        int processes,
        int seconds,
        int cells
    )
    {
        var request = new SamplesRequest
        {
            Select = select,
            Seconds = seconds,
            Points = SamplesRequest.PointsFor(cells, processes),
        };
        return daemon.GetSamples(request).Processes.ToDictionary(one => one.Id);
    }

    /// <summary>Says what ran when the machine or tspm ended, if people look.</summary>
    public static void NoteLeft(CliContext context, IReadOnlyList<ProcessView> processes)
    {
        var left = processes.Count(process => process.WasRunning);
        if (left > 0 && !context.IsJson && context.Quiet == 0)
        {
            context.Say(ResurrectNote.Of(left));
        }
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
            throw new CliException(
                ExitCodes.Usage,
                "describe: which process?",
                "see: tspm list",
                ErrorCode.MissingArgument
            );
        }

        var reply = Secrets.AreWanted(context)
            ? await DescribeOpenlyAsync(context)
            : await context.Launcher.AskAsync(daemon => daemon.Describe(invocation.Arguments));
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
            await PrintFactsAsync(context, processes);
        }

        return ExitCodes.Done;
    }

    private static async Task PrintFactsAsync(
        CliContext context,
        IReadOnlyList<ProcessView> processes
    )
    {
        var samples = TerminalFacts.IsUtf8Locale(Environment.GetEnvironmentVariable)
            ? await context.Launcher.AskAsync(daemon =>
                ReadPictures(
                    daemon,
                    context.Invocation.Arguments,
                    processes.Count,
                    SamplesRequest.MaxSeconds,
                    DescribeText.PictureCells
                )
            )
            : [];
        context.Print(
            string.Join(
                '\n',
                processes.Select(one => DescribeText.Format(one, samples.GetValueOrDefault(one.Id)))
            )
        );
        context.Output.Flush();
    }

    private static async Task<ProcessesReply> DescribeOpenlyAsync(CliContext context)
    {
        await using var client = await context.ConnectAsync();
        return await client.DescribeAsync(
            new SelectRequest(context.Invocation.Arguments) { ShowSecrets = true }
        );
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
    public static int Print(CliContext context, ListLook look)
    {
        var processes = look.Processes;
        var form = context.Invocation.Has("json")
            ? "json"
            : context.Invocation.Choice(
                "output",
                ["table", "wide", "json", "jsonl", "name"],
                "table"
            );
        if (context.Invocation.Value("format") is { } format)
        {
            var template = ProcessTemplate.Parse(format);
            foreach (var process in processes)
            {
                context.PrintLine(template.Format(process));
            }

            context.Output.Flush();
            return ExitCodes.Done;
        }

        switch (form)
        {
            case "json" or "jsonl":
                PrintJson(context, processes, form == "jsonl");
                return ExitCodes.Done;
            case "name":
                foreach (var process in processes)
                {
                    context.PrintLine(TerminalSanitizer.Clean($"{process.Ns}/{process.Name}"));
                }

                break;
            default:
                var width = form == "wide" ? null : context.OutputFacts.Width;
                context.Print(
                    ProcessTable.Format(
                        processes,
                        width,
                        context.OutputFacts.HasColor,
                        isWide: form == "wide",
                        look.Samples
                    )
                );
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

/// <summary>What <c>list</c> has read.</summary>
/// <param name="Processes">In the order of rows.</param>
/// <param name="Samples">What they used in the last minute, by id; null if it was not asked for.</param>
internal sealed record ListLook(
    IReadOnlyList<ProcessView> Processes,
    IReadOnlyDictionary<uint, ProcessSamples>? Samples = null
);
