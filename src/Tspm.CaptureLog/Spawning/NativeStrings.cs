using System.Runtime.InteropServices;
using System.Text;

namespace Tspm.CaptureLog.Spawning;

/// <summary>A null-terminated array of C strings, as argv and environ are.</summary>
public sealed unsafe class NativeStrings : IDisposable
{
    private readonly byte** _array;
    private readonly int _count;

    /// <summary>Copies the strings.</summary>
    public NativeStrings(IReadOnlyList<string> strings)
    {
        ArgumentNullException.ThrowIfNull(strings);
        _count = strings.Count;
        _array = (byte**)NativeMemory.Alloc((nuint)(_count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < _count; i++)
        {
            var length = Encoding.UTF8.GetByteCount(strings[i]);
            _array[i] = (byte*)NativeMemory.Alloc((nuint)length + 1);
            Encoding.UTF8.GetBytes(strings[i], new Span<byte>(_array[i], length));
            _array[i][length] = 0;
        }

        _array[_count] = null;
    }

    /// <summary>The array.</summary>
    public byte** Pointer => _array;

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
        {
            NativeMemory.Free(_array[i]);
        }

        NativeMemory.Free(_array);
    }
}
