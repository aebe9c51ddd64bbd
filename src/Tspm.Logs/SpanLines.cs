namespace Tspm.Logs;

/// <summary>The lines of one span in memory, in stretches of wanted ones.</summary>
/// <remarks>A value of one read. Lines between hits are counted, not cut.</remarks>
internal ref struct SpanLines
{
    private readonly LogSpan _span;
    private readonly LinePattern _pattern;
    private readonly ReadOnlySpan<byte> _bytes;

    // The line at _at has the number _line; the next hit is from _start to _end, if there is one.
    private int _at;
    private uint _line;
    private int _start;
    private int _end;
    private bool _hasHit;

    /// <summary>Looks into a span.</summary>
    /// <param name="span">The span.</param>
    /// <param name="bytes">All of its bytes.</param>
    /// <param name="pattern">What is wanted.</param>
    public SpanLines(in LogSpan span, ReadOnlySpan<byte> bytes, LinePattern pattern)
    {
        _span = span;
        _pattern = pattern;
        _bytes = bytes;
        Find();
    }

    /// <summary>The next stretch of wanted lines, as a span of its own; false after the last.</summary>
    public bool TryNext(out LogSpan stretch)
    {
        stretch = _span;
        if (!_hasHit)
        {
            return false;
        }

        var from = _start;
        _line += (uint)_bytes[_at.._start].Count((byte)'\n');
        var line = _line;
        do
        {
            _at = _end;
            _line++;
            Find();
        } while (_hasHit && _start == _at);

        stretch.Seq += line;
        stretch.Offset += (uint)from;
        stretch.Count = _line - line;
        stretch.Length = (uint)(_at - from);
        return true;
    }

    private void Find()
    {
        var rest = _bytes[_at..];
        if (_span.Count == 1)
        {
            _hasHit = _at == 0 && _pattern.Matches(rest);
            (_start, _end) = (_at, _bytes.Length);
            return;
        }

        _hasHit = _pattern.TryFind(rest, out var start, out var end);
        (_start, _end) = (_at + start, _at + end);
    }
}
