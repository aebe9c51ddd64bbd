using System.Buffers;
using Tspm.Cli.Rendering.Dressing;
using Tspm.Cli.Terminal;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>Writes entries as text; zero allocation for lines, a clean block of lines in one piece.</summary>
/// <remarks>
/// A part is written without a line end; the rest goes on in the same line unless something came between, or the line
/// is longer than <see cref="MaxJoinedBytes"/>. Then it begins anew with <c>…</c>. Where lines are cut, the parts beyond the cut
/// are not shown.
/// </remarks>
internal sealed class TextLogWriter(
    LogPrinterOptions options,
    IBufferWriter<byte> output,
    IBufferWriter<byte> errors
)
{
    /// <summary>The longest line put together from parts, bytes.</summary>
    public const int MaxJoinedBytes = 1024 * 1024;

    // With these marks an entry is still a whole line.
    private const EntryFlags WholeLine =
        EntryFlags.Binary | EntryFlags.NotDurable | EntryFlags.GroupStart;

    private readonly LogLineHead _head = new(options);
    private readonly TextMode _mode = options.TextMode;
    private readonly bool _isRaw = options.Format == LogFormat.Raw;
    private readonly bool _keepsReturn = options.Format == LogFormat.Cat;
    private readonly IBufferWriter<byte> _output = output;
    private readonly LineDresser? _dresser = options.IsDressed
        ? new LineDresser(options.Dress, options.TextMode)
        : null;
    private readonly ArrayBufferWriter<byte> _piece = new();
    private IBufferWriter<byte> _target = output;
    private OpenLine _open;

    /// <summary>Writes the entries of a batch.</summary>
    public void Write(PrintedLog log, ReadOnlySpan<WireSpan> spans, ReadOnlySpan<byte> bytes)
    {
        _dresser?.Begin();
        while (!spans.IsEmpty)
        {
            Separate(log, spans[0].Flags);
            var count = FindBlock(spans, out var length);
            if (count > 0 && TryWriteBlock(spans[0].Stream, bytes[..length]))
            {
                spans = spans[count..];
                bytes = bytes[length..];
                continue;
            }

            // Something in the block needs care; its spans are looked at one by one.
            for (var index = 0; index < Math.Max(count, 1); index++)
            {
                length = (int)spans[index].Length;
                WriteSpan(log, in spans[index], bytes[..length]);
                bytes = bytes[length..];
            }

            spans = spans[Math.Max(count, 1)..];
        }
    }

    /// <summary>Whether a line is still open, or lines wait for others of their event.</summary>
    public bool IsUnsettled => _open.IsOpen || _dresser is { HasWaiting: true };

    /// <summary>Writes what waits for other lines: none came.</summary>
    public void Settle() => _dresser?.Settle(_target);

    /// <summary>Of lines with context: a row where others were left out.</summary>
    private void Separate(PrintedLog log, EntryFlags flags)
    {
        if ((flags & EntryFlags.GroupStart) == 0)
        {
            return;
        }

        if (log.HasGroup)
        {
            Switch(options.SendsRowsToErrors ? errors : _output);
            var sink = new ByteSink(_target);
            CloseLine(ref sink);
            sink.Write("--\n"u8);
            sink.Commit();
        }

        log.HasGroup = true;
    }

    /// <summary>Writes a row of tspm's own, <c>-- text --</c>.</summary>
    public void WriteRow(string text)
    {
        Switch(options.SendsRowsToErrors ? errors : _output);
        Settle();
        var sink = new ByteSink(_target);
        CloseLine(ref sink);
        var isDim = options.HasColor && !options.SendsRowsToErrors;
        sink.Write(isDim ? "\e[2m"u8 : default);
        sink.Write(System.Text.Encoding.UTF8.GetBytes(MarkerText.Row(text)));
        sink.Write(isDim ? "\e[0m\n"u8 : "\n"u8);
        sink.Commit();
    }

    /// <summary>Ends a line that is still open.</summary>
    public void End()
    {
        Settle();
        var sink = new ByteSink(_target);
        CloseLine(ref sink);
        sink.Commit();
    }

    // The longest run of spans that may go out as they are: no head, no marks, one target.
    private int FindBlock(ReadOnlySpan<WireSpan> spans, out int length)
    {
        length = 0;
        if (_dresser is not null || (!_head.IsEmpty && !_isRaw))
        {
            return 0;
        }

        var count = 0;
        while (
            count < spans.Length
            && (count == 0 || (spans[count].Flags & EntryFlags.GroupStart) == 0)
            && spans[count].Stream < 2
            && (_isRaw || (spans[count].Flags & ~WholeLine) == 0)
            && (!options.SplitsStreams || spans[count].Stream == spans[0].Stream)
        )
        {
            length += (int)spans[count].Length;
            count++;
        }

        return count;
    }

    private bool TryWriteBlock(byte stream, ReadOnlySpan<byte> block)
    {
        var isAsIs = _mode == TextMode.Raw && (_isRaw || _keepsReturn);
        if (!isAsIs && !(block.EndsWith((byte)'\n') && TerminalSanitizer.IsClean(block)))
        {
            return false;
        }

        Switch(Target(stream));
        var sink = new ByteSink(_target);
        CloseLine(ref sink);
        sink.Write(block);
        sink.Commit();
        return true;
    }

    private void WriteSpan(PrintedLog log, in WireSpan span, ReadOnlySpan<byte> body)
    {
        if (span.Stream > 1)
        {
            WriteEvent(log, in span, body);
            return;
        }

        Switch(Target(span.Stream));
        var isMarked = (span.Flags & ~WholeLine) != 0;
        if (_dresser is not null && !isMarked)
        {
            DressLines(log, in span, body, _dresser);
            return;
        }

        Settle();
        var sink = new ByteSink(_target);
        if (isMarked)
        {
            WriteMarked(log, in span, body, ref sink);
        }
        else
        {
            WriteLines(log, in span, body, ref sink);
        }

        sink.Commit();
    }

    private void WriteLines(
        PrintedLog log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        ref ByteSink sink
    )
    {
        CloseLine(ref sink);
        var isClean = _mode == TextMode.Raw ? _keepsReturn : TerminalSanitizer.IsClean(body);
        var head = _head.Render(log, in span, span.Seq);
        for (var seq = span.Seq; !body.IsEmpty; seq++)
        {
            if (_head.Varies && seq != span.Seq)
            {
                head = _head.Render(log, in span, seq);
            }

            sink.Write(head);
            var end = body.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (isClean)
            {
                sink.Write(line);
            }
            else
            {
                TerminalSanitizer.Write(
                    _keepsReturn ? line : EntryText.TrimReturn(line),
                    _mode,
                    ref sink
                );
            }

            sink.Write((byte)'\n');
        }
    }

    private void DressLines(
        PrintedLog log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        LineDresser dresser
    )
    {
        if (_open.IsOpen)
        {
            var sink = new ByteSink(_target);
            CloseLine(ref sink);
            sink.Commit();
        }

        var head = _head.Render(log, in span, span.Seq);
        for (var seq = span.Seq; !body.IsEmpty; seq++)
        {
            if (_head.Varies && seq != span.Seq)
            {
                head = _head.Render(log, in span, seq);
            }

            var end = body.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            dresser.Write(log, span.Stream, span.Wall, head, EntryText.TrimReturn(line), _target);
        }
    }

    private void WriteMarked(
        PrintedLog log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        ref ByteSink sink
    )
    {
        var isContinuation = (span.Flags & EntryFlags.Continuation) != 0;
        var isPart = (span.Flags & EntryFlags.Part) != 0;
        var isNew = !isContinuation || !_open.IsContinuedBy(log, in span);
        if (isNew)
        {
            CloseLine(ref sink);
        }

        if (_dresser?.Width is not { } width)
        {
            WritePiece(log, in span, body, isNew, ref sink);
        }
        else if (!_open.Cut.IsFull)
        {
            _piece.ResetWrittenCount();
            var piece = new ByteSink(_piece);
            WritePiece(log, in span, body, isNew, ref piece);
            piece.Commit();
            var cut = _open.Cut;
            LineCutter.Write(_piece.WrittenSpan, width, isPart, ref cut, ref sink);
            _open.Cut = cut;
        }

        if (!isPart)
        {
            sink.Write((byte)'\n');
            _open = default;
            return;
        }

        _open.Add(log, in span);
        if (_open.Bytes >= MaxJoinedBytes && !_open.Cut.IsFull)
        {
            CloseLine(ref sink);
        }
    }

    private void WritePiece(
        PrintedLog log,
        in WireSpan span,
        ReadOnlySpan<byte> body,
        bool isNew,
        ref ByteSink sink
    )
    {
        if (isNew)
        {
            var isContinuation = (span.Flags & EntryFlags.Continuation) != 0;
            sink.Write(_head.Render(log, in span, span.Seq, isContinuation));
        }

        var isPart = (span.Flags & EntryFlags.Part) != 0;
        var text = EntryText.TrimLineEnd(body, span.Flags);
        text = _keepsReturn || isPart ? text : EntryText.TrimReturn(text);
        TerminalSanitizer.Write(text, _mode, ref sink);
        if (!isPart)
        {
            WriteSuffix(in span, ref sink);
        }
    }

    private void WriteSuffix(in WireSpan span, ref ByteSink sink)
    {
        const EntryFlags Told = EntryFlags.Collapsed | EntryFlags.Orphan;
        if ((span.Flags & Told) == 0 || options.SendsRowsToErrors)
        {
            return;
        }

        sink.Write(options.HasColor ? "\e[2m"u8 : default);
        if ((span.Flags & EntryFlags.Collapsed) != 0)
        {
            sink.Write(" (+"u8);
            sink.WriteNumber(span.Aux);
            sink.Write(span.Aux == 1 ? " update)"u8 : " updates)"u8);
        }

        sink.Write(
            (span.Flags & EntryFlags.Orphan) != 0 ? " (after its run had ended)"u8 : default
        );
        sink.Write(options.HasColor ? "\e[0m"u8 : default);
    }

    private void WriteEvent(PrintedLog log, in WireSpan span, ReadOnlySpan<byte> body)
    {
        if (!options.ShowsEvents || options.QuietLevel > 0)
        {
            return;
        }

        var text = EventText.Format(body);
        if (!_head.NamesTheProcess)
        {
            var time = System.Text.Encoding.ASCII.GetString(_head.RenderTime(span.Wall));
            WriteRow($"{time}{TerminalSanitizer.Clean(log.Identity.Name)}: {text}");
            return;
        }

        Switch(_output);
        Settle();
        var sink = new ByteSink(_target);
        CloseLine(ref sink);
        sink.Write(_head.Render(log, in span, span.Seq));
        sink.Write(System.Text.Encoding.UTF8.GetBytes(text));
        sink.Write((byte)'\n');
        sink.Commit();
    }

    private IBufferWriter<byte> Target(byte stream) =>
        options.SplitsStreams && stream == 1 ? errors : _output;

    // What was written to the other one goes out first, so that a terminal that shows both keeps their order.
    private void Switch(IBufferWriter<byte> target)
    {
        if (ReferenceEquals(target, _target))
        {
            return;
        }

        End();
        (_target as OutputFile)?.Flush();
        _target = target;
    }

    private void CloseLine(ref ByteSink sink)
    {
        if (_open.IsOpen)
        {
            sink.Write((byte)'\n');
            _open = default;
        }
    }
}
