namespace Tspm.Protocol.Messages;

/// <summary>A request without fields.</summary>
public sealed record EmptyMessage;

/// <summary>Facts about the daemon.</summary>
public sealed record StatusReply
{
    /// <summary>Its pid.</summary>
    public required int Pid { get; init; }

    /// <summary>The keeper's pid; 0 while there is none.</summary>
    public required int KeeperPid { get; init; }

    /// <summary>Version.</summary>
    public required string Version { get; init; }

    /// <summary>Build id.</summary>
    public required string Build { get; init; }

    /// <summary>Protocol version.</summary>
    public required int Protocol { get; init; }

    /// <summary>32 hex digits, new for every daemon.</summary>
    public required string DaemonId { get; init; }

    /// <summary>The home.</summary>
    public required string Home { get; init; }

    /// <summary>The public socket.</summary>
    public required string Socket { get; init; }

    /// <summary>Seconds since the daemon began.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>Processes in the list.</summary>
    public required int Processes { get; init; }

    /// <summary>Those that run.</summary>
    public required int Running { get; init; }

    /// <summary>Clients connected, this one included.</summary>
    public required int Clients { get; init; }

    /// <summary>Subscriptions.</summary>
    public required int Subscriptions { get; init; }

    /// <summary>Next ord the daemon will read from the journal.</summary>
    public required ulong JournalPosition { get; init; }

    /// <summary>Bytes allocated by the garbage-collected heap since the daemon began.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>The same of the keeper; null while there is none.</summary>
    public long? KeeperAllocatedBytes { get; init; }

    /// <summary>Facts about the keeper; null while there is none.</summary>
    public KeeperView? Keeper { get; init; }

    /// <summary>Programs that ran when the machine or tspm ended and were not started since.</summary>
    public int Resurrectable { get; init; }
}

/// <summary>The keeper as it tells of itself.</summary>
public sealed record KeeperView
{
    /// <summary>Its pid.</summary>
    public int Pid { get; init; }

    /// <summary>Its build.</summary>
    public string Build { get; set; } = "";

    /// <summary>Its version.</summary>
    public string Version { get; set; } = "";

    /// <summary>Seconds since it took the home.</summary>
    public double UptimeSeconds { get; init; }

    /// <summary>How often it went on as another program without ending.</summary>
    public int Reexecs { get; init; }

    /// <summary>How many daemons it has started.</summary>
    public int DaemonStarts { get; init; }

    /// <summary>How the last daemon ended; empty if none has.</summary>
    public string LastDaemonEnd { get; set; } = "";

    /// <summary>Which boot of the machine this is, 16 hex digits.</summary>
    public string Boot { get; set; } = "";

    /// <summary>Programs that live.</summary>
    public int Running { get; init; }

    /// <summary>Where the last upgrade of the daemon is: <c>none</c>, <c>trying</c>, <c>done</c>, <c>failed</c>.</summary>
    public string Upgrade { get; set; } = "none";

    /// <summary>Why it failed; empty if it did not.</summary>
    public string UpgradeNote { get; set; } = "";
}

/// <summary>Shut everything down.</summary>
public sealed record ShutdownRequest
{
    /// <summary>Grace for each program, ms; −1 means its own.</summary>
    public int TimeoutMs { get; set; } = -1;
}

/// <summary>The newest lines of the daemon's own log.</summary>
/// <param name="Tail">How many, 1 to 10,000.</param>
public sealed record DaemonLogsRequest(int Tail);

/// <summary>Lines of the daemon's own log, each a JSON object.</summary>
/// <param name="Lines">Oldest first.</param>
public sealed record DaemonLogsReply(IReadOnlyList<string> Lines);

/// <summary>Who is attached.</summary>
/// <param name="Followers">One per subscription.</param>
public sealed record FollowersReply(IReadOnlyList<FollowerView> Followers);

/// <summary>One subscription as the daemon sees it.</summary>
/// <param name="Client">What the client calls itself.</param>
/// <param name="Pid">The client's pid.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Position">The last seq sent.</param>
/// <param name="Head">The newest seq there is.</param>
/// <param name="SentBytes">Bytes sent in batches.</param>
/// <param name="GapsTold">Gaps told.</param>
/// <param name="Credit">Bytes it may still be sent.</param>
/// <param name="SentEntries">Entries sent.</param>
/// <param name="LagBytes">Bytes not sent yet; −1 if they are too many to be counted.</param>
/// <param name="Policy">If it falls behind: <c>fill</c> from disk, or <c>skip</c> and be told.</param>
public sealed record FollowerView(
    string Client,
    int Pid,
    string Topic,
    long Position,
    long Head,
    long SentBytes,
    long GapsTold,
    long Credit,
    long SentEntries = 0,
    long LagBytes = 0,
    string Policy = ""
);
