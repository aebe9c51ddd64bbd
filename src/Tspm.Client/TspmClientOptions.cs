using SmartIpc.Client;

namespace Tspm.Client;

/// <summary>How a client reaches a daemon.</summary>
public sealed record TspmClientOptions
{
    /// <summary>The daemon's socket.</summary>
    public required string SocketPath { get; init; }

    /// <summary>What the client calls itself, as <c>my-tool/1.0</c>.</summary>
    public string ClientName { get; init; } = "tspm-client";

    /// <summary>The build told to the daemon.</summary>
    public string BuildId { get; init; } = "";

    /// <summary>How long a request waits for its answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the daemon may take to accept a connection and to greet; a machine that is busy takes long for both.</summary>
    public TimeSpan GreetTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What happens when the connection is lost. A daemon is never started by this.</summary>
    public ReconnectPolicy Reconnect { get; init; } = new();

    /// <summary>After so long without a word from the daemon it is asked whether it lives.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>It answers that within this time, else the connection is dropped and made again.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Told at each change of the connection; must be quick.</summary>
    public Action<SmartIpc.Client.ConnectionChange>? OnConnectionChange { get; init; }

    /// <summary>Asked with the bytes of a batch whether the reader that waits for it goes on in the receive loop; null for never.</summary>
    /// <remarks>Fewer threads wake for a batch then, but a reader that blocks stops the loop.</remarks>
    public Func<int, bool>? RunsReaderInline { get; init; }
}
