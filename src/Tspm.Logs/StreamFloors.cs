using Tspm.CaptureLog;
using Tspm.Logs.Index;

namespace Tspm.Logs;

/// <summary>Where the bytes of each stream begin, and which stretches after that are gone.</summary>
/// <remarks>Any thread; the table is replaced, never changed in place.</remarks>
internal sealed class StreamFloors
{
    private const int MaxGone = 64;
    private readonly Lock _gate = new();

    // Guarded by _gate for writing; read as a whole.
    private volatile Dictionary<StreamName, ulong> _floors = [];
    private volatile ByteRange<HoleReason>[] _gone = [];
    private volatile ByteRange<RangeKind>[] _suspect = [];

    /// <summary>Looks at the data files of a directory.</summary>
    public static StreamFloors Find(string directory)
    {
        var floors = new Dictionary<StreamName, ulong>();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(path.AsSpan());
            if (StreamName.TryParseDataFile(name, out var stream, out var first))
            {
                floors[stream] = floors.TryGetValue(stream, out var known)
                    ? Math.Min(known, first)
                    : first;
            }
        }

        return new StreamFloors { _floors = floors };
    }

    /// <summary>The offset of the first byte that is left.</summary>
    public ulong Of(StreamName stream) => _floors.GetValueOrDefault(stream);

    /// <summary>True if the bytes of a span lie before the first that is left.</summary>
    public bool IsBelow(in LogSpan span) => span.Offset < Of(span.Source);

    /// <summary>Why the bytes of a span are not there; none if they are, as far as is known.</summary>
    public HoleReason ReasonOf(in LogSpan span)
    {
        foreach (ref readonly var gone in _gone.AsSpan())
        {
            if (gone.Touches(span))
            {
                return gone.What;
            }
        }

        return IsBelow(span) ? HoleReason.Expired : HoleReason.None;
    }

    /// <summary>True if nobody knows whether the device gives back the bytes of a span as they were.</summary>
    public bool IsSuspect(in LogSpan span)
    {
        foreach (ref readonly var suspect in _suspect.AsSpan())
        {
            if (suspect.Touches(span))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is known now, for who compares it with what is known later.</summary>
    public StreamFloors Snapshot() => new() { _floors = _floors, _gone = _gone };

    /// <summary>A stretch was found missing, or the keeper told that it dropped it.</summary>
    public void AddGone(StreamName stream, ulong from, ulong to, HoleReason reason)
    {
        lock (_gate)
        {
            _gone = new ByteRange<HoleReason>(stream, from, to, reason).AddTo(_gone, MaxGone);
        }
    }

    /// <summary>The keeper told that a sync of a stretch failed.</summary>
    public void AddSuspect(StreamName stream, ulong from, ulong to)
    {
        lock (_gate)
        {
            _suspect = new ByteRange<RangeKind>(stream, from, to, RangeKind.Suspect).AddTo(
                _suspect,
                MaxGone
            );
        }
    }

    /// <summary>What an index tells of stretches.</summary>
    public StreamFloors With(ReadOnlySpan<RangeSlot> told)
    {
        foreach (ref readonly var range in told)
        {
            var stream = new StreamName(range.Stream, range.Run);
            if (range.What == RangeKind.Suspect)
            {
                AddSuspect(stream, range.From, range.To);
            }
            else if (range.What == RangeKind.Dropped)
            {
                AddGone(stream, range.From, range.To, HoleReason.Dropped);
            }
        }

        return this;
    }

    /// <summary>Everything before an offset is deleted now.</summary>
    public void Raise(StreamName stream, ulong offset)
    {
        lock (_gate)
        {
            if (Of(stream) < offset)
            {
                _floors = new Dictionary<StreamName, ulong>(_floors) { [stream] = offset };
            }
        }
    }
}
