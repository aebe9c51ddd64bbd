namespace Tspm.Logs;

/// <summary>A reader's place in a log: no queue, no copy, only the next seq to consider.</summary>
/// <remarks>One thread at a time may call <see cref="Next"/>. A cursor that is not read costs nothing but itself.</remarks>
public sealed class LogCursor : IDisposable
{
    private readonly ProcessLog _log;
    private readonly LogFilter _filter;
    private SpanCut _cut;

    internal LogCursor(
        ProcessLog log,
        LogFilter filter,
        bool readsDisk,
        ICursorWaker waker,
        long startAt
    )
    {
        _log = log;
        _filter = filter with { IsLive = true };
        ReadsDisk = readsDisk;
        Waker = waker;
        Position = startAt;
    }

    /// <summary>Everything up to here was given out, or told as a gap.</summary>
    public long Position { get; private set; }

    /// <summary>What has left the ring is read from disk; else it is told as a gap.</summary>
    public bool ReadsDisk { get; }

    internal ICursorWaker Waker { get; }

    /// <summary>The next batch, or the exact range that was lost, or nothing.</summary>
    /// <param name="spans">Where spans go.</param>
    /// <param name="room">How much it may give; spans are cut to fit.</param>
    public LogRead Next(Span<LogSpan> spans, in LogRoom room)
    {
        var facts = _log.Facts;
        if (Position >= facts.Head)
        {
            return new LogRead
            {
                After = Position,
                UpTo = Position,
                Facts = facts,
                Epoch = facts.Epoch,
                PrevEpochEnd = -1,
            };
        }

        if (!ReadsDisk && Position + 1 < facts.OldestRing)
        {
            var gap = new LogRead
            {
                Kind = LogReadKind.Gap,
                After = Position,
                UpTo = facts.OldestRing - 1,
                Facts = facts,
                Epoch = _log.EpochOf(facts.OldestRing - 1),
                PrevEpochEnd = -1,
            };
            Position = gap.UpTo;
            return gap;
        }

        var read = _log.Read(Position, long.MaxValue, _filter, spans, room, _cut);
        if (read is { Count: 0, HoleFrom: 0 } && read.UpTo == Position)
        {
            // Lines that wait for the next match.
            return read with { Kind = LogReadKind.Idle };
        }

        _cut = read.Cut;
        Position = read.UpTo;
        return read;
    }

    /// <summary>The last read ends earlier than it was given out: bytes had gone meanwhile.</summary>
    public void EndAt(in LogRead read)
    {
        Position = read.UpTo;
        _cut = default;
    }

    /// <summary>No longer woken.</summary>
    public void Dispose() => _log.Close(this);
}
