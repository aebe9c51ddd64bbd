using Tspm.Cli.CommandLine;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Commands;

/// <summary>How many bytes of output are still printed; entries are printed whole.</summary>
internal sealed class ByteLimit(long bytes)
{
    private const byte EventStream = 2;
    private long _left = bytes;

    /// <summary>True when an entry came that did not fit.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Reads --limit-bytes; null if it was not given.</summary>
    public static ByteLimit? Read(Invocation invocation) =>
        invocation.Has("limit-bytes")
            ? new ByteLimit(invocation.Number("limit-bytes", 0, long.MaxValue, 0))
            : null;

    /// <summary>The spans that fit, the last one cut if it has to be; life-cycle entries are free.</summary>
    /// <param name="spans">All spans.</param>
    /// <param name="bytes">Theirs.</param>
    public WireSpan[] Take(ReadOnlySpan<WireSpan> spans, ReadOnlySpan<byte> bytes)
    {
        var taken = new List<WireSpan>(spans.Length);
        foreach (var span in spans)
        {
            if (span.Stream == EventStream || span.Length <= _left)
            {
                _left -= span.Stream == EventStream ? 0 : span.Length;
                taken.Add(span);
                bytes = bytes[(int)span.Length..];
                continue;
            }

            IsOver = true;
            if (Cut(span, bytes[..(int)_left]) is { Count: > 0 } part)
            {
                taken.Add(part);
            }

            _left = 0;
            break;
        }

        return [.. taken];
    }

    private static WireSpan Cut(WireSpan span, ReadOnlySpan<byte> room)
    {
        // Only spans of several entries end each with a newline.
        var end = span.Count == 1 ? 0 : room.LastIndexOf((byte)'\n') + 1;
        span.Count = (uint)room[..end].Count((byte)'\n');
        span.Length = (uint)end;
        return span;
    }
}
