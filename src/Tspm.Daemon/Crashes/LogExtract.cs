using System.Globalization;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Logs;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Crashes;

/// <summary>The last lines of a run, as they are in its log.</summary>
internal static class LogExtract
{
    private const long MaxBytes = 1024 * 1024;
    private const int Spans = 256;

    /// <summary>The last lines of all output, and of each stream.</summary>
    /// <param name="log">The log.</param>
    /// <param name="run">The run.</param>
    /// <param name="most">Lines of all output.</param>
    /// <param name="ofEach">Lines of each stream, though they be older.</param>
    /// <param name="since">The newest entry when the run began: none of its own is up to it. 0 if that is not known.</param>
    /// <param name="before">Entries of the run that are there and were left out.</param>
    /// <exception cref="IOException">The bytes are not there any more, or the device failed.</exception>
    public static IReadOnlyList<CrashLine> Read(
        ProcessLog log,
        uint run,
        int most,
        int ofEach,
        long since,
        out long before
    )
    {
        var filter = new LogFilter(Out: true, Err: true, Events: false)
        {
            FirstRun = run,
            LastRun = run,
        };
        var lines = new SortedDictionary<long, CrashLine>();
        var isAll = Add(lines, log, filter, most, since);
        before =
            most == 0 || lines.Count < most
                ? 0
                : CountBefore(log, filter, lines.First().Key, since);
        if (!isAll)
        {
            Add(lines, log, filter with { Err = false }, ofEach, since);
            Add(lines, log, filter with { Out = false }, ofEach, since);
        }

        return [.. lines.Values];
    }

    /// <returns>True if these are all that the filter passes.</returns>
    private static bool Add(
        SortedDictionary<long, CrashLine> lines,
        ProcessLog log,
        LogFilter filter,
        int most,
        long since
    )
    {
        var head = log.Facts.Head;
        var spans = new LogSpan[Spans];
        var left = MaxBytes;
        var bytes = Array.Empty<byte>();
        for (var after = most == 0 ? head : log.FindTail(most, head, filter, since); after < head; )
        {
            var read = log.Read(after, head, filter, spans, new LogRoom(MaxBytes / 4));
            foreach (var span in spans.AsSpan(0, read.Count))
            {
                bytes = bytes.Length < span.Length ? new byte[span.Length] : bytes;
                var length = log.ReadBytes(span, bytes);
                AddLines(lines, span, bytes.AsSpan(0, length));
                left -= length;
            }

            if (read.UpTo <= after)
            {
                break;
            }

            after = read.UpTo;
        }

        var isAll = lines.Count < most && left >= 0;

        // Too many bytes: the oldest go.
        while (left < 0 && lines.Count > 1)
        {
            left += lines.First().Value.Msg.Length + 1;
            lines.Remove(lines.First().Key);
        }

        return isAll;
    }

    private static void AddLines(
        SortedDictionary<long, CrashLine> lines,
        in LogSpan span,
        ReadOnlySpan<byte> bytes
    )
    {
        var time = DateTime.UnixEpoch.AddTicks(span.Wall);
        var stamp = time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        for (var seq = span.Seq; seq <= span.LastSeq; seq++)
        {
            var newline = span.Count == 1 ? -1 : bytes.IndexOf((byte)'\n');
            var line = newline < 0 ? bytes : bytes[..(newline + 1)];
            bytes = bytes[line.Length..];
            lines[seq] = new CrashLine(
                seq,
                stamp,
                span.Stream == StreamKind.Err ? "err" : "out",
                Encoding.UTF8.GetString(line).TrimEnd('\n', '\r')
            );
        }
    }

    private static long CountBefore(ProcessLog log, LogFilter filter, long first, long since)
    {
        var spans = new LogSpan[Spans];
        long count = 0;

        // From where the run begins: everything before it is passed over.
        var begin = log.FindTail(long.MaxValue, first - 1, filter, since);
        for (var after = begin; after < first - 1; )
        {
            var read = log.Read(after, first - 1, filter, spans, new LogRoom(long.MaxValue));
            count += read.Entries;
            if (read.UpTo <= after)
            {
                break;
            }

            after = read.UpTo;
        }

        return count;
    }
}
