using System.Buffers;
using System.Text.Unicode;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>Writes entries and rows as JSON objects, one on each line; zero allocation for entries.</summary>
/// <remarks>The second key is always <c>kind</c>. A line end is not part of <c>msg</c>; a CR before it is.</remarks>
internal sealed class JsonLogWriter(LogPrinterOptions options, IBufferWriter<byte> output)
{
    private readonly bool _isSequence = options.Format == LogFormat.JsonSeq;

    // The middle part is the same for all entries of a span: 200 bytes at most.
    private readonly ArrayBufferWriter<byte> _middle = new(512);

    /// <summary>Writes the entries of a batch.</summary>
    public void Write(
        PrintedLog log,
        uint epoch,
        ReadOnlySpan<WireSpan> spans,
        ReadOnlySpan<byte> bytes,
        Func<uint, Guid> runs
    )
    {
        var sink = new ByteSink(output);
        foreach (ref readonly var span in spans)
        {
            var body = bytes[..(int)span.Length];
            bytes = bytes[(int)span.Length..];
            if (span.Stream > 1 && (!options.ShowsEvents || options.QuietLevel > 0))
            {
                continue;
            }

            RenderMiddle(in span, epoch, runs);
            if (span.Stream > 1)
            {
                WriteEvent(log, in span, body, ref sink);
                continue;
            }

            for (var index = 0u; index < span.Count; index++)
            {
                var length = span.Count == 1 ? body.Length : body.IndexOf((byte)'\n') + 1;
                length = length == 0 ? body.Length : length;
                WriteEntry(log, in span, span.Seq + index, body[..length], ref sink);
                body = body[length..];
            }
        }

        sink.Commit();
    }

    /// <summary>Writes that entries are missing, or were and have been read since.</summary>
    public void WriteGap(PrintedLog log, long from, long to, GapReason reason, bool isFilled)
    {
        var sink = new ByteSink(output);
        Begin(ref sink);
        log.WriteJsonIdentity("gap", ref sink);
        sink.Write(",\"from\":"u8);
        sink.WriteNumber(from);
        sink.Write(",\"to\":"u8);
        sink.WriteNumber(to);
        sink.Write(",\"count\":"u8);
        sink.WriteNumber(to - from + 1);
        WriteString(",\"reason\":"u8, GapReasons.Name(reason), ref sink);
        sink.Write(isFilled ? ",\"filled\":true}\n"u8 : ",\"filled\":false}\n"u8);
        sink.Commit();
    }

    /// <summary>Writes what became of the connection.</summary>
    /// <param name="state"><c>lost</c>, <c>reconnected</c>.</param>
    /// <param name="detail">How, or null.</param>
    public void WriteConnection(string state, string? detail)
    {
        var sink = new ByteSink(output);
        Begin(ref sink);
        WriteString("{\"v\":1,\"kind\":\"conn\",\"state\":"u8, state, ref sink);
        if (detail is not null)
        {
            WriteString(",\"detail\":"u8, detail, ref sink);
        }

        sink.Write("}\n"u8);
        sink.Commit();
    }

    /// <summary>Writes a fact about a log: <c>truncated</c> and <c>recreated</c> (kind "log-state"), or its <c>end</c>.</summary>
    /// <param name="log">The log.</param>
    /// <param name="kind">The kind of the object.</param>
    /// <param name="reason">Value of <c>reason</c>.</param>
    /// <param name="lastSeq">Value of <c>lastSeq</c>, or null.</param>
    public void WriteState(PrintedLog log, string kind, string reason, long? lastSeq)
    {
        var sink = new ByteSink(output);
        Begin(ref sink);
        log.WriteJsonIdentity(kind, ref sink);
        WriteString(",\"reason\":"u8, reason, ref sink);
        if (lastSeq is { } seq)
        {
            sink.Write(",\"lastSeq\":"u8);
            sink.WriteNumber(seq);
        }

        sink.Write("}\n"u8);
        sink.Commit();
    }

    /// <summary>Writes where the next reader can go on.</summary>
    public void WriteCursor(string cursor)
    {
        var sink = new ByteSink(output);
        Begin(ref sink);
        WriteString("{\"v\":1,\"kind\":\"cursor\",\"cursor\":"u8, cursor, ref sink);
        sink.Write("}\n"u8);
        sink.Commit();
    }

    /// <summary>Writes an error object.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="code"><c>TSPM####</c>.</param>
    /// <param name="message">What failed and why.</param>
    /// <param name="hint">What to do, or null.</param>
    public static void WriteError(
        IBufferWriter<byte> output,
        string code,
        string message,
        string? hint
    )
    {
        var sink = new ByteSink(output);
        WriteString("{\"v\":1,\"kind\":\"error\",\"code\":"u8, code, ref sink);
        WriteString(",\"message\":"u8, message, ref sink);
        if (hint is not null)
        {
            WriteString(",\"hint\":"u8, hint, ref sink);
        }

        sink.Write("}\n"u8);
        sink.Commit();
    }

