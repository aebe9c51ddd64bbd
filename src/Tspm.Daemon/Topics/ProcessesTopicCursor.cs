using System.Buffers;
using System.Buffers.Binary;
using SmartIpc.Topics;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Topics;

/// <summary>One subscription to <c>processes</c>: told after each change of the list, how often it has changed.</summary>
internal sealed class ProcessesTopicCursor : TopicCursor
{
    private const int BatchBytes = TopicFrame.BatchPrefixBytes + sizeof(long);
    private readonly ProcessRegistry _registry;
    private readonly ISubscriptionWaker _waker;
    private long _seen;

    /// <summary>Opens one at the list as it is.</summary>
    public ProcessesTopicCursor(ProcessRegistry registry, ISubscriptionWaker waker)
    {
        _registry = registry;
        _waker = waker;

        // Registered before the number is read: a change between is told.
        registry.Changed += waker.Wake;
        _seen = registry.Changes;
    }

    /// <inheritdoc/>
    public override long Position => Volatile.Read(ref _seen);

    /// <inheritdoc/>
    public override long Head => _registry.Changes;

    /// <inheritdoc/>
    public override void WriteSubscribed(IBufferWriter<byte> json) => json.Write("{}"u8);

    /// <inheritdoc/>
    public override TopicReadKind Read(TopicFrame frame, int maxBytes)
    {
        var changes = _registry.Changes;
        if (changes == _seen)
        {
            return TopicReadKind.Idle;
        }

        Volatile.Write(ref _seen, changes);
        Write(frame);
        frame.Entries = 1;
        return TopicReadKind.Data;
    }

    /// <inheritdoc/>
    public override void WriteBookmark(TopicFrame frame) => Write(frame);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _registry.Changed -= _waker.Wake;
        }
    }

    private void Write(TopicFrame frame)
    {
        var room = frame.GetSpan(BatchBytes)[..BatchBytes];
        room.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(room[TopicFrame.BatchPrefixBytes..], _seen);
        frame.Advance(BatchBytes);
    }
}
