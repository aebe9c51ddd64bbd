using System.Buffers;
using System.Text;
using Tspm.Cli.Rendering;
using Tspm.Client;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Export;

/// <summary>Writes entries as lines of a file: one line for each entry, gap and life-cycle entry, whatever a program printed.</summary>
/// <remarks>
/// CRI: <c>2026-01-31T14:05:06.123456700Z stdout F text</c>; P if the line goes on in the next entry. Log:
/// <c>2026-01-31T14:05:06.1234567Z default/web | text</c> with the signs of the terminal. Rows of tspm itself begin with
/// <c>[tspm]</c>; in CRI life-cycle entries are of stderr, and what is missing is a line of stdout that begins with <c>tspm-gap</c>.
/// </remarks>
internal sealed class RecordWriter(IBufferWriter<byte> output, bool isCri, bool hasNames)
    : IExportWriter
{
    private const byte OutStream = 0;
    private const byte EventStream = 2;
    private readonly List<(LogTarget Log, string Text)> _waiting = [];
    private long _wall = -1;

    /// <inheritdoc/>
    public void Write(LogBatch batch)
    {
        var sink = new ByteSink(output);
        var bytes = batch.Bytes;
        foreach (ref readonly var span in batch.Spans)
        {
            var body = bytes[..(int)span.Length];
            bytes = bytes[(int)span.Length..];
            _wall = span.Wall;
            WriteWaiting(ref sink);
            if (span.Stream == EventStream)
            {
                WriteRow(batch.Log, "[tspm] "u8, EventText.Format(body), EventStream, ref sink);
                continue;
            }

            WriteEntries(batch.Log, span, body, ref sink);
        }

        sink.Commit();
    }

    /// <inheritdoc/>
    public void Write(LogGap gap)
    {
        // With the time of its neighbour: what is missing has none.
        _waiting.Add((gap.Log, MarkerText.Gap(gap.Log.Name, gap.From, gap.To, gap.Reason)));
        if (_wall >= 0)
        {
            var sink = new ByteSink(output);
            WriteWaiting(ref sink);
            sink.Commit();
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        _wall = Math.Max(0, _wall);
        var sink = new ByteSink(output);
        WriteWaiting(ref sink);
        sink.Commit();
    }

    private void WriteEntries(
        LogTarget log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        ref ByteSink sink
    )
    {
        var flags = span.Flags;
        for (var i = 0u; i < span.Count; i++)
        {
            var newline = span.Count == 1 ? -1 : body.IndexOf((byte)'\n');
            var entry = newline < 0 ? body : body[..(newline + 1)];
            body = body[entry.Length..];
            WriteHead(log, span.Stream, (flags & EntryFlags.Part) != 0, ref sink);
            if (!isCri && (flags & EntryFlags.Continuation) != 0)
            {
                sink.Write("…"u8);
            }

            var text = EntryText.TrimLineEnd(entry, flags);
            EscapedText.Write(
                (flags & EntryFlags.Part) != 0 ? text : EntryText.TrimReturn(text),
                ref sink
            );
            sink.Write(!isCri && (flags & EntryFlags.Part) != 0 ? "…\n"u8 : "\n"u8);
        }
    }

    private void WriteWaiting(ref ByteSink sink)
    {
        foreach (var (log, text) in _waiting)
        {
            WriteRow(
                log,
                isCri ? "tspm-gap "u8 : "[tspm] "u8,
                text,
                isCri ? OutStream : EventStream,
                ref sink
            );
        }

        _waiting.Clear();
    }

    private void WriteRow(
        LogTarget log,
        ReadOnlySpan<byte> mark,
        string text,
        byte stream,
        ref ByteSink sink
    )
    {
        WriteHead(log, stream, isPart: false, ref sink);
        sink.Write(mark);
        EscapedText.Write(Encoding.UTF8.GetBytes(text), ref sink);
        sink.Write((byte)'\n');
    }

    private void WriteHead(LogTarget log, byte stream, bool isPart, ref ByteSink sink)
    {
        sink.Write(Stamp());
        var name = $"{log.Ns}/{log.Name}";
        if (!isCri)
        {
            sink.Write(Encoding.UTF8.GetBytes($" {name} {"|!*"[Math.Min(stream, (byte)2)]} "));
            return;
        }

        sink.Write(stream == 0 ? " stdout "u8 : " stderr "u8);
        sink.Write(isPart ? "P "u8 : "F "u8);
        if (hasNames)
        {
            sink.Write(Encoding.UTF8.GetBytes($"{name}: "));
        }
    }

    private byte[] Stamp()
    {
        var room = new byte[TimestampWriter.MaxBytes];
        var length = TimestampWriter.WriteExact(_wall, room);

        // RFC3339Nano has nine digits.
        return isCri ? [.. room.AsSpan(0, length - 1), .. "00Z"u8] : room[..length];
    }
}
