namespace SmartIpc.Connections;

/// <summary>How a server listens and what it allows.</summary>
public sealed record IpcServerOptions
{
    /// <summary>Where the socket is made; its directory exists and belongs to us.</summary>
    public required string SocketPath { get; init; }

    /// <summary>Names this life of the server.</summary>
    public required string DaemonId { get; init; }

    /// <summary>Connections at one time; the next one is refused as busy.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>The longest payload a client may send, in bytes.</summary>
    public int MaxFrameBytes { get; init; } = 256 * 1024;

    /// <summary>Methods whose requests may be longer, in bytes.</summary>
    public IReadOnlyDictionary<ushort, int> MethodFrameLimits { get; init; } =
        new Dictionary<ushort, int> { [4] = 4 * 1024 * 1024 };

    /// <summary>The longest reply, in bytes.</summary>
    public int MaxReplyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long a frame with a batch becomes, in bytes; one entry that is longer is sent alone.</summary>
    public int MaxBatchBytes { get; init; } = 256 * 1024;

    /// <summary>What a batch may have more, for an entry that is longer, in bytes.</summary>
    public int BatchHeadroomBytes { get; init; } = 64 * 1024;

    /// <summary>A client says hello within this time.</summary>
    public TimeSpan HandshakeDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Each subscription hears something at least this often.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A client that takes nothing for so long, while there is something for it, is closed.</summary>
    public TimeSpan StuckDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests that one connection may have open.</summary>
    public int MaxOpenRequests { get; init; } = 64;

    /// <summary>Subscriptions of all connections together.</summary>
    public int MaxSubscriptions { get; init; } = 10_000;

    /// <summary>The oldest protocol spoken.</summary>
    public int ProtocolMin { get; init; } = 1;

    /// <summary>The newest protocol spoken.</summary>
    public int ProtocolMax { get; init; } = 1;

    /// <summary>The version told in the welcome.</summary>
    public string Version { get; init; } = "";

    /// <summary>The build told in the welcome.</summary>
    public string BuildId { get; init; } = "";

    /// <summary>The features told in the welcome.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Whether root may connect besides our own user.</summary>
    public bool AllowRootPeer { get; init; }

    /// <summary>What the kernel may hold of what was sent and not read, in bytes; it may allow less.</summary>
    public int SendBufferBytes { get; init; } = 1024 * 1024;

    /// <summary>Time for deadlines and heartbeats.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where a peer's numbers come from; a test puts another user here.</summary>
    internal Func<System.Net.Sockets.Socket, PeerCredentials> ReadPeer { get; init; } =
        PeerCredentials.Read;

    /// <summary>Called when a subscription has read nothing and is about to park; a test wakes there.</summary>
    internal Action? AfterIdleSeam { get; init; }

    /// <summary>Throws for an option out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option and what is allowed.</exception>
    public void Validate()
    {
        Require(!string.IsNullOrEmpty(SocketPath), nameof(SocketPath), "a path");
        Require(!string.IsNullOrEmpty(DaemonId), nameof(DaemonId), "a name");
        Require(MaxConnections is >= 1 and <= 65_536, nameof(MaxConnections), "1 to 65,536");
        Require(MaxFrameBytes is >= 4096 and <= 64 << 20, nameof(MaxFrameBytes), "4 KiB to 64 MiB");
        Require(MaxReplyBytes is >= 4096 and <= 64 << 20, nameof(MaxReplyBytes), "4 KiB to 64 MiB");
        Require(MaxBatchBytes is >= 4096 and <= 16 << 20, nameof(MaxBatchBytes), "4 KiB to 16 MiB");
        Require(
            BatchHeadroomBytes is >= 1024 and <= 16 << 20,
            nameof(BatchHeadroomBytes),
            "1 KiB to 16 MiB"
        );
        Require(HandshakeDeadline > TimeSpan.Zero, nameof(HandshakeDeadline), "more than 0");
        Require(HeartbeatInterval > TimeSpan.Zero, nameof(HeartbeatInterval), "more than 0");
        Require(StuckDeadline > TimeSpan.Zero, nameof(StuckDeadline), "more than 0");
        Require(MaxOpenRequests is >= 1 and <= 1024, nameof(MaxOpenRequests), "1 to 1,024");
        Require(
            MaxSubscriptions is >= 1 and <= 1_000_000,
            nameof(MaxSubscriptions),
            "1 to 1,000,000"
        );
        Require(
            ProtocolMin >= 1 && ProtocolMax >= ProtocolMin,
            nameof(ProtocolMax),
            "ProtocolMin or more, from 1"
        );
        Require(
            SendBufferBytes is >= 4096 and <= 64 << 20,
            nameof(SendBufferBytes),
            "4 KiB to 64 MiB"
        );
    }

    private static void Require(bool isMet, string option, string range)
    {
        if (!isMet)
        {
            throw new ArgumentException($"{option} must be {range}.", nameof(option));
        }
    }
}
