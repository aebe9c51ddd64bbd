using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>The window against a list that keeps everything and counts again each time.</summary>
public sealed class RingTests
{
    private const int BlockEntries = 128;

    [Fact]
    public void The_window_is_what_a_list_of_everything_says_it_is()
    {
        Check(options => new RealRing(options));
    }

    [Fact]
    public void A_ring_that_counts_spans_instead_of_entries_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Check(options => new SpanCountingRing(options)));
    }

    [Fact]
    public void A_ring_that_reads_one_span_too_late_is_caught()
    {
        Assert.ThrowsAny<Exception>(() => Check(options => new LateRing(options)));
    }

    private static void Check(Func<LogStoreOptions, RealRing> make)
    {
        var spans = Gen.Select(Gen.Int[1, 40], Gen.Int[1, 9000]).Array[1, 200];
        Gen.Select(spans, Gen.Int[1, 600], Gen.Int[4096, 400_000], Gen.Int[1, 64], Gen.Int[0, 5000])
            .Sample(
                one =>
                {
                    var (shapes, entries, bytes, cached, probe) = one;
                    var options = new LogStoreOptions
                    {
                        RingEntries = entries,
                        RingBytes = bytes,
                        CachedSpans = cached,
                    };
                    var ring = make(options);
                    var model = new List<LogSpan>();
                    var oldest = 1L;
                    foreach (var (count, length) in shapes)
                    {
                        var span = new LogSpan
                        {
                            Seq = model.Count == 0 ? 1 : model[^1].LastSeq + 1,
                            Count = (uint)count,
                            Length = (uint)length,
                            Stream = StreamKind.Out,
                        };
                        model.Add(span);
                        ring.Add(span);

                        Assert.Equal(span.LastSeq, ring.Ring.Head);
                        Assert.True(ring.OldestSeq >= oldest, "the window went back");
                        CheckEdge(options, ring, model);
                        oldest = ring.OldestSeq;
                    }

                    CheckRead(options, ring, model, 1 + (probe % model[^1].LastSeq));
                },
                iter: 400
            );
    }

    private static void CheckEdge(LogStoreOptions options, RealRing ring, List<LogSpan> model)
    {
        var head = model[^1].LastSeq;
        var byEntries = Math.Max(1, head - options.RingEntries + 1);
        Assert.True(ring.OldestSeq >= byEntries, "more entries than the bound");

        // In bytes the edge is exact to blocks of 128 entries or a 64th of the bound, and a span is never split.
        var largest = model.Max(span => span.Length);
        var slack = 3 * Math.Max(4096, options.RingBytes / 64) + (3 * largest);
        var inWindow = model
            .Where(span => span.LastSeq >= ring.OldestSeq)
            .Sum(span => (long)span.Length);
        Assert.True(inWindow <= options.RingBytes + slack, "more bytes than the bound");
        if (ring.OldestSeq > byEntries)
        {
            var withMore = model
                .Where(span => span.LastSeq >= ring.OldestSeq - (2 * BlockEntries))
                .Sum(span => (long)span.Length);
            Assert.True(withMore + slack >= options.RingBytes, "it forgot what it had room for");
        }
    }

    private static void CheckRead(
        LogStoreOptions options,
        RealRing ring,
        List<LogSpan> model,
        long seq
    )
    {
        var cached = model.TakeLast(options.CachedSpans).ToList();
        Assert.Equal(cached[0].Seq, ring.Ring.OldestCached);

        var read = new LogSpan[16];
        var count = ring.Read(seq, read);

        var expected =
            seq < cached[0].Seq
                ? []
                : cached
                    .Where(span => span.LastSeq >= seq)
                    .Take(read.Length)
                    .Select(span => span.Seq);
        Assert.Equal(expected, read.Take(count).Select(span => span.Seq));
    }

    private class RealRing(LogStoreOptions options)
    {
        public LogRing Ring { get; } = new(options);

        public virtual long OldestSeq => Ring.OldestSeq;

        public virtual void Add(in LogSpan span) => Ring.Add(span);

        public virtual int Read(long seq, Span<LogSpan> destination) => Ring.Read(seq, destination);
    }

    private sealed class SpanCountingRing(LogStoreOptions options) : RealRing(options)
    {
        private readonly int _max = options.RingEntries;
        private readonly Queue<long> _firsts = new();

        public override long OldestSeq => _firsts.Peek();

        public override void Add(in LogSpan span)
        {
            base.Add(span);
            _firsts.Enqueue(span.Seq);
            if (_firsts.Count > _max)
            {
                _firsts.Dequeue();
            }
        }
    }

    private sealed class LateRing(LogStoreOptions options) : RealRing(options)
    {
        public override int Read(long seq, Span<LogSpan> destination)
        {
            var count = base.Read(seq, destination);
            if (count > 1)
            {
                destination[1..count].CopyTo(destination);
            }

            return Math.Max(0, count - 1);
        }
    }
}
