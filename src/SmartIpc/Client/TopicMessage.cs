using SmartIpc.Framing;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Client;

/// <summary>One thing that a subscription tells its reader, who disposes it.</summary>
public readonly struct TopicMessage : IDisposable
{
    /// <summary>What it is.</summary>
    public TopicMessageKind Kind { get; internal init; }

    /// <summary>The generation it belongs to.</summary>
    public uint Gen { get; internal init; }

    /// <summary>The payload of Subscribed, Batch and Bookmark; else null.</summary>
    public FrameLease? Payload { get; internal init; }

    /// <summary>The range of a Gap.</summary>
    public TopicGap Gap { get; internal init; }

    /// <summary>The head at CaughtUp; which connection of the client it is, from 1, at Subscribed, Detached and Resumed.</summary>
    public long At { get; internal init; }

    /// <summary>Why, at Detached and Ended.</summary>
    public string Reason { get; internal init; }

    /// <summary>What the server said, at Refused.</summary>
    public IpcError? Error { get; internal init; }

    /// <summary>At Resumed: another life of the server than before.</summary>
    public bool HasDaemonChanged { get; internal init; }

    /// <summary>Gives the payload and its credit back; harmless to repeat.</summary>
    public void Dispose() => Payload?.Dispose();
}
