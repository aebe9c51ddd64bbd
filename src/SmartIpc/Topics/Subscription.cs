using System.Buffers.Binary;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Topics;

/// <summary>The server's half of a subscription: a cursor and a credit window, nothing else.</summary>
/// <remarks>
/// The cursor belongs to the pump of the connection. The receive loop only leaves notes (credit, leave) and wakes.
/// The woken flag is turned off before the cursor is read, never after, so a wake that comes while or after it is read
/// turns it on again and the pump comes back: a wake cannot be lost.
/// </remarks>
internal sealed class Subscription(
    uint id,
    uint gen,
    string topic,
    long credit,
    ReadyList ready,
    Action signal,
    SubscriptionLimits limits
) : ISubscriptionWaker
{
    // The first batch of a subscription is small, and each may be as large as all before it together: whatever bytes
    // a link passes before it is cut, about half of them came in whole batches, and the reader goes on after those.
    private const int FirstBatchBytes = 4 * 1024;
    private const int NotLeaving = 0;
    private const int LeavingWithAnswer = 1;
    private const int LeavingSilently = 2;

    private TopicCursor? _cursor;
    private long _credit = credit;
    private ulong _dseq;
    private int _woken;
    private int _leaving;
    private int _isBookmarkDue;
    private long _lastSentAt;
    private long _sentBytes;
    private long _sentEntries;
    private long _gapsTold;

    public uint Id { get; } = id;

    public uint Gen { get; } = gen;

    public string Topic { get; } = topic;

    /// <summary>The link of the ready list; belongs to the list.</summary>
    public Subscription? NextReady { get; set; }

    /// <summary>True once the pump has let go of the cursor.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Called between reading Idle and parking; a test wakes there.</summary>
    internal Action? AfterIdleSeam { get; set; }

    public void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
        {
            ready.Push(this);
            signal();
        }
    }

    /// <summary>Gives the open cursor over to the pump.</summary>
    public void Open(TopicCursor cursor, long now)
    {
        Volatile.Write(ref _lastSentAt, now);
        Volatile.Write(ref _cursor, cursor);
        Wake();
    }

    public void AddCredit(long bytes)
    {
        Interlocked.Add(ref _credit, bytes);
        Wake();
    }

    /// <summary>Has the pump close the cursor and say unsubscribed, or say nothing.</summary>
    public void Leave(bool answer)
    {
        Volatile.Write(ref _leaving, answer ? LeavingWithAnswer : LeavingSilently);
        Wake();
    }

    /// <summary>Asks for a bookmark if nothing went out since the time stamp.</summary>
    public void RemindSince(long timestamp)
    {
        if (Volatile.Read(ref _lastSentAt) <= timestamp && Volatile.Read(ref _cursor) is not null)
        {
            Volatile.Write(ref _isBookmarkDue, 1);
            Wake();
        }
    }

    /// <summary>Takes one turn: fills at most one frame. For the pump only.</summary>
    /// <returns>True if the frame is to be sent; then the subscription wants another turn unless it is gone.</returns>
    public bool TryTakeTurn(TopicFrame frame, long now)
    {
        Interlocked.Exchange(ref _woken, 0);
        var cursor = Volatile.Read(ref _cursor);
        if (Volatile.Read(ref _leaving) != NotLeaving)
        {
            return TryLeave(frame);
        }

        if (IsGone || cursor is null)
        {
            return false;
        }

        frame.Begin(Gen, _dseq + 1);
        if (
            Interlocked.Read(ref _credit) >= 1 && TryRead(cursor, frame)
            || TryWriteBookmark(cursor, frame)
        )
        {
            Volatile.Write(ref _lastSentAt, now);
            return true;
        }

        AfterIdleSeam?.Invoke();
        return false;
    }

    /// <summary>Turns the woken flag on for the pump's own queue; false if a wake has put it into the list already.</summary>
    public bool TryRequeue() => Interlocked.Exchange(ref _woken, 1) == 0;

    /// <summary>Closes the cursor. For the pump, and for the receive loop before it is open or after the pump has finished.</summary>
    public void Release()
    {
        if (IsGone)
        {
            return;
        }

        IsGone = true;
        limits.Release();
        var cursor = _cursor;
        _cursor = null;
        cursor?.Dispose();
    }

    /// <summary>Ends the subscription because its topic failed. For the pump only.</summary>
    public void Fail(TopicFrame frame)
    {
        Release();
        frame.Begin(Gen, _dseq);
        ControlWriter.Ended(frame, Id, Gen, "failed");
    }

    public SubscriptionFacts GetFacts()
    {
        var cursor = Volatile.Read(ref _cursor);
        return new SubscriptionFacts(
            Topic,
            Gen,
            cursor?.Position ?? 0,
            cursor?.Head ?? 0,
            Interlocked.Read(ref _sentBytes),
            Interlocked.Read(ref _sentEntries),
            Interlocked.Read(ref _gapsTold),
            Interlocked.Read(ref _credit),
            cursor?.CountLagBytes() ?? 0,
            cursor?.Policy ?? ""
        );
    }

    private bool TryLeave(TopicFrame frame)
    {
        if (IsGone)
        {
            return false;
        }

        Release();
        if (Volatile.Read(ref _leaving) == LeavingSilently)
        {
            return false;
        }

        frame.Begin(Gen, _dseq);
        frame.Seal(FrameKind.Unsubscribed, Id);
        return true;
    }

    private bool TryRead(TopicCursor cursor, TopicFrame frame)
    {
        // The whole frame, so that it fits memory of that size.
        var most = Math.Min(limits.MaxBatchBytes, FirstBatchBytes + _sentBytes);
        switch (cursor.Read(frame, (int)most - FrameHeader.Size))
        {
            case TopicReadKind.Data:
                StampBatch(frame);
                Interlocked.Add(ref _credit, -frame.Length);
                Interlocked.Add(ref _sentBytes, frame.Length);
                Interlocked.Add(ref _sentEntries, frame.Entries);
                frame.Seal(FrameKind.Batch, Id, FrameFlags.Binary);
                break;
            case TopicReadKind.Gap:
                frame.Clear();
                ControlWriter.Gap(frame, Id, Gen, ++_dseq, frame.Gap);
                Interlocked.Increment(ref _gapsTold);
                return true;
            case TopicReadKind.CaughtUp:
                frame.Clear();
                ControlWriter.CaughtUp(frame, Id, Gen, frame.CaughtUpAt);
                return true;
            case TopicReadKind.Ended:
                Release();
                frame.Clear();
                ControlWriter.Ended(frame, Id, Gen, frame.EndReason);
                return true;
            default:
                return false;
        }

        Volatile.Write(ref _isBookmarkDue, 0);
        return true;
    }

    private bool TryWriteBookmark(TopicCursor cursor, TopicFrame frame)
    {
        if (Interlocked.Exchange(ref _isBookmarkDue, 0) == 0)
        {
            return false;
        }

        frame.Begin(Gen, _dseq + 1);
        cursor.WriteBookmark(frame);
        StampBatch(frame);
        frame.Seal(FrameKind.Batch, Id, FrameFlags.Binary | FrameFlags.Free);
        return true;
    }

    private void StampBatch(TopicFrame frame)
    {
        var payload = frame.Written;
        if (payload.Length < TopicFrame.BatchPrefixBytes)
        {
            throw new InvalidOperationException(
                "A batch has no room for its generation and number."
            );
        }

        _dseq++;
        BinaryPrimitives.WriteUInt32LittleEndian(payload, Gen);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[8..], _dseq);
    }
}

/// <summary>What all subscriptions of a server share: their number and the size of a batch.</summary>
internal sealed class SubscriptionLimits(int maxSubscriptions, int maxBatchBytes)
{
    private int _count;

    public int MaxBatchBytes { get; } = maxBatchBytes;

    public int Count => Volatile.Read(ref _count);

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _count) <= maxSubscriptions)
        {
            return true;
        }

        Release();
        return false;
    }

    public void Release() => Interlocked.Decrement(ref _count);
}
