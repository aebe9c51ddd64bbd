using System.Buffers;
using Tspm.Logs;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Topics;

/// <summary>Pages of history: what getLogs answers.</summary>
internal static class LogPages
{
    private const int MaxPageBytes = 1024 * 1024;
    private const int MaxPageEntries = 10_000;

    /// <summary>What is wrong with a range; null if nothing is.</summary>
    public static string? FindFault(GetLogsRequest request) =>
        request.MaxBytes is < 1 or > MaxPageBytes ? $"maxBytes must be 1 to {MaxPageBytes}"
        : request.MaxEntries is < 1 or > MaxPageEntries
            ? $"maxEntries must be 1 to {MaxPageEntries}"
        : request.From is < 1 ? $"from must be at least 1, not {request.From}"
        : request.To is < 0 ? $"to must not be negative"
        : request.Tail is < 0 ? $"tail must not be negative"
        : request is { From: { } from, To: { } to } && (from > to && from != to + 1)
            ? $"from {from} is above to {to}"
        : null;

    /// <summary>Whether a request means this log, and not one that its process had before.</summary>
    public static bool IsMeant(ProcessLog log, GetLogsRequest request) =>
        request.LogId is not { } wanted || (Guid.TryParse(wanted, out var id) && id == log.LogId);

    /// <summary>What is wrong with a beginning that the log has not come to; null if nothing is.</summary>
    public static string? FindBeyond(ProcessLog log, GetLogsRequest request) =>
        request.From is { } from && log.Facts.Head is var head && from > head + 1
            ? $"there is no seq {from} yet, the newest is {head}"
            : null;

    /// <summary>Writes a page that begins where the request says and moves on by at least one entry, if there is one.</summary>
    public static void Write(
        ProcessLog log,
        GetLogsRequest request,
        LogFilter filter,
        IBufferWriter<byte> reply
    )
    {
        var head = log.Facts.Head;
        var to = Math.Min(request.To ?? head, head);
        var after =
            request.Tail is { } tail ? log.FindTail(tail, to, filter)
            : request.Since is { } since ? log.FindTime(since)
            : (request.From ?? 1) - 1;
        var spans = SpanArrays.OfLog.Rent(SpanBatches.MaxSpans);
        try
        {
            var read = log.Read(
                Math.Min(after, to),
                to,
                filter,
                spans.AsSpan(0, SpanBatches.MaxSpans),
                new LogRoom(request.MaxBytes, request.MaxEntries)
            );
            var page = new SpanBatches(log);
            while (!page.TryWrite(ref read, spans, MoreAfter(read, to), reply, out _))
            {
                // It ends where its bytes have gone.
            }
        }
        finally
        {
            SpanArrays.OfLog.Return(spans);
        }
    }

    private static BatchFlags MoreAfter(in LogRead read, long to) =>
        read.UpTo < to ? BatchFlags.More : BatchFlags.None;
}
