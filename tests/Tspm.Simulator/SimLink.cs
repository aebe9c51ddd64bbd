using Tspm.Logs;

namespace Tspm.Simulator;

/// <summary>One connection: bytes on their way in both directions, which may be cut anywhere.</summary>
internal sealed class SimLink
{
    /// <summary>The log as it was when this connection was made.</summary>
    public LogFacts Facts { get; init; }

    /// <summary>Its identity.</summary>
    public Guid LogId { get; init; }

    public Lane ToClient { get; } = new();

    public Lane ToServer { get; } = new();

    /// <summary>Nothing arrives any more, and neither end knows.</summary>
    public bool IsHalfOpen { get; set; }

    /// <summary>Nothing arrives before this time, ns.</summary>
    public long DelayedUntil { get; set; }

    /// <summary>Bytes arrive a few at a time.</summary>
    public bool HasShortWrites { get; set; }

    /// <summary>Both ends learn of it.</summary>
    public bool IsCut { get; set; }
}

/// <summary>Bytes in one direction, with the places where frames end.</summary>
internal sealed class Lane
{
    private readonly Queue<byte> _bytes = new();
    private readonly Queue<long> _ends = new();
    private long _taken;
    private long _added;

    public int Length => _bytes.Count;

    /// <summary>Bytes up to the end of the frame that is on its way; 0 if none is.</summary>
    public int ToBoundary
    {
        get
        {
            while (_ends.Count > 0 && _ends.Peek() <= _taken)
            {
                _ends.Dequeue();
            }

            return _ends.Count == 0 ? 0 : (int)(_ends.Peek() - _taken);
        }
    }

    public void Add(ReadOnlySpan<byte> frame)
    {
        foreach (var one in frame)
        {
            _bytes.Enqueue(one);
        }

        _added += frame.Length;
        _ends.Enqueue(_added);
    }

    public int Take(Span<byte> room, int most)
    {
        var count = Math.Min(Math.Min(room.Length, most), _bytes.Count);
        for (var i = 0; i < count; i++)
        {
            room[i] = _bytes.Dequeue();
        }

        _taken += count;
        return count;
    }
}
