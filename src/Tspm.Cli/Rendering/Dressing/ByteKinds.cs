namespace Tspm.Cli.Rendering.Dressing;

/// <summary>What a byte can begin, by one look into a table.</summary>
internal static class ByteKinds
{
    private const byte InWord = 0x10;
    private const byte InToken = 0x20;
    private static readonly byte[] Table = Fill();

    /// <summary>What begins here.</summary>
    public static ByteKind Of(byte value) => (ByteKind)(Table[value] & 0x0F);

    /// <summary>A letter, a digit, an underscore, a byte of a longer character.</summary>
    public static bool IsInWord(byte value) => (Table[value] & InWord) != 0;

    /// <summary>The same, and what joins words to paths and names of types.</summary>
    public static bool IsInToken(byte value) => (Table[value] & InToken) != 0;

    private static byte[] Fill()
    {
        var table = new byte[256];
        for (var value = 0; value < 256; value++)
        {
            var letter = (char)value;
            var isDigit = char.IsAsciiDigit(letter);
            var isWord = isDigit || char.IsAsciiLetter(letter) || letter == '_' || value >= 0x80;
            var isToken = isWord || letter is '.' or '/' or '-' or '~' or '+' or '@';
            var kind =
                isDigit ? ByteKind.Digit
                : isWord || letter is '/' or '~' ? ByteKind.Letter
                : letter is '"' or '\'' ? ByteKind.Quote
                : ByteKind.Other;
            table[value] = (byte)((byte)kind | (isWord ? InWord : 0) | (isToken ? InToken : 0));
        }

        return table;
    }
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
