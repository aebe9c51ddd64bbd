using System.Buffers.Binary;

namespace SmartIpc.Framing;

/// <summary>The twelve bytes before every payload, little endian.</summary>
/// <param name="Length">Bytes of payload; not negative in a header that a rule has let through.</param>
/// <param name="Kind">What the frame says.</param>
/// <param name="Flags">How the payload is to be read.</param>
/// <param name="Method">Method number of a request or notify, else 0.</param>
/// <param name="Id">Correlation id of a request, id of a subscription, else 0.</param>
public readonly record struct FrameHeader(
    int Length,
    FrameKind Kind,
    FrameFlags Flags,
    ushort Method,
    uint Id
)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 12;

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, Length);
        destination[4] = (byte)Kind;
        destination[5] = (byte)Flags;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], Method);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Id);
    }

    /// <summary>Reads a header as it stands; the length may be anything until it is checked.</summary>
    /// <param name="source">At least <see cref="Size"/> bytes.</param>
    public static FrameHeader Read(ReadOnlySpan<byte> source) =>
        new(
            BinaryPrimitives.ReadInt32LittleEndian(source),
            (FrameKind)source[4],
            (FrameFlags)source[5],
            BinaryPrimitives.ReadUInt16LittleEndian(source[6..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..])
        );
}

/// <summary>How a payload is to be read.</summary>
[Flags]
public enum FrameFlags : byte
{
    /// <summary>A UTF-8 JSON object, or nothing.</summary>
    None = 0,

    /// <summary>The payload is binary.</summary>
    Binary = 1,

    /// <summary>A batch that took no credit: a bookmark. The reader gives none back for it.</summary>
    Free = 2,
}
