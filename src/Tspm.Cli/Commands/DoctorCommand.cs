using System.Globalization;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Launch;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>doctor logs</c>: a numbered canary through pipe, keeper, daemon, socket and follower.</summary>
internal static class DoctorCommand
{
    /// <summary>Runs the command.</summary>
    public static async Task<int> LogsAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        var lines = (int)invocation.Number("lines", 1, 10_000_000, 2_000);
        var burst = (int)invocation.Number("burst", 0, 10_000_000, 100_000);
        var perSecond = invocation.Number("rate", 1, 1_000_000, 1_000);
        var limit = TimeSpan.FromMilliseconds(
            SpecBuilder.ParseDuration("timeout", invocation.Value("timeout") ?? "30s")
        );
        var command = CommandOf(lines, burst, perSecond);
        await using var client = await context.ConnectToFollowAsync(
            new SmartIpc.Client.ReconnectPolicy()
        );
        var taken = (await client.ListAsync([])).Processes.Select(one => one.Name).ToList();
        var spec = SpecBuilder.Build(invocation, command, false, taken, RestartPolicies.Never);
        spec = spec with { Name = $"doctor-{Environment.ProcessId}" };
        var reply = await client.StartAsync(new StartRequest { Spec = spec, Temporary = true });
        if (reply.Results is not [{ Error: null, Process: { } process }])
        {
            return ActionPrinter.Print(context, reply.Results);
        }

        using var signals = new FollowSignals();
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        var tally = new CanaryTally(lines, lines + burst);
        FollowReceipt receipt;
        try
        {
            receipt = await FollowAsync(client, process, tally, lines + burst, signals, deadline);
        }
        finally
        {
            await client.DeleteAsync(new DeleteRequest { Select = [$"{process.Id}"] });
        }

        if (signals.Signal != 0)
        {
            LibC.DieBy(signals.Signal);
        }

        Print(context, tally, receipt, lines, burst);
        var isSound =
            tally is { Missing: 0, Repeated: 0, OutOfOrder: 0, Foreign: 0 } && receipt.Lost == 0;
        return isSound ? ExitCodes.Done
            : deadline.IsCancellationRequested ? ExitCodes.Timeout
            : ExitCodes.Failed;
    }

    private static IReadOnlyList<string> CommandOf(long lines, long burst, long perSecond) =>
        SelfCommand.With(
            "__canary",
            "--lines",
            Text(lines),
            "--burst",
            Text(burst),
            "--rate",
            Text(perSecond)
        );

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task<FollowReceipt> FollowAsync(
        TspmIpcClient client,
        ProcessView process,
        CanaryTally tally,
        long total,
        FollowSignals signals,
        CancellationTokenSource deadline
    )
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            signals.Token,
            deadline.Token
        );
        var logs = (await client.ResolveAsync([$"{process.Id}"])).Logs;
        var options = new LogFollowOptions
        {
            Tail = long.MaxValue,
            Selection = new LogSelection { Streams = ["out", "event"] },
        };
        await using var follower = new LogFollower(client, logs, options);
        try
        {
            await foreach (var told in follower.ReadAsync(either.Token))
            {
                if (told is LogBatch batch)
                {
                    Take(batch, tally);
                    if (RunExit.Find(batch, process.Run) is not null)
                    {
                        break;
                    }
                }

                if (told is LogEnded || tally.Received == total)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // What has come by then is reported.
        }

        return follower.Receipts[^1].Receipt;
    }

    private static void Take(LogBatch batch, CanaryTally tally)
    {
        var now = CanaryCommand.Now;
        var rest = batch.Bytes;
        foreach (ref readonly var span in batch.Spans)
        {
            var lines = rest[..(int)span.Length];
            rest = rest[(int)span.Length..];
            if (span.Stream != 0)
            {
                continue;
            }

            while (!lines.IsEmpty)
            {
                var end = lines.IndexOf((byte)'\n');
                tally.Take(end < 0 ? lines : lines[..end], now);
                lines = end < 0 ? [] : lines[(end + 1)..];
            }
        }
    }

    private static void Print(
        CliContext context,
        CanaryTally tally,
        FollowReceipt receipt,
        int lines,
        int burst
    )
    {
        var (first, last) = tally.Burst;
        var perSecond = burst > 0 && last > first ? burst * 1e9 / (last - first) : 0;
        var (p50, p99, max) = (tally.LatencyOf(0.5), tally.LatencyOf(0.99), tally.LatencyOf(1));
        if (context.IsJson)
        {
            context.PrintLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{{\"v\":1,\"kind\":\"doctor-logs\",\"sent\":{lines + burst},\"received\":{tally.Received},\"missing\":{tally.Missing},\"repeated\":{tally.Repeated},\"outOfOrder\":{tally.OutOfOrder},\"foreign\":{tally.Foreign},\"toldLost\":{receipt.Lost},\"latencyP50Ns\":{p50},\"latencyP99Ns\":{p99},\"latencyMaxNs\":{max},\"burstLinesPerSecond\":{perSecond:0}}}"
                )
            );
        }
        else
        {
            context.Print(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    pipe, keeper, daemon, socket, follower:
                      lines      {lines
                        + burst:#,0} sent, {tally.Received:#,0} received, {tally.Missing:#,0} missing
                      order      {tally.Repeated:#,0} repeated, {tally.OutOfOrder:#,0} out of order, {tally.Foreign:#,0} foreign
                      told       {receipt.Lost:#,0} {(receipt.Lost == 1 ? "entry as a gap" : "entries as gaps")}
                      latency    p50 {p50 / 1e3:0} us, p99 {p99 / 1e3:0} us, longest {max
                        / 1e3:0} us ({lines:#,0} paced lines, write to reader)
                      burst      {perSecond:#,0} lines/s ({burst:#,0} {(burst == 1 ? "line" : "lines, one write each")})

                    """
                )
            );
        }

        context.Output.Flush();
    }
}
