using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Writes whole lines for the eye: structured ones readably, traces folded, events together, coloured, cut.</summary>
/// <remarks>Nothing of it is on outside a terminal unless asked for by an option. One thread at a time.</remarks>
internal sealed class LineDresser
{
    private readonly LineDress _dress;
    private readonly TextMode _mode;
    private readonly LineHighlighter? _highlighter;
    private readonly StructuredView? _structured;
    private readonly EventOrder? _order;
    private readonly ArrayBufferWriter<byte> _clean = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly ArrayBufferWriter<byte> _cut = new();
    private readonly List<(PrintedLog Log, byte Stream, TraceFold Fold)> _folds = [];
    private int? _width;

    public LineDresser(LineDress dress, TextMode mode)
    {
        _dress = dress;
        _mode = mode;
        _highlighter = dress.Highlights
            ? new LineHighlighter(dress.HasLinks, Environment.MachineName)
            : null;
        _order = dress.KeepsEvents ? new EventOrder() : null;
        _structured =
            dress.IsPretty || dress.Fields.Count > 0 || dress.Select is not null
                ? new StructuredView(dress.Fields, dress.Select, dress.IsPretty)
                : null;
    }

    /// <summary>Whether something waits for more, or for <see cref="Settle"/>.</summary>
    public bool HasWaiting => _order is { HasWaiting: true } || _folds.Count > 0;

    /// <summary>The cells that a line may have; null if none is cut.</summary>
    public int? Width => _width;

    /// <summary>To be called before the lines of a batch: the terminal may have another width now.</summary>
    public void Begin() => _width = _dress.CutWidth?.Invoke();

    /// <summary>Writes a line of a program, or keeps it for a moment.</summary>
    public void Write(
        PrintedLog log,
        byte stream,
        long wall,
        ReadOnlySpan<byte> head,
        ReadOnlySpan<byte> line,
        IBufferWriter<byte> output
    )
    {
        if (_structured?.LinesOf(line) is not { } shown)
        {
            WriteOne(log, stream, wall, head, line, output);
            return;
        }

        log.HiddenLines += shown.Count == 0 ? 1 : 0;
        foreach (var one in shown)
        {
            WriteOne(log, stream, wall, head, Encoding.UTF8.GetBytes(one), output);
        }
    }

    /// <summary>Writes everything that waits: nothing has come for a while, or something else is about to be written.</summary>
    public void Settle(IBufferWriter<byte> output)
    {
        foreach (var (log, stream, fold) in _folds)
        {
            WriteRest(log, stream, 0, fold, output);
        }

        _folds.Clear();
        _order?.End(output);
    }

    private void WriteOne(
        PrintedLog log,
        byte stream,
        long wall,
        ReadOnlySpan<byte> head,
        ReadOnlySpan<byte> line,
        IBufferWriter<byte> output
    )
    {
        var kind =
            _dress.FoldsTraces || _order is not null ? TraceLines.KindOf(line) : LineKind.Single;
        if (_dress.FoldsTraces && !IsShown(log, stream, wall, kind, head, output))
        {
            return;
        }

        if (_order is null && _width is null)
        {
            var direct = new ByteSink(output);
            direct.Write(head);
            WriteText(line, ref direct);
            direct.Write((byte)'\n');
            direct.Commit();
            return;
        }

        _line.ResetWrittenCount();
        var sink = new ByteSink(_line);
        sink.Write(head);
        WriteText(line, ref sink);
        sink.Commit();
        Pass(log, stream, wall, kind, output);
    }

    private void Pass(
        PrintedLog log,
        byte stream,
        long wall,
        LineKind kind,
        IBufferWriter<byte> output
    )
    {
        _cut.ResetWrittenCount();
        if (_width is { } width)
        {
            LineCutter.Write(_line.WrittenSpan, width, _cut);
        }
        else
        {
            _cut.Write(_line.WrittenSpan);
        }

        _cut.Write("\n"u8);
        if (_order is null)
        {
            output.Write(_cut.WrittenSpan);
        }
        else
        {
            _order.Add(log, stream, wall, kind, _cut.WrittenSpan, output);
        }
    }

