using System.Text.Json;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Commands;

/// <summary>What became of every entry: shown + filtered + lost is last − first + 1 + truncated.</summary>
internal static class ReceiptPrinter
{
    /// <summary>One row per log on stderr; with JSON one object per log.</summary>
    public static void Print(
        CliContext context,
        IReadOnlyList<(LogTarget Log, FollowReceipt Receipt)> receipts
    )
    {
        for (var i = 0; i < receipts.Count; i++)
        {
            var (log, receipt) = receipts[i];
            var isReplaced = receipts.Skip(i + 1).Any(one => IsSameName(one.Log, log));
            if (isReplaced && receipt.First == 0)
            {
                // A cursor in a log that is gone: nothing of it was passed.
                continue;
            }

            context.Say(
                context.IsJson
                    ? $"{{\"v\":1,\"kind\":\"receipt\",\"name\":\"{JsonEncodedText.Encode(log.Name)}\",\"log\":\"{log.LogId}\",\"firstRun\":{receipt.FirstRun},\"lastRun\":{receipt.LastRun},\"first\":{receipt.First},\"last\":{receipt.Last},\"shown\":{receipt.Shown},\"filtered\":{receipt.Filtered},\"lost\":{receipt.Lost},\"recovered\":{receipt.Recovered},\"truncated\":{receipt.Truncated}}}"
                    : TextOf(
                        isReplaced ? $"{log.Name} (before it was made again)" : log.Name,
                        receipt
                    )
            );
        }
    }

    private static bool IsSameName(LogTarget one, LogTarget other) =>
        (one.Ns, one.Name) == (other.Ns, other.Name);

    private static string TextOf(string name, FollowReceipt receipt)
    {
        var runs =
            receipt.FirstRun == receipt.LastRun
                ? $"run {receipt.LastRun}"
                : $"runs {receipt.FirstRun}..{receipt.LastRun}";
        var range = receipt.First == 0 ? "" : $"{runs}, seq {receipt.First}..{receipt.Last}: ";
        var truncated = receipt.Truncated > 0 ? $", {receipt.Truncated} truncated" : "";
        return $"{name}: {range}{receipt.Shown} shown, {receipt.Filtered} filtered, {receipt.Lost} lost, {receipt.Recovered} recovered{truncated}";
    }
}
