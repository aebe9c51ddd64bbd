using System.Buffers;
using System.Text;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.Screen;

/// <summary>From the text of a program to cells: no control sequence is left, colours have become styles.</summary>
/// <remarks>Not for two threads.</remarks>
internal sealed class StyledText
{
    private const int TabStop = 8;
    private readonly ArrayBufferWriter<byte> _clean = new();

    /// <summary>Appends the cells of a text.</summary>
    /// <param name="text">Any bytes.</param>
    /// <param name="hasColors">Whether the program's own colours count.</param>
    /// <param name="style">What the text begins with.</param>
    /// <param name="cells">Where to.</param>
    /// <param name="most">Stops when there are so many.</param>
    public void Append(
        ReadOnlySpan<byte> text,
        bool hasColors,
        CellStyle style,
        List<Cell> cells,
        int most
    )
    {
        _clean.ResetWrittenCount();
        var sink = new ByteSink(_clean);
        TerminalSanitizer.Write(text, hasColors ? TextMode.Terminal : TextMode.Strip, ref sink);
        sink.Commit();
        var begin = style;
        var rest = _clean.WrittenSpan;
        while (!rest.IsEmpty && cells.Count < most)
        {
            if (rest[0] == 0x1B)
            {
                // Only colour sequences are left, each of them whole.
                var end = rest.IndexOf((byte)'m');
                style = SgrState.Apply(rest[2..end], style, begin);
                rest = rest[(end + 1)..];
                continue;
            }

            _ = Rune.DecodeFromUtf8(rest, out var rune, out var taken);
            rest = rest[taken..];
            Add(rune, style, cells);
        }
    }

    /// <summary>Appends the cells of words of our own, or of a name.</summary>
    public static void Append(string text, CellStyle style, List<Cell> cells)
    {
        foreach (var rune in TerminalSanitizer.Clean(text).EnumerateRunes())
        {
            Add(rune, style, cells);
        }
    }

    private static void Add(Rune rune, CellStyle style, List<Cell> cells)
    {
        if (rune.Value is '\t' or '\n')
        {
            do
            {
                cells.Add(new Cell(' ', 0, style));
            } while (rune.Value == '\t' && cells.Count % TabStop != 0);
            return;
        }

        switch (CellWidth.Measure(rune))
        {
            case 0:
                AddMark(rune, cells);
                break;
            case 1:
                cells.Add(new Cell(rune.Value, 0, style));
                break;
            default:
                cells.Add(new Cell(rune.Value, 0, style));
                cells.Add(new Cell(0, 0, style));
                break;
        }
    }

    // One mark on a character of one cell; joiners and selectors change widths from terminal to terminal and are left out.
    private static void AddMark(Rune mark, List<Cell> cells)
    {
        var isSelector = mark.Value is (>= 0xFE00 and <= 0xFE0F) or (>= 0x200B and <= 0x200F);
        if (!isSelector && cells.Count > 0 && cells[^1] is { Mark: 0, IsTail: false } last)
        {
            cells[^1] = last with { Mark = mark.Value };
        }
    }
}
