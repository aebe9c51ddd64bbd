using System.Buffers.Binary;
using System.Text;

namespace Tspm.CaptureLog.Control;

/// <summary>Takes a body apart field by field; every length is checked before anything is allocated.</summary>
public ref struct ControlReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>False as soon as a field was not there; all fields after it are empty.</summary>
    public bool IsGood { get; private set; } = true;

    /// <summary>True if fields follow: those of a newer writer may be missing in an older one's body.</summary>
    public readonly bool HasMore => !_rest.IsEmpty;

    /// <summary>Takes a number.</summary>
    public uint U32() =>
        TryTake(sizeof(uint), out var bytes) ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    /// <summary>Takes a number.</summary>
    public ulong U64() =>
        TryTake(sizeof(ulong), out var bytes) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    /// <summary>Takes an identity.</summary>
    public Guid Id() => TryTake(16, out var bytes) ? new Guid(bytes, bigEndian: true) : Guid.Empty;

    /// <summary>Takes a text.</summary>
    public string Text()
    {
        var length = U32();
        return length <= (uint)_rest.Length && TryTake((int)length, out var bytes)
            ? Encoding.UTF8.GetString(bytes)
            : Fail();
    }

    /// <summary>Takes texts.</summary>
    public string[] Texts()
    {
        var count = U32();
        if (count > (uint)_rest.Length / sizeof(uint))
        {
            Fail();
            return [];
        }

        var texts = new string[count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = Text();
        }

        return texts;
    }

    private string Fail()
    {
        IsGood = false;
        _rest = default;
        return "";
    }

    private bool TryTake(int length, out ReadOnlySpan<byte> bytes)
    {
        if (length > _rest.Length)
        {
            Fail();
            bytes = default;
            return false;
        }

        bytes = _rest[..length];
        _rest = _rest[length..];
        return true;
    }
}
