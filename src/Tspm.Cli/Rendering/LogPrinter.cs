using System.Buffers;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>Writes what a follower brings: entries, gaps, and what became of the connection.</summary>
/// <remarks>
/// One thread at a time. Nothing is flushed here but where rows change between the two outputs; the caller flushes
/// after each batch.
/// </remarks>
internal sealed class LogPrinter
{
    /// <summary>The widest column of names, cells.</summary>
    public const int MaxPrefixWidth = 20;

    private readonly LogPrinterOptions _options;
    private readonly List<PrintedLog> _logs = [];
    private readonly PrefixColors _colors;
    private readonly TextLogWriter _text;
    private readonly JsonLogWriter _json;

    /// <summary>Makes a printer.</summary>
    /// <param name="options">How.</param>
    /// <param name="output">stdout.</param>
    /// <param name="errors">stderr; used by raw and cat alone.</param>
    public LogPrinter(
        LogPrinterOptions options,
        IBufferWriter<byte> output,
        IBufferWriter<byte> errors
    )
    {
        _options = options;
        _colors = new PrefixColors(options.Depth);
        _text = new TextLogWriter(options, output, errors);
        _json = new JsonLogWriter(options, output);
    }

    /// <summary>Makes a log known; the column of names becomes wide enough for it.</summary>
    public PrintedLog Add(LogIdentity identity)
    {
        var index = _colors.Take(identity.Ns, identity.Name);
        var log = new PrintedLog(identity, index, _options.HasColor ? _colors.Sequence(index) : []);
        _logs.Add(log);
        LayOut();
        return log;
    }

    /// <summary>Forgets a log; its colour is free again.</summary>
    public void Remove(PrintedLog log)
    {
        if (_logs.Remove(log))
        {
            _colors.Return(log.ColorIndex);
            LayOut();
        }
    }

    /// <summary>Writes the entries of a batch.</summary>
    /// <param name="log">Whose they are.</param>
    /// <param name="epoch">Their epoch.</param>
    /// <param name="spans">In order of seq.</param>
    /// <param name="bytes">Of all spans, one after the other.</param>
    /// <param name="runs">From a run's number to its identity; <see cref="Guid.Empty"/> if not known.</param>
    public void Write(
        PrintedLog log,
        uint epoch,
        ReadOnlySpan<WireSpan> spans,
        ReadOnlySpan<byte> bytes,
        Func<uint, Guid> runs
    )
    {
        if (_options.IsJson)
        {
            _json.Write(log, epoch, spans, bytes, runs);
        }
        else
        {
            _text.Write(log, spans, bytes);
        }
    }

    /// <summary>Tells entries that are missing, or that have been read from disk since.</summary>
    public void WriteGap(
        PrintedLog log,
        long from,
        long to,
        GapReason reason,
        bool isFilled = false
    )
    {
        // A filled gap is information; one that stays is a warning.
        if (_options.QuietLevel >= (isFilled ? 1 : 2))
        {
            return;
        }

        if (_options.IsJson)
        {
            _json.WriteGap(log, from, to, reason, isFilled);
            return;
        }

        var name = log.Identity.Name;
        _text.WriteRow(
            isFilled ? MarkerText.Filled(name, from, to) : MarkerText.Gap(name, from, to, reason)
        );
    }

    /// <summary>Tells that gaps are not filled for a while.</summary>
    public void WriteFillPaused(PrintedLog log)
    {
        if (_options.QuietLevel == 0)
        {
            WriteState(log, "fill", "paused", null, MarkerText.FillPaused(log.Identity.Name));
        }
    }

    /// <summary>Tells that the connection broke.</summary>
    public void WriteConnectionLost() =>
        WriteConnection("lost", detail: null, MarkerText.ConnectionLost);

    /// <summary>Tells that the connection stands again.</summary>
    public void WriteReconnected(ReconnectKind kind) =>
        WriteConnection(
            "reconnected",
            kind switch
            {
                ReconnectKind.CleanRestart => "clean-restart",
                ReconnectKind.DaemonDied => "daemon-died",
                ReconnectKind.WithGaps => "with-gaps",
                _ => "same-daemon",
            },
            MarkerText.Reconnected(kind)
        );

    /// <summary>Tells that entries shown before are not in the log any more. Never hidden.</summary>
    public void WriteTruncated(PrintedLog log, long lastSeq) =>
        WriteState(
            log,
            "log-state",
            "truncated",
            lastSeq,
            MarkerText.Truncated(log.Identity.Name, lastSeq)
        );

    /// <summary>Tells that the name stands for another log now. Never hidden.</summary>
    public void WriteRecreated(PrintedLog log) =>
        WriteState(log, "log-state", "recreated", null, MarkerText.Recreated(log.Identity.Name));

    /// <summary>Tells that another run begins; in JSON each entry has its run.</summary>
    public void WriteRunChanged(PrintedLog log, uint from, uint to)
    {
        if (_options.QuietLevel == 0 && !_options.IsJson)
        {
            _text.WriteRow(MarkerText.RunChanged(log.Identity.Name, from, to));
        }
    }

    /// <summary>Tells that there will be no more of this log.</summary>
    public void WriteEnd(PrintedLog log, string reason)
    {
        if (_options.QuietLevel == 0)
        {
            WriteState(log, "end", reason, null, MarkerText.Ended(log.Identity.Name, reason));
        }
    }

    /// <summary>Tells where the next reader can go on.</summary>
    public void WriteCursor(string cursor)
    {
        if (_options.IsJson)
        {
            _json.WriteCursor(cursor);
        }
        else
        {
            _text.WriteRow(MarkerText.Cursor(cursor));
        }
    }

    /// <summary>Whether a line is still open, or lines wait for others of their event.</summary>
    public bool IsUnsettled => !_options.IsJson && _text.IsUnsettled;

    /// <summary>Writes what waits for other lines; to be called when none has come for a moment.</summary>
    public void Settle() => _text.Settle();

    /// <summary>Ends a line that is still open; to be called before the program ends.</summary>
    public void End()
    {
        if (!_options.IsJson)
        {
            _text.End();
        }
    }

    private void WriteConnection(string state, string? detail, string words)
    {
        if (_options.QuietLevel > 0)
        {
            return;
        }

        if (_options.IsJson)
        {
            _json.WriteConnection(state, detail);
        }
        else
        {
            _text.WriteRow(words);
        }
    }

    private void WriteState(PrintedLog log, string kind, string reason, long? lastSeq, string words)
    {
        if (_options.IsJson)
        {
            _json.WriteState(log, kind, reason, lastSeq);
        }
        else
        {
            _text.WriteRow(words);
        }
    }

    // Names alone say enough while all are in one namespace.
    private void LayOut()
    {
        var hasNamespaces = _logs.Exists(log => log.Identity.Ns != _logs[0].Identity.Ns);
        var labels = _logs.ConvertAll(log => Label(log.Identity, hasNamespaces));
        var width = 0;
        foreach (var label in labels)
        {
            width = Math.Max(width, Math.Min(CellWidth.Measure(label), MaxPrefixWidth));
        }

        for (var index = 0; index < _logs.Count; index++)
        {
            _logs[index].SetLabel(labels[index], width);
        }
    }

    private string Label(LogIdentity identity, bool hasNamespaces)
    {
        var name = hasNamespaces ? $"{identity.Ns}/{identity.Name}" : identity.Name;
        var clean = TerminalSanitizer.Clean(name);
        return _options.IsTerminal ? CellWidth.Cut(clean, MaxPrefixWidth) : clean;
    }
}
