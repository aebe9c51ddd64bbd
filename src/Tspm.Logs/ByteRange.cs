using Tspm.CaptureLog;

namespace Tspm.Logs;

/// <summary>A stretch of a stream, and something that holds for it.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="From">Offset of its first byte.</param>
/// <param name="To">Offset after its last byte.</param>
/// <param name="What">What holds.</param>
internal readonly record struct ByteRange<T>(StreamName Stream, ulong From, ulong To, T What)
    where T : struct, Enum
{
    /// <summary>True if a part of a span is in it.</summary>
    public bool Touches(in LogSpan span) =>
        Stream == span.Source && span.Offset < To && span.Offset + span.Length > From;

    /// <summary>A list with this stretch in it: a neighbour of which the same holds grows.</summary>
    /// <param name="known">The list; stays as it is.</param>
    /// <param name="most">Beyond so many the oldest goes.</param>
    public ByteRange<T>[] AddTo(ByteRange<T>[] known, int most)
    {
        var (first, end) = (From, To);
        var others = new List<ByteRange<T>>(known.Length + 1);
        foreach (var range in known)
        {
            var isNeighbour =
                range.Stream == Stream
                && EqualityComparer<T>.Default.Equals(range.What, What)
                && range.To >= From
                && range.From <= To;
            if (isNeighbour)
            {
                (first, end) = (Math.Min(first, range.From), Math.Max(end, range.To));
            }
            else
            {
                others.Add(range);
            }
        }

        others.Add(this with { From = first, To = end });
        return [.. others.TakeLast(most)];
    }
}
