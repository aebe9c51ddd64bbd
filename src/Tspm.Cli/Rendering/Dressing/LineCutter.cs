using System.Buffers;
using System.Text;

namespace Tspm.Cli.Rendering.Dressing;

/// <summary>Cuts a rendered line to the width of a terminal. Colours and hyperlinks take no cells and are closed at the cut.</summary>
internal static class LineCutter
{
    private const int Tab = 8;

    /// <summary>Writes as much of a line as fits, with <c>…</c> at the cut.</summary>
    /// <param name="line">Made harmless; of escape sequences only our own and colours. No line end.</param>
    /// <param name="width">Cells, at least 1.</param>
    /// <param name="output">Where to.</param>
    public static void Write(ReadOnlySpan<byte> line, int width, IBufferWriter<byte> output)
    {
        // Of all that is one byte only a tab takes more than a cell, and nothing takes more cells than bytes.
        if (line.Length <= width && !line.Contains((byte)'\t'))
        {
            output.Write(line);
            return;
        }

        var cut = default(LineCut);
        var sink = new ByteSink(output);
        Write(line, width, goesOn: false, ref cut, ref sink);
        sink.Commit();
    }

    /// <summary>Writes as much of a piece of a line as fits beside the pieces before it.</summary>
    /// <param name="piece">As above.</param>
    /// <param name="width">Cells, at least 1.</param>
    /// <param name="goesOn">Whether another piece follows: a cell is kept for it, or for the <c>…</c>.</param>
    /// <param name="cut">How far the line is; a default one for its first piece.</param>
    /// <param name="sink">Where to.</param>
    public static void Write(
        ReadOnlySpan<byte> piece,
        int width,
        bool goesOn,
        ref LineCut cut,
        ref ByteSink sink
    )
    {
        if (cut.IsFull)
        {
            return;
        }

        var room = goesOn ? width - 1 : width;
        var kept = 0;
        for (var at = 0; at < piece.Length; )
        {
            if (piece[at] == 0x1B)
            {
                var length = Math.Max(1, EscapeSequence.Measure(piece[at..], 1, out var isColor));
                at += length;
                if (cut.Cells < width)
                {
                    kept = at;
                    cut.HasColor |= isColor;
                    cut.IsLinked = isColor ? cut.IsLinked : length > "\e]8;;\e\\".Length;
                }

                continue;
            }

            var cells = MeasureOne(piece[at..], cut.Cells, out var taken);
            if (cut.Cells + cells > room)
            {
                sink.Write(piece[..kept]);
                sink.Write("…"u8);
                sink.Write(cut.IsLinked ? "\e]8;;\e\\"u8 : default);
                sink.Write(cut.HasColor ? "\e[0m"u8 : default);
                cut.IsFull = true;
                return;
            }

            cut.Cells += cells;
            at += taken;
            kept = cut.Cells < width ? at : kept;
        }

        sink.Write(piece);
    }

    private static int MeasureOne(ReadOnlySpan<byte> text, int column, out int taken)
    {
        taken = 1;
        if (text[0] == (byte)'\t')
        {
            return Tab - (column % Tab);
        }

        if (text[0] < 0x80)
        {
            return 1;
        }

        _ = Rune.DecodeFromUtf8(text, out var rune, out taken);
        return CellWidth.Measure(rune);
    }
}

/// <summary>How far a line is that is written in pieces and cut.</summary>
internal struct LineCut
{
    /// <summary>Cells of what was written.</summary>
    public int Cells { get; set; }

    /// <summary>Whether the cut is made: nothing more is shown of it.</summary>
    public bool IsFull { get; set; }

    /// <summary>Whether it has set a colour.</summary>
    public bool HasColor { get; set; }

    /// <summary>Whether a hyperlink is open.</summary>
    public bool IsLinked { get; set; }
}
