using System.Buffers;
using System.Text;

namespace Tspm.Logs.Searching;

/// <summary>A line as characters, made when somebody asks for it; bytes that are not UTF-8 become U+FFFD.</summary>
/// <param name="room">Room on the stack for short lines.</param>
internal ref struct LineText(Span<char> room)
{
    private readonly Span<char> _room = room;
    private char[]? _rented;
    private ReadOnlySpan<char> _text;
    private bool _isMade;

    /// <summary>The characters of the line.</summary>
    public ReadOnlySpan<char> Of(ReadOnlySpan<byte> line)
    {
        if (!_isMade)
        {
            // One byte never gives more than one character.
            var into =
                line.Length <= _room.Length
                    ? _room
                    : (_rented = ArrayPool<char>.Shared.Rent(line.Length));
            _text = into[..Encoding.UTF8.GetChars(line, into)];
            _isMade = true;
        }

        return _text;
    }

    /// <summary>Gives back what was rented.</summary>
    public void Dispose()
    {
        if (_rented is { } rented)
        {
            ArrayPool<char>.Shared.Return(rented);
            _rented = null;
        }
    }
}
