namespace Tspm.Logs;

/// <summary>How much one read of a log may give. An entry that is longer than the bytes comes alone.</summary>
/// <param name="MaxBytes">Bytes of all entries, and <paramref name="SpanOverhead"/> for each span.</param>
/// <param name="MaxEntries">Entries.</param>
/// <param name="SpanOverhead">What a span costs besides its bytes.</param>
public readonly record struct LogRoom(
    long MaxBytes,
    long MaxEntries = long.MaxValue,
    int SpanOverhead = 0
);

/// <summary>Where a read ended inside a span, so that the next one need not look for the place.</summary>
/// <param name="SpanSeq">First seq of the span.</param>
/// <param name="Seq">The entry that comes next.</param>
/// <param name="Bytes">Bytes of the span before it.</param>
internal readonly record struct SpanCut(long SpanSeq, long Seq, uint Bytes);
