using Tspm.Cli.Rendering.Dressing;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>The line that was begun and waits for the rest of its parts.</summary>
internal struct OpenLine
{
    private PrintedLog? _log;
    private byte _stream;
    private uint _run;

    /// <summary>Whether there is one.</summary>
    public readonly bool IsOpen => _log is not null;

    /// <summary>Its length so far, bytes of entries.</summary>
    public long Bytes { get; private set; }

    /// <summary>Where lines are cut: what of it is shown.</summary>
    public LineCut Cut { get; set; }

    /// <summary>Whether an entry is the next part of this line.</summary>
    public readonly bool IsContinuedBy(PrintedLog log, in WireSpan span) =>
        ReferenceEquals(_log, log) && _stream == span.Stream && _run == span.Run;

    /// <summary>Begins the line, or makes it longer.</summary>
    public void Add(PrintedLog log, in WireSpan span)
    {
        _log = log;
        _stream = span.Stream;
        _run = span.Run;
        Bytes += span.Length;
    }
}
