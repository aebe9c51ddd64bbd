using Tspm.Protocol.Batches;

namespace Tspm.Client.Following;

/// <summary>K-way merge on the heads of several logs by capture order; a log's own order is never changed.</summary>
internal static class OrdMerge
{
    /// <summary>Whose turn it is, and up to which ord it may go on before another's head is older.</summary>
    /// <param name="heads">The ord of what each log has next; at least one.</param>
    public static (int Source, ulong Until) Next(ReadOnlySpan<ulong> heads)
    {
        var source = 0;
        for (var i = 1; i < heads.Length; i++)
        {
            source = heads[i] < heads[source] ? i : source;
        }

        var until = ulong.MaxValue;
        for (var i = 0; i < heads.Length; i++)
        {
            until = i == source ? until : Math.Min(until, heads[i]);
        }

        return (source, until);
    }

    /// <summary>The end of the stretch that begins at a span and may be given out: one span at least.</summary>
    public static int EndOf(ReadOnlySpan<WireSpan> spans, int first, ulong until)
    {
        var end = first;
        while (end < spans.Length && (end == first || spans[end].Ord <= until))
        {
            end++;
        }

        return end;
    }
}
