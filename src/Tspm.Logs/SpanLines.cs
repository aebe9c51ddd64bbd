using System.Buffers;

namespace Tspm.Logs;

/// <summary>The lines of one span in memory, in stretches of wanted ones.</summary>
/// <remarks>A value of one read; disposed by it.</remarks>
internal struct SpanLines : IDisposable
{
    private readonly LogSpan _span;
    private readonly LinePattern _pattern;
    private readonly byte[] _bytes;
    private readonly int _length;
    private int _at;
    private uint _line;

    /// <summary>Reads the bytes of a span.</summary>
    /// <exception cref="IOException">They are not in the files any more, or the device failed.</exception>
    public SpanLines(in LogSpan span, LinePattern pattern, ProcessLog log)
    {
        _span = span;
        _pattern = pattern;
        _bytes = ArrayPool<byte>.Shared.Rent((int)span.Length);
        _length = log.ReadBytes(span, _bytes);
        if (_length < span.Length)
        {
            Dispose();
            throw new BytesGoneException(
                $"log of process {log.ProcessId}: {span.Length - _length} bytes of seq {span.Seq} are not in the files any more"
            );
        }
    }

    /// <summary>The next stretch of wanted lines, as a span of its own; false after the last.</summary>
    public bool TryNext(out LogSpan stretch)
    {
        stretch = _span;
        while (_line < _span.Count)
        {
            var (from, line) = (_at, _line);
            if (!TakeLine())
            {
                continue;
            }

            // Up to the next line that is not wanted.
            var (end, endLine) = (_at, _line);
            while (_line < _span.Count && TakeLine())
            {
                (end, endLine) = (_at, _line);
            }

            stretch.Seq += line;
            stretch.Offset += (uint)from;
            stretch.Count = endLine - line;
            stretch.Length = (uint)(end - from);
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private bool TakeLine()
    {
        var rest = _bytes.AsSpan(_at, _length - _at);
        var newline = _span.Count == 1 ? -1 : rest.IndexOf((byte)'\n');
        var length = newline < 0 ? rest.Length : newline + 1;
        _at += length;
        _line++;
        return _pattern.Matches(rest[..length]);
    }
}
