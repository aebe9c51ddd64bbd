using SmartIpc.Framing;

namespace SmartIpc.Topics;

/// <summary>The frame that a cursor fills; one per connection, used again for every batch.</summary>
/// <remarks>The payload goes in through the buffer writer; it grows up to the bound given at construction.</remarks>
public sealed class TopicFrame : FrameBuffer
{
    /// <summary>Bytes that SmartIpc sets at the start of every batch: u32 gen, u32 of the topic, u64 dseq.</summary>
    public const int BatchPrefixBytes = 16;

    /// <summary>Creates an empty frame.</summary>
    /// <param name="maxPayloadBytes">The most payload it takes, in bytes.</param>
    public TopicFrame(int maxPayloadBytes)
        : base(maxPayloadBytes) { }

    /// <summary>The generation of the subscription, set before a read.</summary>
    public uint Gen { get; internal set; }

    /// <summary>The number of this batch within the generation, from 1, set before a read.</summary>
    public ulong Dseq { get; internal set; }

    /// <summary>Set by a cursor that returns <see cref="TopicReadKind.Gap"/>.</summary>
    public TopicGap Gap { get; set; }

    /// <summary>Set by a cursor that returns <see cref="TopicReadKind.CaughtUp"/>: the head that was reached.</summary>
    public long CaughtUpAt { get; set; }

    /// <summary>Set by a cursor that returns <see cref="TopicReadKind.Ended"/>.</summary>
    public string EndReason { get; set; } = "";

    /// <summary>May be set by a cursor that returns data: how many entries are in it, for the counters.</summary>
    public int Entries { get; set; }

    internal void Begin(uint gen, ulong dseq)
    {
        Clear();
        Gen = gen;
        Dseq = dseq;
        Entries = 0;
    }
}
