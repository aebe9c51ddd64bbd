using System.Text;
using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>wait</c>: blocks until processes are in a state, or have printed a line.</summary>
internal static class WaitCommand
{
    private const string LogPrefix = "log:";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly IReadOnlyList<string> States =
    [
        "running",
        "ready",
        "stopped",
        "exited",
    ];

    /// <summary>Runs the command.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(
                ExitCodes.Usage,
                "wait: for which process?",
                "example: tspm wait web --for 'log:/listening on/'",
                ErrorCode.MissingArgument
            );
        }

        var condition = invocation.Value("for") ?? "running";
        var pattern = PatternOf(condition);
        var limit = TimeSpan.FromMilliseconds(
            SpecBuilder.ParseDuration("timeout", invocation.Value("timeout") ?? "30s")
        );
        await using var client = await context.ConnectAsync(new SmartIpc.Client.ReconnectPolicy());
        var logs = (await client.ResolveAsync(invocation.Arguments)).Logs;
        using var signals = new FollowSignals();
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            signals.Token,
            deadline.Token
        );
        var waits = logs.Select(log =>
                pattern is null
                    ? WaitForStateAsync(client, log, condition, either.Token)
                    : WaitForLineAsync(client, log, pattern, invocation, either.Token)
            )
            .ToList();
        var results = await Progress.OfAsync(
            context,
            elapsed => RowsOf(logs, waits, condition, limit, elapsed),
            Task.WhenAll(waits)
        );
        if (signals.Signal != 0)
        {
            Launch.LibC.DieBy(signals.Signal);
        }

        Print(context, condition, results);
        return results.Max(result => result.ExitCode);
    }

    private static IReadOnlyList<string> RowsOf(
        IReadOnlyList<LogTarget> logs,
        List<Task<WaitResult>> waits,
        string condition,
        TimeSpan limit,
        TimeSpan elapsed
    ) =>
        [
            .. logs.Where((_, at) => !waits[at].IsCompleted)
                .Select(log =>
                    Progress.RowOf(
                        TerminalSanitizer.Clean($"waiting for {log.Name}: {condition}"),
                        elapsed,
                        limit
                    )
                ),
        ];

    private static void Print(CliContext context, string condition, WaitResult[] results)
    {
        foreach (var result in results)
        {
            if (context.IsJson)
            {
                context.PrintLine(JsonOf(condition, result));
            }
            else if (result.Line is { } line && context.Quiet == 0)
            {
                // A program's bytes: what a terminal would take for a command is made visible.
                context.PrintLine(TerminalSanitizer.Clean(line));
            }

            if (result.Message is { } message)
            {
                context.Say($"tspm: {message}");
            }
        }

        context.Output.Flush();
    }

    private static string JsonOf(string condition, WaitResult result)
    {
        var line = result.Line is { } text ? $",\"line\":\"{JsonEncodedText.Encode(text)}\"" : "";
        return $"{{\"v\":1,\"kind\":\"wait\",\"name\":\"{JsonEncodedText.Encode(result.Name)}\",\"for\":\"{JsonEncodedText.Encode(condition)}\",\"met\":{(result.ExitCode == 0 ? "true" : "false")}{line}}}";
    }

    /// <summary>The expression of <c>log:/re/</c>; null if it is a state.</summary>
    private static string? PatternOf(string condition)
    {
        if (States.Contains(condition))
        {
            return null;
        }

        if (!condition.StartsWith(LogPrefix, StringComparison.Ordinal))
        {
            throw new CliException(
                ExitCodes.Usage,
                $"--for \"{condition}\" is not something to wait for",
                "examples: --for running, --for ready, --for stopped, --for exited, --for 'log:/listening on/'"
            );
        }

        var text = condition[LogPrefix.Length..];
        var isQuoted = text.Length >= 2 && text[0] == '/' && text[^1] == '/';
        text = isQuoted ? text[1..^1] : text;
        return text.Length > 0
            ? text
            : throw new CliException(
                ExitCodes.Usage,
                "--for log: has no expression",
                "example: --for 'log:/listening on/'"
            );
    }

    /// <summary>Looks at the current run from its beginning, then at what comes, until a line matches.</summary>
    private static async Task<WaitResult> WaitForLineAsync(
        TspmIpcClient client,
        LogTarget log,
        string pattern,
        Invocation invocation,
        CancellationToken ct
    )
    {
        var options = new LogFollowOptions
        {
            Tail = long.MaxValue,
            Selection = new LogSelection
            {
                Streams = ["out", "err"],
                Grep = [pattern],
                IgnoreCase = invocation.Has("ignore-case"),
                FirstRun = log.Run,
            },
        };
        await using var follower = new LogFollower(client, [log], options);
        var why = "";
        try
        {
            await foreach (var told in follower.ReadAsync(ct))
            {
                if (told is LogBatch batch)
                {
                    return new WaitResult(log.Name, ExitCodes.Done, null, FirstLineOf(batch));
                }

                why = told is LogEnded ended ? $": its log ended ({ended.Reason})" : why;
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            why = " in time";
        }

        // Not seen is said only if everything was looked at.
        var receipt = follower.Receipts[^1].Receipt;
        return receipt.Lost > 0
            ? new WaitResult(
                log.Name,
                ExitCodes.Gap,
                $"{log.Name}: /{pattern}/ was not seen{why}, but {receipt.Lost} {(receipt.Lost == 1 ? "entry was" : "entries were")} lost between seq {receipt.First} and {receipt.Last}",
                null
            )
            : new WaitResult(
                log.Name,
                ExitCodes.Timeout,
                $"{log.Name}: /{pattern}/ was not seen{why}; {receipt.Filtered} {(receipt.Filtered == 1 ? "entry was" : "entries were")} looked at",
                null
            );
    }

    private static string FirstLineOf(LogBatch batch)
    {
        var bytes = batch.Bytes[..(int)batch.Spans[0].Length];
        var end = bytes.IndexOf((byte)'\n');
        return Encoding.UTF8.GetString(bytes[..(end < 0 ? bytes.Length : end)]).TrimEnd('\r');
    }

    /// <summary>Asks ten times a second.</summary>
    private static async Task<WaitResult> WaitForStateAsync(
        TspmIpcClient client,
        LogTarget log,
        string state,
        CancellationToken ct
    )
    {
        using var timer = new PeriodicTimer(Period, TimeProvider.System);
        try
        {
            do
            {
                if (IsIn(await client.ListAsync([$"{log.Id}"], ct), state))
                {
                    return new WaitResult(log.Name, ExitCodes.Done, null, null);
                }
            } while (await timer.WaitForNextTickAsync(ct));
        }
        catch (TspmException error) when (error.Code == "not-found")
        {
            return new WaitResult(log.Name, ExitCodes.NotFound, $"{log.Name} was deleted", null);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Told below.
        }

        return new WaitResult(
            log.Name,
            ExitCodes.Timeout,
            $"{log.Name} is not {state} in time",
            null
        );
    }

    private static bool IsIn(ProcessesReply reply, string state)
    {
        var process = reply.Processes is [var only] ? only : null;
        var status = process?.Status ?? "";
        return state switch
        {
            "running" => status is "running" or "ready" or "unhealthy",

            // Without a check nothing more is known than that it runs.
            "ready" => status == "ready" || (status == "running" && process is { HasReady: false }),
            "stopped" => status is "stopped" or "exited" or "failed",
            _ => status is "exited" or "failed",
        };
    }

    /// <summary>How the wait for one process ended.</summary>
    private sealed record WaitResult(string Name, int ExitCode, string? Message, string? Line);
}
