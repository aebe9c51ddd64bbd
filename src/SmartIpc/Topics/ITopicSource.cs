using SmartIpc.Connections;
using SmartIpc.Requests;

namespace SmartIpc.Topics;

/// <summary>Knows the topics and opens cursors on them.</summary>
public interface ITopicSource
{
    /// <summary>Opens a cursor, or says why not.</summary>
    /// <remarks>
    /// The waker is registered in the same critical section that reads the head, so that whatever comes after the
    /// position is either read by the cursor or woken for. Wakes before this returns are kept.
    /// </remarks>
    /// <param name="request">What the client asked for.</param>
    /// <param name="waker">To be woken after there is more; valid until the cursor is disposed and harmless after.</param>
    /// <param name="ct">Fires when the connection goes.</param>
    ValueTask<IpcResult<TopicCursor>> OpenAsync(
        SubscribeRequest request,
        ISubscriptionWaker waker,
        CancellationToken ct
    );
}

/// <summary>What a client asked to follow.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Gen">The generation that the client chose.</param>
/// <param name="Options">The options as raw JSON; an object unless the client sent something else.</param>
/// <param name="Peer">Who asks.</param>
public sealed record SubscribeRequest(
    string Topic,
    uint Gen,
    ReadOnlyMemory<byte> Options,
    IpcPeer Peer
);

/// <summary>Tells a subscription that its topic has more. Data first, signal after: a wake carries nothing.</summary>
public interface ISubscriptionWaker
{
    /// <summary>Has the subscription read again.</summary>
    /// <remarks>
    /// From any thread, under any lock: takes no lock, never blocks, does not run the reader, allocates nothing. Wakes
    /// before the next read are one. A wake is never lost: the reader forgets it before it reads.
    /// </remarks>
    void Wake();
}

/// <summary>What a cursor's read gave.</summary>
public enum TopicReadKind
{
    /// <summary>Nothing new; read again after a wake.</summary>
    Idle,

    /// <summary>The frame has a payload.</summary>
    Data,

    /// <summary><see cref="TopicFrame.Gap"/> is set; read again.</summary>
    Gap,

    /// <summary>The head was reached for the first time; <see cref="TopicFrame.CaughtUpAt"/> is set. Read again.</summary>
    CaughtUp,

    /// <summary>The topic is gone; <see cref="TopicFrame.EndReason"/> is set.</summary>
    Ended,
}

/// <summary>A range that the reader does not get.</summary>
/// <param name="From">First number lost.</param>
/// <param name="To">Last number lost.</param>
/// <param name="Count">How many are lost in the range.</param>
/// <param name="Epoch">The epoch of the numbers.</param>
/// <param name="Reason">Why, as a word of the contract.</param>
/// <param name="Recoverable">Where it still can be had: <c>disk</c> or <c>none</c>.</param>
public readonly record struct TopicGap(
    long From,
    long To,
    long Count,
    long Epoch,
    string Reason,
    string Recoverable
);
