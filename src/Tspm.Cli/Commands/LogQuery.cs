using Tspm.Cli.CommandLine;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>From the options of <c>logs</c> to what is asked of the daemon.</summary>
internal static class LogQuery
{
    private const long DefaultTail = 20;

    /// <summary>Reads the options.</summary>
    /// <exception cref="CliException">A value is wrong.</exception>
    public static LogFollowOptions Read(Invocation invocation, LogWindow window, bool follows)
    {
        var runs = window.Runs ?? ReadRuns(invocation);
        var selection = ReadSelection(invocation);
        var isUntilExit = follows && invocation.Has("until-exit");
        var isAll =
            invocation.Has("no-tail")
            || invocation.Value("tail") == "all"
            || (
                !invocation.Has("tail")
                && (
                    window.Since is not null
                    || runs != RunRange.All
                    || (selection.Grep.Count > 0 && !follows)
                )
            );
        return new LogFollowOptions
        {
            Follow = follows,
            Tail = isAll
                ? long.MaxValue
                : invocation.Number("tail", 0, long.MaxValue - 1, DefaultTail),
            Since = window.Since,
            Until = window.Until,
            IsSingleRequest = follows && HasContext(selection),
            Selection = selection,
            Runs = runs,
            Cursor = ReadCursor(invocation),
            Join =
                follows && !isUntilExit && !invocation.Has("no-new")
                    ? Patterns(invocation.Arguments)
                    : [],
            UntilExit = isUntilExit,
            FollowsName =
                follows
                && !isUntilExit
                && invocation.Arguments is [{ } name]
                && !name.All(char.IsAsciiDigit),
            Gaps =
                invocation.Choice("gap", ["fill", "skip"], "fill") == "skip"
                    ? GapPolicy.Skip
                    : GapPolicy.Fill,
        };
    }

    /// <summary>The logs that are meant; with a cursor and no name, those of the cursor.</summary>
    /// <exception cref="CliException">A log of the cursor is gone.</exception>
    /// <exception cref="TspmException">Nothing matches.</exception>
    public static async Task<IReadOnlyList<LogTarget>> ResolveAsync(
        TspmIpcClient client,
        IReadOnlyList<string> select,
        LogFollowOptions options
    )
    {
        if (options.Cursor is { } cursor && select.Count == 0 && options.Join.Count == 0)
        {
            select = [.. cursor.Places.Select(place => place.Name)];
        }

        try
        {
            var logs = (await client.ResolveAsync(select)).Logs;
            return WithRuns(Check(logs, select, options), options);
        }
        catch (TspmException error) when (error.Code == "not-found" && options.Join.Count > 0)
        {
            return [];
        }
    }

    /// <summary>Whether lines come with others.</summary>
    public static bool HasContext(LogSelection selection) =>
        selection.ContextBefore > 0 || selection.ContextAfter > 0;

    /// <summary>Of several logs, those that have such a run.</summary>
    private static IReadOnlyList<LogTarget> WithRuns(
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options
    )
    {
        var having = logs.Where(log => options.Runs.Has(log.Run)).ToList();

        // None at all: the follower says what is wrong with the first.
        return having.Count == 0 ? logs : having;
    }

    /// <summary>Those selectors that can come to mean a process that is made later.</summary>
    private static IReadOnlyList<string> Patterns(IReadOnlyList<string> select) =>
        select.Count == 0
            ? ["all"]
            : [.. select.Where(one => one == "all" || one.AsSpan().ContainsAny("*?[/@"))];

    /// <summary>A log that a cursor names and that is named again must be there; what is meant by a pattern may be gone.</summary>
    private static IReadOnlyList<LogTarget> Check(
        IReadOnlyList<LogTarget> logs,
        IReadOnlyList<string> select,
        LogFollowOptions options
    )
    {
        if (options.Cursor is not { } cursor || options.Join.Count > 0)
        {
            return logs;
        }

        var named = select.Select(one => one.Contains('/') ? one : $"default/{one}").ToHashSet();
        var gone = cursor.Places.FirstOrDefault(place =>
            named.Contains(place.Name)
            && !logs.Any(log =>
                log.LogId == place.LogId.ToString() || $"{log.Ns}/{log.Name}" == place.Name
            )
        );
        return gone is null
            ? logs
            : throw new CliException(
                ExitCodes.NotFound,
                $"the log of {gone.Name} that the cursor stands in is not there any more",
                "see: tspm list"
            );
    }

    private static LogSelection ReadSelection(Invocation invocation)
    {
        var streams = new List<string>();
        // An export's --out has a value, the name of its file.
        var isOut = invocation.Has("out") && string.IsNullOrEmpty(invocation.Value("out"));
        if (isOut != invocation.Has("err"))
        {
            streams.Add(isOut ? "out" : "err");
        }
        else if (invocation.Has("no-events"))
        {
            streams.AddRange(["out", "err"]);
        }

        var grep = invocation.Values("grep");
        var exclude = invocation.Values("exclude");

        // Smart case: capitals in a pattern are meant.
        var hasCapital = grep.Concat(exclude).Any(one => one.Any(char.IsUpper));
        var both = ReadContext(invocation, "context", 0);
        var before = ReadContext(invocation, "before-context", both);
        var after = ReadContext(invocation, "after-context", both);
        if (before + after > 0 && grep.Count + exclude.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                "context is that of lines that match, and there is no pattern",
                "example: tspm logs web -g error -C 3"
            );
        }

        return new LogSelection
        {
            Streams = streams,
            Grep = grep,
            Exclude = exclude,
            IgnoreCase = invocation.Has("ignore-case") || !hasCapital,
            ContextBefore = before,
            ContextAfter = after,
        };
    }

    private static int ReadContext(Invocation invocation, string option, int otherwise) =>
        (int)invocation.Number(option, 0, LogSelection.MaxContext, otherwise);

    private static RunRange ReadRuns(Invocation invocation)
    {
        if (invocation.Has("previous"))
        {
            return RunRange.Previous;
        }

        var text = invocation.Value("run") ?? "all";
        return RunRange.TryParse(text, out var runs)
            ? runs
            : throw new CliException(
                ExitCodes.Usage,
                $"--run \"{text}\" is not a run",
                "examples: --run 5, --run current, --run previous, --run=-2, --run all"
            );
    }

    private static FollowCursor? ReadCursor(Invocation invocation)
    {
        var text = invocation.Value("after-cursor");
        if (text is null && invocation.Value("cursor-file") is { } path && File.Exists(path))
        {
            text = CursorFile.ReadText(path);
        }

        try
        {
            return text is null ? null : FollowCursor.Parse(text.Trim());
        }
        catch (FormatException wrong)
        {
            throw new CliException(
                ExitCodes.Usage,
                wrong.Message,
                "a cursor comes from --show-cursor or --cursor-file; without one: -n, --since"
            );
        }
    }
}
