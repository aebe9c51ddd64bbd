using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>logs --reverse</c>: the newest entry first, over all logs in one order.</summary>
internal static class ReverseCommand
{
    /// <summary>Prints.</summary>
    public static async Task<int> PrintAsync(
        CliContext context,
        TspmIpcClient client,
        IReadOnlyList<LogTarget> logs,
        LogFollowOptions options,
        LogPrinterOptions printing
    )
    {
        using var signals = new FollowSignals();
        var printer = new LogPrinter(printing, context.Output, context.Errors);
        var limit = ByteLimit.Read(context.Invocation);
        var hasGap = false;
        var printed = logs.ToDictionary(
            log => log.Id,
            log => printer.Add(new LogIdentity(log.Id, log.Ns, log.Name, log.LogId))
        );
        var reader = new LogBackwards(client, logs, options);
        await foreach (var told in reader.ReadAsync(signals.Token))
        {
            if (told is LogGap gap)
            {
                hasGap = true;
                printer.WriteGap(printed[gap.Log.Id], gap.From, gap.To, gap.Reason);
            }
            else if (told is LogBatch batch)
            {
                Print(printer, printed[batch.Log.Id], batch, limit);
            }

            if (limit is { IsOver: true })
            {
                context.Say("tspm: that was --limit-bytes; there is more");
                break;
            }
        }

        printer.End();
        context.Output.Flush();
        context.Errors.Flush();
        return hasGap && context.Invocation.Has("fail-on-gap") ? ExitCodes.Gap : ExitCodes.Done;
    }

    /// <summary>The entries of a batch, the last one first.</summary>
    private static void Print(LogPrinter printer, PrintedLog log, LogBatch batch, ByteLimit? limit)
    {
        var spans = batch.Spans;
        var bytes = batch.Bytes;
        for (var i = spans.Length - 1; i >= 0; i--)
        {
            var rest = bytes[^(int)spans[i].Length..];
            bytes = bytes[..^(int)spans[i].Length];
            for (var seq = spans[i].Seq + spans[i].Count - 1; seq >= spans[i].Seq; seq--)
            {
                // All but the first begin after a newline.
                var from = seq == spans[i].Seq ? 0 : rest[..^1].LastIndexOf((byte)'\n') + 1;
                var entry = rest[from..];
                rest = rest[..from];
                var one = spans[i];
                (one.Seq, one.Count, one.Length) = (seq, 1, (uint)entry.Length);
                ReadOnlySpan<WireSpan> alone = limit is null ? [one] : limit.Take([one], entry);
                printer.Write(log, batch.Header.Epoch, alone, entry, batch.RunIdOf);
                if (limit is { IsOver: true })
                {
                    return;
                }
            }
        }
    }
}
