using System.Runtime.CompilerServices;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>What a byte can begin, by one look into a table.</summary>
internal static class ByteKinds
{
    private const byte InWord = 0x10;
    private const byte InToken = 0x20;
    private const byte InAddress = 0x40;

    /// <summary>What begins here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteKind Of(byte value) => (ByteKind)(Table[value] & 0x0F);

    /// <summary>A letter, a digit, an underscore, a byte of a longer character.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInWord(byte value) => (Table[value] & InWord) != 0;

    /// <summary>The same, and what joins words to paths and names of types.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInToken(byte value) => (Table[value] & InToken) != 0;

    /// <summary>What may stand in an address: anything printable but what quotes or encloses it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInAddress(byte value) => (Table[value] & InAddress) != 0;

    // 256 bytes in the image itself: no look at a static field that may have to be made first. The rules are in a test.
    private static ReadOnlySpan<byte> Table =>
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8
        + "\0@\u0003@@@@C@@@`@``arrrrrrrrrr@@\0@\0@"u8
        + "`qqqqqqqqqqqqqqqqqqqqqqqqqq@\0@\0q"u8
        + "\0qqqqqqqqqqqqqqqqqqqqqqqqqq\0\0\0a\0"u8
        + "1111111111111111111111111111111111111111111111111111111111111111"u8
        + "1111111111111111111111111111111111111111111111111111111111111111"u8;
}

/// <summary>What a byte can begin.</summary>
internal enum ByteKind : byte
{
    /// <summary>Nothing.</summary>
    Other,

    /// <summary>A word or a path.</summary>
    Letter,

    /// <summary>A number.</summary>
    Digit,

    /// <summary>A quotation.</summary>
    Quote,
}