    private bool IsShown(
        PrintedLog log,
        byte stream,
        long wall,
        LineKind kind,
        ReadOnlySpan<byte> head,
        IBufferWriter<byte> output
    )
    {
        var fold = log.FoldOf(stream);
        if (kind != LineKind.Continues)
        {
            _folds.Remove((log, stream, fold));
            WriteRest(log, stream, wall, fold, output);
        }

        var isShown = fold.Shows(kind, head);
        if (!isShown && !_folds.Contains((log, stream, fold)))
        {
            _folds.Add((log, stream, fold));
        }

        return isShown;
    }

    private void WriteRest(
        PrintedLog log,
        byte stream,
        long wall,
        TraceFold fold,
        IBufferWriter<byte> output
    )
    {
        if (fold.TakeRest() is { } rest)
        {
            _line.ResetWrittenCount();
            _line.Write(rest);
            Pass(log, stream, wall, LineKind.Continues, output);
        }
    }

    private void WriteText(ReadOnlySpan<byte> line, ref ByteSink sink)
    {
        var isClean = TerminalSanitizer.IsClean(line);
        if (_highlighter is null && _dress.Patterns.Count == 0)
        {
            Clean(line, isClean, ref sink);
            return;
        }

        if (!isClean)
        {
            _clean.ResetWrittenCount();
            var cleaned = new ByteSink(_clean);
            TerminalSanitizer.Write(line, _mode, ref cleaned);
            cleaned.Commit();
            line = _clean.WrittenSpan;
        }

        // A program that colours its lines has chosen for itself.
        if (!isClean && line.Contains((byte)0x1B))
        {
            sink.Write(line);
        }
        else if (_dress.Patterns.Count > 0)
        {
            WriteMatches(line, ref sink);
        }
        else
        {
            _highlighter!.Write(line, ref sink); // not null: checked at the top
        }
    }

    private void Clean(ReadOnlySpan<byte> line, bool isClean, ref ByteSink sink)
    {
        if (isClean)
        {
            sink.Write(line);
        }
        else
        {
            TerminalSanitizer.Write(line, _mode, ref sink);
        }
    }

    /// <summary>What the user's own patterns match, inverse; the rest as ever.</summary>
    private void WriteMatches(ReadOnlySpan<byte> line, ref ByteSink sink)
    {
        var text = Encoding.UTF8.GetString(line);
        var marked = new bool[text.Length];
        foreach (var pattern in _dress.Patterns)
        {
            foreach (var match in pattern.EnumerateMatches(text))
            {
                marked.AsSpan(match.Index, match.Length).Fill(true);
            }
        }

        for (var at = 0; at < text.Length; )
        {
            var end = Array.IndexOf(marked, !marked[at], at);
            end = end < 0 ? text.Length : end;
            var part = Encoding.UTF8.GetBytes(text[at..end]);
            if (marked[at])
            {
                sink.Write("\e[7m"u8);
                sink.Write(part);
                sink.Write("\e[27m"u8);
            }
            else if (_highlighter is not null)
            {
                _highlighter.Write(part, ref sink);
            }
            else
            {
                sink.Write(part);
            }

            at = end;
        }
    }
}

/// <summary>How lines are dressed.</summary>
internal sealed record LineDress
{
    /// <summary>Colours for levels, numbers, addresses and so on.</summary>
    public bool Highlights { get; init; }

    /// <summary>Patterns of the user's own.</summary>
    public IReadOnlyList<Regex> Patterns { get; init; } = [];

    /// <summary>Whether the terminal has hyperlinks (OSC 8).</summary>
    public bool HasLinks { get; init; }

    /// <summary>JSON and logfmt readably.</summary>
    public bool IsPretty { get; init; }

    /// <summary>Only lines with these fields.</summary>
    public IReadOnlyList<FieldTerm> Fields { get; init; } = [];

    /// <summary>Only these fields of them; null for all.</summary>
    public IReadOnlyList<string>? Select { get; init; }

    /// <summary>Long stack traces are cut short.</summary>
    public bool FoldsTraces { get; init; }

    /// <summary>The lines of one event stay together.</summary>
    public bool KeepsEvents { get; init; }

    /// <summary>The width to cut to, asked before each batch; null cuts nothing.</summary>
    public Func<int?>? CutWidth { get; init; }

    /// <summary>Whether lines need to be looked at one by one.</summary>
    public bool IsOn =>
        Highlights
        || Patterns.Count > 0
        || IsPretty
        || Fields.Count > 0
        || Select is not null
        || FoldsTraces
        || KeepsEvents
        || CutWidth is not null;
}
