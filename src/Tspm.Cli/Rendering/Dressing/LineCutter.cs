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
        if (line.Length <= width)
        {
            output.Write(line);
            return;
        }

        var cells = 0;
        var kept = 0;
        var hasColor = false;
        var isLinked = false;
        for (var at = 0; at < line.Length; )
        {
            if (line[at] == 0x1B)
            {
                var length = Math.Max(1, EscapeSequence.Measure(line[at..], 1, out var isColor));
                hasColor |= isColor;
                isLinked = isColor ? isLinked : length > "\e]8;;\e\\".Length;
                at += length;
                kept = cells < width ? at : kept;
                continue;
            }

            var taken = 1;
            var next = 1;
            if (line[at] == (byte)'\t')
            {
                next = Tab - (cells % Tab);
            }
            else if (line[at] >= 0x80)
            {
                _ = Rune.DecodeFromUtf8(line[at..], out var rune, out taken);
                next = CellWidth.Measure(rune);
            }

            cells += next;
            if (cells > width)
            {
                output.Write(line[..kept]);
                output.Write("…"u8);
                output.Write(isLinked ? "\e]8;;\e\\"u8 : default);
                output.Write(hasColor ? "\e[0m"u8 : default);
                return;
            }

            at += taken;
            kept = cells < width ? at : kept;
        }

        output.Write(line);
    }
}
