using Tspm.Protocol.Batches;

namespace Tspm.Cli.Rendering;

/// <summary>What stands before the text of a line: time and name.</summary>
/// <remarks>The span that <see cref="Render"/> gives is valid until the next call.</remarks>
internal sealed class LogLineHead
{
    private readonly LogPrinterOptions _options;
    private readonly TimestampWriter _times;
    private readonly bool _isFull;
    private readonly bool _hasPrefix;
    private readonly TimestampStyle _style;
    private byte[] _room = new byte[512];

    public LogLineHead(LogPrinterOptions options)
    {
        _options = options;
        _isFull = options.Format == LogFormat.Full;
        _hasPrefix = options.Format == LogFormat.Short && options.HasPrefix;
        _style = options.Format switch
        {
            LogFormat.Full when options.Timestamps == TimestampStyle.Off => TimestampStyle.Iso,
            LogFormat.Short or LogFormat.Full => options.Timestamps,
            _ => TimestampStyle.Off,
        };
        _times = new TimestampWriter(_style, options.IsUtc, options.Zone);
    }

    /// <summary>Whether nothing stands before a whole line.</summary>
    public bool IsEmpty => !NamesTheProcess && _style == TimestampStyle.Off;

    /// <summary>Whether the line itself says whose it is.</summary>
    public bool NamesTheProcess => _isFull || _hasPrefix;

    /// <summary>Whether the lines of one span have different heads.</summary>
    public bool Varies => _isFull || _style == TimestampStyle.Delta;

    /// <summary>The head of an entry.</summary>
    public ReadOnlySpan<byte> Render(
        PrintedLog log,
        in WireSpan span,
        long seq,
        bool isContinuation = false
    )
    {
        var at = _times.Write(span.Wall, _room);
        if (_isFull)
        {
            return _room.AsSpan(0, AddFull(at, log, in span, seq, isContinuation));
        }

        if (!_hasPrefix)
        {
            at = isContinuation && _options.Format == LogFormat.Short ? Add(at, "…"u8) : at;
            return _room.AsSpan(0, at);
        }

        return _room.AsSpan(
            0,
            Add(at, isContinuation ? log.Continuation(span.Stream) : log.Prefix(span.Stream))
        );
    }

    /// <summary>The time alone, with a space after it; empty if times are off.</summary>
    public ReadOnlySpan<byte> RenderTime(long wall) => _room.AsSpan(0, _times.Write(wall, _room));

    private int AddFull(int at, PrintedLog log, in WireSpan span, long seq, bool isContinuation)
    {
        at = Add(at, log.FullName);
        at = AddNumber(at, span.Run);
        at = Add(at, " "u8);
        at = AddNumber(at, seq);
        at = Add(
            at,
            span.Stream switch
            {
                0 => " | "u8,
                1 => " ! "u8,
                _ => " * "u8,
            }
        );
        return isContinuation ? Add(at, "…"u8) : at;
    }

    private int Add(int at, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _room.Length - at)
        {
            Array.Resize(ref _room, _room.Length + bytes.Length + 64);
        }

        bytes.CopyTo(_room.AsSpan(at));
        return at + bytes.Length;
    }

    private int AddNumber(int at, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = value.TryFormat(digits, out var length);
        return Add(at, digits[..length]);
    }
}
