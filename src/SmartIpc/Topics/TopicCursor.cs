using System.Buffers;

namespace SmartIpc.Topics;

/// <summary>A reader's place in a topic. SmartIpc pulls; nothing is pushed and nothing queues per reader.</summary>
/// <remarks>
/// <see cref="Read"/>, <see cref="WriteBookmark"/> and <see cref="Dispose()"/> are called by one thread at a time.
/// <see cref="Position"/> and <see cref="Head"/> may be read by any thread, also after the end.
/// </remarks>
public abstract class TopicCursor : IDisposable
{
    /// <summary>The number of the last entry that was handed out.</summary>
    public abstract long Position { get; }

    /// <summary>The number of the topic's newest entry.</summary>
    public abstract long Head { get; }

    /// <summary>Bytes that are not handed out yet; −1 if they are too many to be counted. Any thread.</summary>
    public virtual long CountLagBytes() => 0;

    /// <summary>In a word, what it does about a reader that falls behind.</summary>
    public virtual string Policy => "";

    /// <summary>Writes the <c>info</c> object of the subscribed frame; called once, before any read.</summary>
    /// <param name="json">Takes one JSON object.</param>
    public abstract void WriteSubscribed(IBufferWriter<byte> json);

    /// <summary>Fills at most one frame with what comes next.</summary>
    /// <param name="frame">An empty frame. A batch begins with 16 bytes that SmartIpc sets: u32 gen, 4 bytes of the
    /// topic, u64 dseq.</param>
    /// <param name="maxBytes">How much payload is wanted; one entry more than that is taken while it fits the frame.</param>
    public abstract TopicReadKind Read(TopicFrame frame, int maxBytes);

    /// <summary>Writes a batch without entries that says where the head is.</summary>
    /// <param name="frame">An empty frame.</param>
    public abstract void WriteBookmark(TopicFrame frame);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves the topic; called once.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
