using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>What became of every entry: shown + filtered + lost is last − first + 1.</summary>
internal static class ReceiptPrinter
{
    /// <summary>One row per log on stderr; with JSON one object per log.</summary>
    public static void Print(
        CliContext context,
        IReadOnlyList<(LogTarget Log, FollowReceipt Receipt)> receipts
    )
    {
        foreach (var (log, receipt) in receipts)
        {
            context.Say(
                context.IsJson
                    ? $"{{\"v\":1,\"kind\":\"receipt\",\"name\":\"{log.Name}\",\"log\":\"{log.LogId}\",\"first\":{receipt.First},\"last\":{receipt.Last},\"shown\":{receipt.Shown},\"filtered\":{receipt.Filtered},\"lost\":{receipt.Lost},\"recovered\":{receipt.Recovered}}}"
                    : $"{log.Name}: seq {receipt.First}..{receipt.Last}: {receipt.Shown} shown, {receipt.Filtered} filtered, {receipt.Lost} lost, {receipt.Recovered} recovered"
            );
        }
    }
}
