namespace SmartIpc.Connections;

/// <summary>The other side of a connection.</summary>
/// <param name="Pid">Process id by the kernel; for logging only, it may be used again.</param>
/// <param name="Uid">User id by the kernel.</param>
/// <param name="ClientName">What it calls itself; not to be trusted.</param>
/// <param name="BuildId">The build it says it is of; not to be trusted.</param>
/// <param name="ConnectedAt">When it was accepted.</param>
public sealed record IpcPeer(
    int Pid,
    uint Uid,
    string ClientName,
    string BuildId,
    DateTimeOffset ConnectedAt
);

/// <summary>A connection and what it follows.</summary>
/// <param name="Peer">Who it is.</param>
/// <param name="OpenRequests">Requests that are being answered.</param>
/// <param name="Subscriptions">What it follows.</param>
public sealed record PeerFacts(
    IpcPeer Peer,
    int OpenRequests,
    IReadOnlyList<SubscriptionFacts> Subscriptions
);

/// <summary>A subscription as the followers table shows it.</summary>
/// <param name="Topic">What is followed.</param>
/// <param name="Gen">Its generation.</param>
/// <param name="Position">The last entry handed out.</param>
/// <param name="Head">The topic's newest entry.</param>
/// <param name="SentBytes">Payload of batches sent, in bytes.</param>
/// <param name="SentEntries">Entries sent, as the cursor counted.</param>
/// <param name="GapsTold">Gap frames sent.</param>
/// <param name="CreditLeft">Bytes that the client still takes; negative after a batch that went over.</param>
/// <param name="LagBytes">Bytes not handed out yet; −1 if they are too many to be counted.</param>
/// <param name="Policy">What is done about a reader that falls behind.</param>
public sealed record SubscriptionFacts(
    string Topic,
    uint Gen,
    long Position,
    long Head,
    long SentBytes,
    long SentEntries,
    long GapsTold,
    long CreditLeft,
    long LagBytes = 0,
    string Policy = ""
);
