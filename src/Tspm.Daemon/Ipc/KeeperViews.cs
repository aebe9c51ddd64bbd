using Tspm.CaptureLog.Control;
using Tspm.Daemon.Keeper;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>From what the keeper tells to what status shows.</summary>
public static class KeeperViews
{
    /// <summary>Of its facts.</summary>
    public static KeeperView Of(KeeperFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new KeeperView
        {
            Pid = (int)facts.Pid,
            Build = facts.Build,
            Version = facts.Version,
            UptimeSeconds = facts.UptimeMs / 1000.0,
            Reexecs = (int)facts.Reexecs,
            DaemonStarts = (int)facts.DaemonStarts,
            LastDaemonEnd = facts.LastDaemonEnd,
            Boot = System
                .Buffers.Binary.BinaryPrimitives.ReverseEndianness(facts.Boot)
                .ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
            Running = (int)facts.Running,
            Upgrade = facts.Upgrade switch
            {
                UpgradeState.Trying => "trying",
                UpgradeState.Done => "done",
                UpgradeState.Failed => "failed",
                _ => "none",
            },
            UpgradeNote = facts.UpgradeNote,
        };
    }

    /// <summary>Asks a keeper; null if there is none just now, or none that answers before the token ends.</summary>
    internal static async Task<KeeperView?> AskAsync(IKeeper keeper, CancellationToken ct)
    {
        try
        {
            return await keeper.GetFactsAsync(ct) is { } facts ? Of(facts) : null;
        }
        catch (Exception none) when (none is IOException or OperationCanceledException)
        {
            // There is no keeper just now; the daemon's own facts are worth telling without it.
            return null;
        }
    }
}
