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

    /// <summary>The seq before the first entry that is not before a time; 0 if that may have been one that is gone.</summary>
    public static long FindTime(ProcessLog log, long time)
    {
        var after = log.FindTime(time);
        return after < log.Facts.OldestDisk ? 0 : after;
    }

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
        var after = FindStart(log, request, to, filter);
        filter = filter with { Origin = request.From is null ? after : request.Origin };
        var most = request.ByBytes ? long.MaxValue : request.MaxEntries;
        var spans = SpanArrays.OfLog.Rent(SpanBatches.MaxSpans);
        try
        {
            var read = log.Read(
                Math.Min(after, to),
                to,
                filter,
                spans.AsSpan(0, SpanBatches.MaxSpans),
                new LogRoom(request.MaxBytes, most)
            );
            var page = new SpanBatches(log) { ChecksLines = true };
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

    private static long FindStart(ProcessLog log, GetLogsRequest request, long to, LogFilter filter)
    {
        if (request.Tail is null && request.Since is null)
        {
            return (request.From ?? 1) - 1;
        }

        // What is not there any more has no time, and counts for none of the newest.
        var since = request.Since is { } time ? FindTime(log, time) : 0;
        return request.Tail is { } tail ? Math.Max(log.FindTail(tail, to, filter), since) : since;
    }
}
