using System.Buffers;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Keeps the lines of one event together while several processes print: the others' lines wait for its end.</summary>
/// <remarks>
/// An event goes on while its process prints lines that continue it, each within <see cref="Patience"/> of the last.
/// The lines of one process never change their order. What waits is bounded by <see cref="MaxWaiting"/>.
/// </remarks>
internal sealed class EventOrder
{
    /// <summary>Lines that wait at the most; then the event is taken as ended.</summary>
    public const int MaxWaiting = 256;

    /// <summary>The longest pause inside an event.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly List<WaitingLine> _waiting = [];
    private PrintedLog? _owner;
    private byte _stream;
    private long _wall;

    /// <summary>Whether lines wait.</summary>
    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>Takes a line; writes it and what need not wait any more.</summary>
    public void Add(
        PrintedLog log,
        byte stream,
        long wall,
        LineKind kind,
        ReadOnlySpan<byte> text,
        IBufferWriter<byte> output
    )
    {
        if (_owner is null && _waiting.Count == 0)
        {
            output.Write(text);
            Own(log, stream, wall, kind);
            return;
        }

        _waiting.Add(new WaitingLine(log, stream, wall, kind, text.ToArray()));
        if (_waiting.Count > MaxWaiting)
        {
            _owner = null;
        }

        Drain(output);
    }

    /// <summary>Ends the event, as when nothing has come for a while; writes everything that waits.</summary>
    public void End(IBufferWriter<byte> output)
    {
        _owner = null;
        while (_waiting.Count > 0)
        {
            Drain(output);
            _owner = null;
        }
    }

    private void Drain(IBufferWriter<byte> output)
    {
        for (var at = 0; at < _waiting.Count; )
        {
            var line = _waiting[at];
            var isOwners = ReferenceEquals(line.Log, _owner);
            if (
                isOwners && line.Stream == _stream && line.Kind == LineKind.Continues
                || _owner is null
            )
            {
                _waiting.RemoveAt(at);
                output.Write(line.Text);
                var hadOwner = _owner is not null;
                Own(line.Log, line.Stream, line.Wall, line.Kind);

                // With a new owner the lines before this one have been written; with the old one they go on waiting.
                at = hadOwner ? at : 0;
            }
            else if (isOwners || line.Wall - _wall > Patience.Ticks)
            {
                _owner = null;
                at = 0;
            }
            else
            {
                at++;
            }
        }
    }

    private void Own(PrintedLog log, byte stream, long wall, LineKind kind)
    {
        _owner = kind == LineKind.Single ? null : log;
        _stream = stream;
        _wall = wall;
    }

    private readonly record struct WaitingLine(
        PrintedLog Log,
        byte Stream,
        long Wall,
        LineKind Kind,
        byte[] Text
    );
}