    private static void WriteString(ReadOnlySpan<byte> key, string value, ref ByteSink sink)
    {
        sink.Write(key);
        JsonText.Write(value, ref sink);
    }

    private void Begin(ref ByteSink sink)
    {
        if (_isSequence)
        {
            sink.Write(0x1E);
        }
    }

    private void RenderMiddle(in WireSpan span, uint epoch, Func<uint, Guid> runs)
    {
        _middle.ResetWrittenCount();
        var sink = new ByteSink(_middle);
        sink.Write(",\"epoch\":"u8);
        sink.WriteNumber((long)epoch);
        var runId = span.Run == 0 ? Guid.Empty : runs(span.Run);
        if (runId != Guid.Empty)
        {
            sink.Write(",\"runId\":\""u8);
            _ = runId.TryFormat(sink.Reserve(36), out var length);
            sink.Advance(length);
            sink.Write((byte)'"');
        }

        sink.Write(",\"run\":"u8);
        sink.WriteNumber((long)span.Run);
        sink.Write(",\"ord\":"u8);
        sink.WriteNumber(span.Ord);
        sink.Write(",\"ts\":\""u8);
        sink.Advance(TimestampWriter.WriteExact(span.Wall, sink.Reserve(TimestampWriter.MaxBytes)));
        sink.Write(
            span.Stream switch
            {
                0 => "\",\"stream\":\"out\""u8,
                1 => "\",\"stream\":\"err\""u8,
                _ => "\",\"stream\":\"event\""u8,
            }
        );
        sink.Commit();
    }

    private void WriteEntry(
        PrintedLog log,
        in WireSpan span,
        long seq,
        ReadOnlySpan<byte> text,
        ref ByteSink sink
    )
    {
        Begin(ref sink);
        sink.Write(log.JsonLogHead);
        sink.Write(",\"seq\":"u8);
        sink.WriteNumber(seq);
        sink.Write(_middle.WrittenSpan);
        text = EntryText.TrimLineEnd(text, span.Flags);
        if (!text.Contains((byte)0) && Utf8.IsValid(text))
        {
            sink.Write(",\"msg\":"u8);
            JsonText.Write(text, ref sink);
        }
        else
        {
            sink.Write(",\"enc\":\"base64\",\"raw\":"u8);
            JsonText.WriteBase64(text, ref sink);
        }

        if (span.Flags != EntryFlags.None)
        {
            WriteMarks(in span, seq, ref sink);
        }

        sink.Write("}\n"u8);
    }

    private static void WriteMarks(in WireSpan span, long seq, ref ByteSink sink)
    {
        var flags = span.Flags;
        if ((flags & (EntryFlags.Part | EntryFlags.Continuation)) != 0)
        {
            sink.Write(",\"part\":{\"first\":"u8);
            sink.WriteNumber(seq - (long)(span.Aux >> 32));
            sink.Write(",\"index\":"u8);
            sink.WriteNumber((long)(uint)span.Aux);
            sink.Write((flags & EntryFlags.Part) != 0 ? ",\"last\":false}"u8 : ",\"last\":true}"u8);
        }

        var mark =
            (flags & EntryFlags.BreakMax) != 0 ? ",\"brk\":\"max\""u8
            : (flags & EntryFlags.BreakIdle) != 0 ? ",\"brk\":\"idle\""u8
            : (flags & EntryFlags.BreakEof) != 0 ? ",\"brk\":\"eof\""u8
            : (flags & EntryFlags.BreakReturn) != 0 ? ",\"brk\":\"cr\""u8
            : default;
        sink.Write(mark);
        if ((flags & EntryFlags.Orphan) != 0)
        {
            sink.Write(",\"orphan\":true"u8);
        }

        if ((flags & EntryFlags.Collapsed) != 0)
        {
            sink.Write(",\"collapsed\":"u8);
            sink.WriteNumber(span.Aux);
        }

        if ((flags & EntryFlags.NotDurable) != 0)
        {
            sink.Write(",\"durable\":false"u8);
        }

        if ((flags & EntryFlags.GroupStart) != 0 && seq == span.Seq)
        {
            sink.Write(",\"group\":true"u8);
        }
    }

    private void WriteEvent(
        PrintedLog log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        ref ByteSink sink
    )
    {
        Begin(ref sink);
        sink.Write(log.JsonEventHead);
        sink.Write(",\"seq\":"u8);
        sink.WriteNumber(span.Seq);
        sink.Write(_middle.WrittenSpan);
        JsonEventFields.Write(body, ref sink);
        if ((span.Flags & EntryFlags.NotDurable) != 0)
        {
            sink.Write(",\"durable\":false"u8);
        }

        sink.Write("}\n"u8);
    }
}
