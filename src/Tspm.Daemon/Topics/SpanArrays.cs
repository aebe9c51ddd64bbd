using System.Buffers;
using Tspm.Logs;
using Tspm.Protocol.Batches;

namespace Tspm.Daemon.Topics;

/// <summary>Arrays of spans while a batch is made: a few for all, not some for each thread that ever sent.</summary>
internal static class SpanArrays
{
    private const int Kept = 4;

    /// <summary>For what is read from a log.</summary>
    public static ArrayPool<LogSpan> OfLog { get; } =
        ArrayPool<LogSpan>.Create(SpanBatches.MaxSpans, Kept);

    /// <summary>For what is written to the wire.</summary>
    public static ArrayPool<WireSpan> OfWire { get; } =
        ArrayPool<WireSpan>.Create(SpanBatches.MaxSpans, Kept);
}
