using SmartIpc.Framing;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Connections;

/// <summary>What all connections of a server share.</summary>
internal sealed class ServerShared(
    IpcServerOptions options,
    RequestTable requests,
    ITopicSource topics,
    IIpcObserver observer
)
{
    public IpcServerOptions Options { get; } = options;

    public RequestTable Requests { get; } = requests;

    public ITopicSource Topics { get; } = topics;

    public IIpcObserver Observer { get; } = observer;

    public IpcCounters Counters { get; } = new();

    public ReadableWatch Watch { get; } = new();

    public SubscriptionLimits Limits { get; } =
        new(options.MaxSubscriptions, options.MaxBatchBytes);

    /// <summary>How often deadlines are looked at.</summary>
    public TimeSpan TickInterval { get; } =
        TimeSpan.FromTicks(
            Math.Min(options.HeartbeatInterval.Ticks / 5, options.HandshakeDeadline.Ticks / 2)
        );

    /// <summary>After so much silence a bookmark is due, so that with the tick it is out within the heartbeat.</summary>
    public TimeSpan RemindAfter => Options.HeartbeatInterval - TickInterval;

    public void Refuse(FramePump connection, IpcPeer peer, string code, string message)
    {
        Counters.CountRefused();
        Observer.OnRefused(peer.Pid, peer.Uid, code);
        connection.Close(
            new CloseReason(code, message),
            ControlWriter.Refuse(code, message, Options.ProtocolMin, Options.ProtocolMax)
        );
    }
}
