namespace Tspm.Cli.FullScreen.Screen;

/// <summary>How a cell looks.</summary>
/// <param name="Foreground">0 for the terminal's own; else a mark of <see cref="Palette"/> or <see cref="Direct"/> and a colour.</param>
/// <param name="Background">The same of what is behind it.</param>
/// <param name="Bits">What else.</param>
internal readonly record struct CellStyle(uint Foreground, uint Background, StyleBits Bits)
{
    /// <summary>Mark of a colour 0 to 255.</summary>
    public const uint Palette = 0x0100_0000;

    /// <summary>Mark of a colour of 24 bits.</summary>
    public const uint Direct = 0x0200_0000;

    /// <summary>Text as it is.</summary>
    public static CellStyle Plain => default;

    /// <summary>For what is less important.</summary>
    public static CellStyle Dim => new(0, 0, StyleBits.Dim);

    /// <summary>For titles.</summary>
    public static CellStyle Bold => new(0, 0, StyleBits.Bold);

    /// <summary>For what is chosen.</summary>
    public static CellStyle Reverse => new(0, 0, StyleBits.Reverse);

    /// <summary>One of the 16 colours in front.</summary>
    /// <param name="color">0 to 15.</param>
    public static CellStyle Colored(uint color) => new(Palette | color, 0, StyleBits.None);

    /// <summary>The same with more marks.</summary>
    public CellStyle With(StyleBits bits) => this with { Bits = Bits | bits };
}

/// <summary>Marks of a cell besides its colours.</summary>
[Flags]
internal enum StyleBits : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Bold.</summary>
    Bold = 1,

    /// <summary>Dim.</summary>
    Dim = 2,

    /// <summary>Italic.</summary>
    Italic = 4,

    /// <summary>Underlined.</summary>
    Underline = 8,

    /// <summary>Struck through.</summary>
    Strike = 16,

    /// <summary>Front and back exchanged.</summary>
    Reverse = 32,
}
