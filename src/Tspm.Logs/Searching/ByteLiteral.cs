using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Tspm.Logs.Searching;

/// <summary>A text to be found in bytes; with ASCII letters in either case if wished.</summary>
/// <remarks>Vectorised by two of its bytes, the first and the last; what they let through is compared. Any thread.</remarks>
internal sealed class ByteLiteral
{
    private const byte CaseBit = 0x20;
    private readonly byte[] _text;
    private readonly byte[] _folds;
    private readonly bool _isFolded;

    /// <summary>Makes one.</summary>
    /// <param name="text">Not empty; ASCII if letters match in either case.</param>
    /// <param name="ignoresCase">Whether they do.</param>
    public ByteLiteral(string text, bool ignoresCase)
    {
        _text = Encoding.UTF8.GetBytes(ignoresCase ? text.ToLowerInvariant() : text);
        _folds = new byte[_text.Length];
        for (var i = 0; i < _text.Length; i++)
        {
            var isLetter = ignoresCase && _text[i] is >= (byte)'a' and <= (byte)'z';
            _folds[i] = isLetter ? CaseBit : (byte)0;
            _isFolded |= isLetter;
        }
    }

    /// <summary>Where it is first; −1 if it is not there.</summary>
    public int IndexIn(ReadOnlySpan<byte> bytes) =>
        !_isFolded ? bytes.IndexOf(_text)
        : bytes.Length < _text.Length ? -1
        : IndexFolded(bytes);

    private int IndexFolded(ReadOnlySpan<byte> bytes)
    {
        var starts = bytes.Length - _text.Length + 1;
        var at = 0;
        var found =
            Vector256.IsHardwareAccelerated ? FindBy32(bytes, starts, ref at)
            : Vector128.IsHardwareAccelerated ? FindBy16(bytes, starts, ref at)
            : -1;
        for (; found < 0 && at < starts; at++)
        {
            found = IsAt(bytes, at) ? at : -1;
        }

        return found;
    }

    private int FindBy32(ReadOnlySpan<byte> bytes, int starts, ref int at)
    {
        var last = _text.Length - 1;
        ref var begin = ref MemoryMarshal.GetReference(bytes);
        var (first, end) = (Vector256.Create(_text[0]), Vector256.Create(_text[last]));
        var (foldFirst, foldEnd) = (Vector256.Create(_folds[0]), Vector256.Create(_folds[last]));
        for (; at <= starts - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var atFirst = Vector256.LoadUnsafe(ref begin, (nuint)at) | foldFirst;
            var atEnd = Vector256.LoadUnsafe(ref begin, (nuint)(at + last)) | foldEnd;
            var both = Vector256.Equals(atFirst, first) & Vector256.Equals(atEnd, end);
            if (
                both != Vector256<byte>.Zero
                && FindIn(both.ExtractMostSignificantBits(), bytes, at) is var found and >= 0
            )
            {
                return found;
            }
        }

        return -1;
    }

    private int FindBy16(ReadOnlySpan<byte> bytes, int starts, ref int at)
    {
        var last = _text.Length - 1;
        ref var begin = ref MemoryMarshal.GetReference(bytes);
        var (first, end) = (Vector128.Create(_text[0]), Vector128.Create(_text[last]));
        var (foldFirst, foldEnd) = (Vector128.Create(_folds[0]), Vector128.Create(_folds[last]));
        for (; at <= starts - Vector128<byte>.Count; at += Vector128<byte>.Count)
        {
            var atFirst = Vector128.LoadUnsafe(ref begin, (nuint)at) | foldFirst;
            var atEnd = Vector128.LoadUnsafe(ref begin, (nuint)(at + last)) | foldEnd;
            var both = Vector128.Equals(atFirst, first) & Vector128.Equals(atEnd, end);
            if (
                both != Vector128<byte>.Zero
                && FindIn(both.ExtractMostSignificantBits(), bytes, at) is var found and >= 0
            )
            {
                return found;
            }
        }

        return -1;
    }

    private int FindIn(uint candidates, ReadOnlySpan<byte> bytes, int at)
    {
        for (; candidates != 0; candidates &= candidates - 1)
        {
            var start = at + BitOperations.TrailingZeroCount(candidates);
            if (IsAt(bytes, start))
            {
                return start;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsAt(ReadOnlySpan<byte> bytes, int at)
    {
        for (var i = 0; i < _text.Length; i++)
        {
            if ((bytes[at + i] | _folds[i]) != _text[i])
            {
                return false;
            }
        }

        return true;
    }
}
