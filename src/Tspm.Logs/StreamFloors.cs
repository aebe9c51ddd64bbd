using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>Where the bytes of each stream begin, and which stretches after that are gone.</summary>
/// <remarks>Any thread; the table is replaced, never changed in place.</remarks>
internal sealed class StreamFloors
{
    private const int MaxGone = 64;
    private readonly Lock _gate = new();

    // Guarded by _gate for writing; read as a whole.
    private volatile Dictionary<StreamName, ulong> _floors = [];
    private volatile GoneRange[] _gone = [];

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

    /// <summary>Why the bytes of a span are not there; none if they are, as far as is known.</summary>
    public HoleReason ReasonOf(in LogSpan span)
    {
        if (span.Offset < Of(span.Source))
        {
            return HoleReason.Expired;
        }

        var end = span.Offset + span.Length;
        foreach (ref readonly var gone in _gone.AsSpan())
        {
            if (gone.Stream == span.Source && span.Offset < gone.To && end > gone.From)
            {
                return gone.Reason;
            }
        }

        return HoleReason.None;
    }

    /// <summary>What is known now, for who compares it with what is known later.</summary>
    public StreamFloors Snapshot() => new() { _floors = _floors, _gone = _gone };

    /// <summary>A stretch was found missing, or the keeper told that it dropped it.</summary>
    public void AddGone(StreamName stream, ulong from, ulong to, HoleReason reason)
    {
        lock (_gate)
        {
            // A neighbour grows: a file that is read through span by span stays one stretch.
            var others = _gone.Where(gone =>
                gone.Stream != stream || gone.Reason != reason || gone.To < from || gone.From > to
            );
            var touching = _gone.Except(others).ToList();
            var first = touching.Select(gone => gone.From).Append(from).Min();
            var end = touching.Select(gone => gone.To).Append(to).Max();
            _gone = [.. others.TakeLast(MaxGone - 1), new GoneRange(stream, first, end, reason)];
        }
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

    private readonly record struct GoneRange(
        StreamName Stream,
        ulong From,
        ulong To,
        HoleReason Reason
    );
}
