using System.Text.Json;
using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary><c>flush</c> and <c>logs verify</c>: what is stored.</summary>
internal static class StoreCommands
{
    /// <summary><c>flush</c>.</summary>
    public static async Task<int> FlushAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        if (invocation.Arguments.Count == 0)
        {
            throw new CliException(ExitCodes.Usage, "flush: which process?", "see: tspm list");
        }

        var request = new FlushRequest
        {
            Select = invocation.Arguments,
            Before = ReadBefore(invocation),
        };
        Confirmation.Require(
            context,
            $"take stored entries of {string.Join(' ', invocation.Arguments)} from the disk?"
        );
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            "taking stored entries from the disk",
            null,
            client.FlushAsync(request)
        );
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(reply, ProtocolJsonContext.Default.FlushReply)
            );
        }

        foreach (var result in context.IsJson ? [] : reply.Results)
        {
            var name = TerminalSanitizer.Clean($"{result.Ns}/{result.Name}");
            context.PrintLine(
                result.Error is { } why
                    ? $"{name}: not flushed: {TerminalSanitizer.Clean(why)}"
                    : $"{name}: {Counted.Of(result.Entries, "entry", "entries")} flushed, {ByteSizes.FormatLong(result.Bytes)} of disk free"
            );
        }

        context.Output.Flush();
        var failed = reply.Results.Count(result => result.Error is not null);
        return failed == 0 ? ExitCodes.Done
            : failed == reply.Results.Count ? ExitCodes.Failed
            : ExitCodes.Partly;
    }

    /// <summary><c>logs verify</c>.</summary>
    public static async Task<int> VerifyAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        await using var client = await context.ConnectAsync();
        var reply = await Progress.OfAsync(
            context,
            "checking what is stored",
            null,
            client.VerifyAsync(invocation.Arguments)
        );
        if (context.IsJson)
        {
            context.PrintLine(
                JsonSerializer.Serialize(reply, ProtocolJsonContext.Default.VerifyReply)
            );
        }

        foreach (var log in context.IsJson ? [] : reply.Logs)
        {
            Print(context, log);
        }

        context.Output.Flush();
        return reply.Logs.Any(log => log.IsDamaged) ? ExitCodes.Damaged : ExitCodes.Done;
    }

    private static void Print(CliContext context, VerifiedLog log)
    {
        var name = TerminalSanitizer.Clean($"{log.Ns}/{log.Name}");
        var verdict = log.IsDamaged ? "DAMAGED" : "good";
        context.PrintLine(
            $"{name}: {verdict}; {Counted.Of(log.Entries, "entry", "entries")}, {ByteSizes.FormatLong(log.Bytes)} checked"
        );
        foreach (var problem in log.Problems)
        {
            context.PrintLine($"  {TerminalSanitizer.Clean(problem)}");
        }

        foreach (var finding in log.Findings)
        {
            context.PrintLine(
                $"  seq {finding.From}..{finding.To}: {finding.Reason}: {TerminalSanitizer.Clean(finding.What)}"
            );
        }
    }

    private static long? ReadBefore(Invocation invocation)
    {
        if (invocation.Value("before") is not { } text)
        {
            return null;
        }

        var zone = invocation.Has("utc") ? TimeZoneInfo.Utc : TimeZoneInfo.Local;
        var before = TimeText.Parse(text, TimeProvider.System.GetUtcNow(), zone);
        return (before - DateTimeOffset.UnixEpoch).Ticks;
    }
}
