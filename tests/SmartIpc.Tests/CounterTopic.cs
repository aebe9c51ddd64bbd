using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartIpc.Requests;
using SmartIpc.Topics;

namespace SmartIpc.Tests;

/// <summary>A growing log of the numbers 1, 2, 3 … of which only a window is kept.</summary>
/// <remarks>
/// A batch is the prefix, u64 after, u64 upTo, u64 head, then the numbers. Options: <c>{"after":n}</c>.
/// </remarks>
internal sealed class CounterTopic(int window = int.MaxValue) : ITopicSource
{
    public const int HeaderBytes = 40;
    private readonly Lock _gate = new();
    private readonly HashSet<ISubscriptionWaker> _wakers = [];
    private bool _isEnded;

    public long Head { get; private set; }

    public int OpenCursors { get; private set; }

    public void Append(int count = 1)
    {
        lock (_gate)
        {
            Head += count;
            // Under the lock on purpose: a wake must bear that.
            foreach (var waker in _wakers)
            {
                waker.Wake();
            }
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            foreach (var waker in _wakers)
            {
                waker.Wake();
            }
        }
    }

    public ValueTask<IpcResult<TopicCursor>> OpenAsync(
        SubscribeRequest request,
        ISubscriptionWaker waker,
        CancellationToken ct
    )
    {
        if (request.Topic == "broken")
        {
            throw new InvalidOperationException("This topic is broken.");
        }

        if (request.Topic != "counter")
        {
            return ValueTask.FromResult<IpcResult<TopicCursor>>(
                new IpcError("not-found", "No such topic.")
            );
        }

        using var options = JsonDocument.Parse(request.Options);
        var after = options.RootElement.TryGetProperty("after", out var value)
            ? value.GetInt64()
            : 0;
        lock (_gate)
        {
            _wakers.Add(waker);
            OpenCursors++;
            return ValueTask.FromResult<IpcResult<TopicCursor>>(new Cursor(this, waker, after));
        }
    }

    private sealed class Cursor(CounterTopic topic, ISubscriptionWaker waker, long after)
        : TopicCursor
    {
        private long _position = after;
        private bool _hasCaughtUp;

        public override long Position => _position;

        public override long Head => topic.Head;

        public override void WriteSubscribed(IBufferWriter<byte> json) =>
            json.Write(
                Encoding.UTF8.GetBytes(
                    $$"""{"startAt":{{_position.ToString(CultureInfo.InvariantCulture)}}}"""
                )
            );

        public override TopicReadKind Read(TopicFrame frame, int maxBytes)
        {
            lock (topic._gate)
            {
                var oldest = Math.Max(1, topic.Head - window() + 1);
                if (_position + 1 < oldest && topic.Head > _position)
                {
                    frame.Gap = new TopicGap(
                        _position + 1,
                        oldest - 1,
                        oldest - 1 - _position,
                        1,
                        "slow",
                        "none"
                    );
                    _position = oldest - 1;
                    return TopicReadKind.Gap;
                }

                if (_position == topic.Head)
                {
                    return NothingNew(frame);
                }

                var count = (int)Math.Min(topic.Head - _position, (maxBytes - HeaderBytes) / 8);
                Write(frame, count);
                _position += count;
                frame.Entries = count;
                return TopicReadKind.Data;
            }

            long window() => topic.Window;
        }

        public override void WriteBookmark(TopicFrame frame)
        {
            lock (topic._gate)
            {
                Write(frame, 0);
            }
        }

        protected override void Dispose(bool disposing)
        {
            lock (topic._gate)
            {
                topic._wakers.Remove(waker);
                topic.OpenCursors--;
            }
        }

        private TopicReadKind NothingNew(TopicFrame frame)
        {
            if (topic._isEnded)
            {
                frame.EndReason = "deleted";
                return TopicReadKind.Ended;
            }

            if (_hasCaughtUp)
            {
                return TopicReadKind.Idle;
            }

            _hasCaughtUp = true;
            frame.CaughtUpAt = _position;
            return TopicReadKind.CaughtUp;
        }

        private void Write(TopicFrame frame, int count)
        {
            var span = frame.GetSpan(HeaderBytes + (count * 8));
            span[..16].Clear();
            BinaryPrimitives.WriteInt64LittleEndian(span[16..], _position);
            BinaryPrimitives.WriteInt64LittleEndian(span[24..], _position + count);
            BinaryPrimitives.WriteInt64LittleEndian(span[32..], topic.Head);
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(
                    span[(HeaderBytes + (i * 8))..],
                    _position + 1 + i
                );
            }

            frame.Advance(HeaderBytes + (count * 8));
        }
    }

    private long Window => window;
}
