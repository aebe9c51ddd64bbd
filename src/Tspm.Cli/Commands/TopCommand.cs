using SmartIpc.Client;
using Tspm.Cli.CommandLine;
using Tspm.Cli.FullScreen.Driver;
using Tspm.Cli.FullScreen.Top;
using Tspm.Cli.Launch;
using Tspm.Cli.Terminal;
using Tspm.Client;

namespace Tspm.Cli.Commands;

/// <summary><c>top</c>: a live table on a terminal, a table or JSON per interval elsewhere.</summary>
internal static class TopCommand
{
    private const int MinPeriodMs = 100;
    private const int DefaultPeriodMs = 1_000;
    private static readonly TimeSpan SecondSample = TimeSpan.FromSeconds(2);

    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var form = invocation.Has("json")
            ? "json"
            : invocation.Choice("output", ["table", "json", "jsonl"], "table");
        var period = invocation.Value("interval") is { } text
            ? Math.Max(MinPeriodMs, SpecBuilder.ParseDuration("interval", text))
            : DefaultPeriodMs;
        var columns = TopState.Orders.Select(one => one.Column).ToList();
        var state = new TopState
        {
            Order = invocation.Choice("sort", columns, "cpu"),
            Filter = invocation.Value("filter") ?? "",
            HasUnicode = TerminalFacts.IsUtf8Locale(Environment.GetEnvironmentVariable),
        };
        var isLive = form == "table" && !invocation.Has("once") && context.OutputFacts.IsTerminal;
        if (isLive)
        {
            ScreenSession.Check(context, "tspm top", "tspm top --once");
        }

        await using var client = await context.ConnectAsync(
            invocation.Has("once") ? null : new ReconnectPolicy()
        );
        var time = TimeSpan.FromMilliseconds(period);
        return isLive
            ? await ShowAsync(context, client, state, time)
            : await PrintAsync(context, client, state, time, form);
    }

    private static async Task<int> ShowAsync(
        CliContext context,
        TspmIpcClient client,
        TopState state,
        TimeSpan period
    )
    {
        var loop = new TopLoop(context, client, state, period)
        {
            Select = context.Invocation.Arguments,
        };
        using (loop)
        {
            await loop.RunAsync();
        }

        return loop.ExitCode();
    }

    private static async Task<int> PrintAsync(
        CliContext context,
        TspmIpcClient client,
        TopState state,
        TimeSpan period,
        string form
    )
    {
        using var signals = new FollowSignals();
        var select = context.Invocation.Arguments;
        var time = TimeProvider.System;
        try
        {
            state = await FirstLookAsync(client, state, select, signals.Token);
            while (true)
            {
                context.Print(
                    form == "table"
                        ? TopTable.Format(state, context.OutputFacts.Width)
                        : TopJson.Format(state) + "\n"
                );
                context.Output.Flush();
                if (context.Invocation.Has("once"))
                {
                    return ExitCodes.Done;
                }

                await Task.Delay(period, time, signals.Token);
                state = state.After(await TopLoop.ReadAsync(client, select, time, signals.Token));
            }
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            LibC.DieBy(signals.Signal);
            return ExitCodes.Signal + signals.Signal;
        }
    }

    // What is printed per second is known from the second sample on; a program that lives for a moment never has one.
    private static async Task<TopState> FirstLookAsync(
        TspmIpcClient client,
        TopState state,
        IReadOnlyList<string> select,
        CancellationToken ct
    )
    {
        var time = TimeProvider.System;
        var begin = time.GetTimestamp();
        while (true)
        {
            state = state.After(await TopLoop.ReadAsync(client, select, time, ct));
            var isKnown = state.Rows.All(row => row.View.Pid is null || !double.IsNaN(row.Rate));
            if (isKnown || time.GetElapsedTime(begin) > SecondSample)
            {
                return state;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(MinPeriodMs), time, ct);
        }
    }
}
