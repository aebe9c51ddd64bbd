namespace Tspm.Logs;

/// <summary>The bounded window of the newest entries: at most so many entries and bytes, the oldest go.</summary>
/// <remarks>
/// It holds no entry: the newest spans are cached, older ones are in the index, bytes are in the data files.
/// The window's lower edge is exact in entries, and in bytes to one block of spans. Guarded by the log's gate.
/// </remarks>
internal sealed class LogRing
{
    private const int BlockEntries = 128;

    // Most logs are quiet: the cache grows with what there is.
    private const int FirstCached = 16;
    private readonly int _maxEntries;
    private readonly long _maxBytes;
    private readonly long _blockBytes;
    private readonly int _maxCached;
    private LogSpan[] _cache;
    private readonly Queue<Block> _blocks = new();
    private long _bytes;
    private Block _open;
    private long _cached;

    /// <summary>Makes an empty window.</summary>
    public LogRing(LogStoreOptions options)
    {
        _maxEntries = options.RingEntries;
        _maxBytes = options.RingBytes;
        _blockBytes = Math.Max(4096, options.RingBytes / 64);
        _maxCached = options.CachedSpans;
        _cache = new LogSpan[Math.Min(FirstCached, _maxCached)];
    }

    /// <summary>The newest seq; 0 if there is none.</summary>
    public long Head { get; private set; }

    /// <summary>The oldest seq in the window; one above the head if it is empty.</summary>
    public long OldestSeq { get; private set; } = 1;

    /// <summary>The first seq whose span is in memory; above the head if none is.</summary>
    public long OldestCached =>
        _cached == 0
            ? Head + 1
            : _cache[(_cached - Math.Min(_cached, _cache.Length)) % _cache.Length].Seq;

    /// <summary>Begins at a head without knowing what was before: nothing is in the window.</summary>
    public void Reset(long head)
    {
        Head = head;
        OldestSeq = head + 1;
    }

    /// <summary>Takes in a span; the oldest entries leave.</summary>
    public void Add(in LogSpan span)
    {
        if (_cached == _cache.Length && _cached < _maxCached)
        {
            // Nothing was overwritten yet, so every span stays where it is.
            Array.Resize(ref _cache, Math.Min(_maxCached, _cache.Length * 2));
        }

        _cache[_cached++ % _cache.Length] = span;
        Head = span.LastSeq;
        _open = _open.Entries == 0 ? new Block(span.Seq, 0, 0) : _open;
        _open = _open with
        {
            Entries = _open.Entries + span.Count,
            Bytes = _open.Bytes + span.Length,
        };
        _bytes += span.Length;
        if (_open.Entries >= BlockEntries || _open.Bytes >= _blockBytes)
        {
            _blocks.Enqueue(_open);
            _open = default;
        }

        while (_bytes > _maxBytes && _blocks.Count > 1)
        {
            _bytes -= _blocks.Dequeue().Bytes;
            OldestSeq = Math.Max(OldestSeq, _blocks.Peek().FirstSeq);
        }

        OldestSeq = Math.Max(OldestSeq, Head - _maxEntries + 1);
        while (
            _blocks.Count > 1
            && _blocks.Peek() is var block
            && block.FirstSeq + block.Entries <= OldestSeq
        )
        {
            _bytes -= _blocks.Dequeue().Bytes;
        }
    }

    /// <summary>Copies the cached spans from the one that holds a seq on.</summary>
    /// <returns>How many; 0 if that span is not in memory.</returns>
    public int Read(long seq, Span<LogSpan> destination)
    {
        if (seq < OldestCached || seq > Head)
        {
            return 0;
        }

        var low = _cached - Math.Min(_cached, _cache.Length);
        var high = _cached;
        while (low + 1 < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) =
                _cache[middle % _cache.Length].Seq <= seq ? (middle, high) : (low, middle);
        }

        var count = (int)Math.Min(_cached - low, destination.Length);
        for (var i = 0; i < count; i++)
        {
            destination[i] = _cache[(low + i) % _cache.Length];
        }

        return count;
    }

    private readonly record struct Block(long FirstSeq, long Entries, long Bytes);
}
