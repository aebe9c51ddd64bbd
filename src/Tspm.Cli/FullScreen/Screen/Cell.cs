namespace Tspm.Cli.FullScreen.Screen;

/// <summary>One cell of the screen.</summary>
/// <param name="Rune">The character; 0 in the second cell of a wide one.</param>
/// <param name="Mark">A combining mark on it; 0 for none.</param>
/// <param name="Style">How it looks.</param>
internal readonly record struct Cell(int Rune, int Mark, CellStyle Style)
{
    /// <summary>A blank.</summary>
    public static Cell Blank => new(' ', 0, CellStyle.Plain);

    /// <summary>Whether it is the second cell of a wide character.</summary>
    public bool IsTail => Rune == 0;
}
