using System.Buffers;
using Tspm.CaptureLog;

namespace Tspm.Logs.Searching;

/// <summary>Bytes of spans that lie side by side in their stream, read at once.</summary>
/// <remarks>One thread; belongs to one read of a log. Bounded by one span or <see cref="AheadBytes"/> per stream.</remarks>
internal sealed class SpanWindow(ProcessLog log, DataFileReader files) : IDisposable
{
    /// <summary>How far it reads ahead.</summary>
    public const int AheadBytes = 256 * 1024;

    private readonly Piece _out = new();
    private readonly Piece _err = new();

    /// <summary>The bytes of a span; valid until the next call.</summary>
    /// <param name="span">The span.</param>
    /// <param name="following">The spans after it in the log, as far as they are known.</param>
    /// <exception cref="BytesGoneException">They are not in the files any more.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public ReadOnlySpan<byte> Read(in LogSpan span, scoped ReadOnlySpan<LogSpan> following)
    {
        var piece = span.Stream == StreamKind.Err ? _err : _out;
        if (!piece.Holds(span))
        {
            piece.Load(log, files, span, following);
        }

        return piece.BytesOf(span);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _out.Dispose();
        _err.Dispose();
    }

    private sealed class Piece : IDisposable
    {
        private byte[] _bytes = [];
        private StreamName _source;
        private ulong _from;
        private int _length;

        public bool Holds(in LogSpan span) =>
            _length > 0
            && span.Source == _source
            && span.Offset >= _from
            && span.Offset + span.Length <= _from + (ulong)_length;

        public ReadOnlySpan<byte> BytesOf(in LogSpan span) =>
            _bytes.AsSpan((int)(span.Offset - _from), (int)span.Length);

        public void Load(
            ProcessLog log,
            DataFileReader files,
            in LogSpan span,
            scoped ReadOnlySpan<LogSpan> following
        )
        {
            var all = span;
            var isAsShown = log.Redaction is not null;
            foreach (ref readonly var next in following)
            {
                // A filter sees what its reader may see: entry by entry, as they are shown.
                if (isAsShown || all.Length >= AheadBytes || next.IsHole)
                {
                    break;
                }

                if (next.Stream == span.Stream && next.Source == span.Source)
                {
                    if (next.Offset != all.Offset + all.Length)
                    {
                        break;
                    }

                    all.Length += next.Length;
                }
            }

            _length = 0;
            if (_bytes.Length < all.Length)
            {
                Dispose();
                _bytes = ArrayPool<byte>.Shared.Rent((int)all.Length);
            }

            // Ahead without a promise: what is not there is somebody else's to tell.
            var read = isAsShown
                ? 0
                : files.Read(all.Source, all.Offset, _bytes.AsSpan(0, (int)all.Length));
            if (read < span.Length && (read = log.ReadBytes(span, _bytes)) < span.Length)
            {
                throw new BytesGoneException(
                    $"log of process {log.ProcessId}: {span.Length - read} bytes of seq {span.Seq} are not in the files any more"
                );
            }

            (_source, _from, _length) = (all.Source, all.Offset, read);
        }

        public void Dispose()
        {
            if (_bytes.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_bytes);
            }

            (_bytes, _length) = ([], 0);
        }
    }
}
