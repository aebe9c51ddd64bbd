using SmartIpc.Interop;

namespace SmartIpc.Client;

/// <summary>How a client connects and how long it waits.</summary>
public sealed record IpcClientOptions
{
    /// <summary>The server's socket.</summary>
    public required string SocketPath { get; init; }

    /// <summary>What the client calls itself, as <c>tspm/0.1.0</c>.</summary>
    public string ClientName { get; init; } = "smartipc";

    /// <summary>The build told in the hello.</summary>
    public string BuildId { get; init; } = "";

    /// <summary>Features asked for in the hello.</summary>
    public IReadOnlyList<string> Wants { get; init; } = [];

    /// <summary>The oldest protocol spoken.</summary>
    public int ProtocolMin { get; init; } = 1;

    /// <summary>The newest protocol spoken.</summary>
    public int ProtocolMax { get; init; } = 1;

    /// <summary>The server accepts within this time.</summary>
    public TimeSpan ConnectDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The server answers the hello within this time.</summary>
    public TimeSpan HandshakeDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a request waits if the call does not say.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What happens after a connection is lost.</summary>
    public ReconnectPolicy Reconnect { get; init; } = new();

    /// <summary>After so long without a frame the client pings.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The server answers a ping within this time, else the connection is dropped.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest payload the client takes, in bytes.</summary>
    public int MaxFrameBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Requests that may be open; the next one waits for its turn.</summary>
    public int MaxOpenRequests { get; init; } = 64;

    /// <summary>Time for deadlines and back-off.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Asked with the bytes of a message's payload whether the reader that waits for it goes on in the receive loop; null for never.</summary>
    /// <remarks>
    /// With it the receive loop is a thread of its own that sleeps on the socket, so that such a message costs one wake-up in place of
    /// three. A reader that goes on there must not block: nothing is received meanwhile.
    /// </remarks>
    public Func<int, bool>? RunsReaderInline { get; init; }

    /// <summary>Called at each change of the connection, in order, not under a lock; must be quick.</summary>
    public Action<ConnectionChange>? OnConnectionChange { get; init; }

    /// <summary>The user that the socket and the server must belong to; a test puts another one here.</summary>
    internal uint ExpectedUid { get; init; } = NativeMethods.GetEffectiveUserId();

    /// <summary>Gives the jitter of a retry, from 0 to 1; a test fixes it.</summary>
    internal Func<double> Roll { get; init; } = Random.Shared.NextDouble;

    /// <summary>Throws for an option out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option and what is allowed.</exception>
    public void Validate()
    {
        Require(!string.IsNullOrEmpty(SocketPath), nameof(SocketPath), "a path");
        Require(
            ProtocolMin >= 1 && ProtocolMax >= ProtocolMin,
            nameof(ProtocolMax),
            "ProtocolMin or more, from 1"
        );
        Require(ConnectDeadline > TimeSpan.Zero, nameof(ConnectDeadline), "more than 0");
        Require(HandshakeDeadline > TimeSpan.Zero, nameof(HandshakeDeadline), "more than 0");
        Require(RequestTimeout > TimeSpan.Zero, nameof(RequestTimeout), "more than 0");
        Require(SilenceTimeout > TimeSpan.Zero, nameof(SilenceTimeout), "more than 0");
        Require(PongTimeout > TimeSpan.Zero, nameof(PongTimeout), "more than 0");
        Require(MaxFrameBytes is >= 4096 and <= 64 << 20, nameof(MaxFrameBytes), "4 KiB to 64 MiB");
        Require(MaxOpenRequests is >= 1 and <= 64, nameof(MaxOpenRequests), "1 to 64");
        Require(
            Reconnect.Initial > TimeSpan.Zero,
            nameof(Reconnect),
            "with an Initial of more than 0"
        );
        Require(
            Reconnect.Cap >= Reconnect.Initial,
            nameof(Reconnect),
            "with a Cap of Initial or more"
        );
        Require(Reconnect.Factor >= 1, nameof(Reconnect), "with a Factor of 1 or more");
        Require(
            Reconnect.Jitter is >= 0 and < 1,
            nameof(Reconnect),
            "with a Jitter from 0 to below 1"
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

/// <summary>How a lost connection is made again.</summary>
public sealed record ReconnectPolicy
{
    /// <summary>A client that ends with its connection.</summary>
    public static ReconnectPolicy None { get; } = new() { IsEnabled = false };

    /// <summary>Whether it is made again at all.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The first wait.</summary>
    public TimeSpan Initial { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Each wait is so many times the one before.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The longest wait.</summary>
    public TimeSpan Cap { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A wait is so much shorter or longer by chance, as a fraction.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>A connection that was up so long starts again at the first wait.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After so long without a connection the client closes; null means never.</summary>
    public TimeSpan? GiveUpAfter { get; init; }
}
