using Tspm.CaptureLog;

namespace Tspm.Keeper;

/// <summary>How a keeper runs.</summary>
public sealed record KeeperOptions
{
    /// <summary>Its home.</summary>
    public required HomePaths Home { get; init; }

    /// <summary>The daemon's program and arguments.</summary>
    public required IReadOnlyList<string> DaemonCommand { get; init; }

    /// <summary>Told to the daemon.</summary>
    public required string BuildId { get; init; }

    /// <summary>What this program is and understands; a program that is to take its place must understand it.</summary>
    public required BuildReport Build { get; init; }

    /// <summary>This very program and the arguments before its command.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>The descriptor with what the keeper was before it went on as this program; −1 if it begins.</summary>
    public int Handover { get; init; } = -1;

    /// <summary>Its daemon starts what ran when the machine or tspm ended.</summary>
    public bool Resurrect { get; init; }

    /// <summary>Data files are synced at most this often.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A daemon that does not answer for so long is replaced.</summary>
    public TimeSpan DaemonTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>How a keeper ends.</summary>
public static class KeeperExitCodes
{
    /// <summary>As it was asked to.</summary>
    public const int Done = 0;

    /// <summary>It failed; the text is on the ready pipe and in keeper.log.</summary>
    public const int Failed = 1;

    /// <summary>The home is not safely ours.</summary>
    public const int Refused = 5;

    /// <summary>Another keeper has the home.</summary>
    public const int LostLock = 75;

    /// <summary>A daemon ends so if another daemon has the home; it is not restarted.</summary>
    public const int DaemonLostLock = 76;

    /// <summary>A daemon ends so to be replaced at once.</summary>
    public const int DaemonReplace = 77;
}
