using System.Text;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.Screen;

/// <summary>From one picture to the next: the bytes that make a terminal that shows the one show the other.</summary>
/// <remarks>
/// Only cells that differ are written, in one piece between the marks of a synchronized update. The cursor is placed
/// anew after every character whose width terminals do not agree about.
/// </remarks>
internal sealed class GridPainter(bool hasColor)
{
    private CellGrid? _shown;

    /// <summary>What is on the terminal is not known any more: the next picture is painted whole.</summary>
    public void Forget() => _shown = null;

    /// <summary>Writes what differs; nothing if nothing does.</summary>
    /// <returns>Whether something was written.</returns>
    public bool Paint(CellGrid grid, ref ByteSink sink)
    {
        var isWhole = _shown is null || _shown.Width != grid.Width || _shown.Height != grid.Height;
        if (isWhole)
        {
            sink.Write("\e[?2026h\e[0m\e[2J"u8);
        }

        var before = isWhole ? new CellGrid(grid.Width, grid.Height) : _shown;
        var pen = new Pen(hasColor) { IsOpen = isWhole };
        for (var y = 0; y < grid.Height; y++)
        {
            // Never null: it is made above where it was.
            PaintRow(before!.Row(y), grid.Row(y), y, ref pen, ref sink);
        }

        _shown = grid;
        if (pen.IsOpen)
        {
            sink.Write("\e[0m\e[?2026l"u8);
        }

        return pen.IsOpen;
    }

    private static void PaintRow(
        ReadOnlySpan<Cell> before,
        ReadOnlySpan<Cell> after,
        int y,
        ref Pen pen,
        ref ByteSink sink
    )
    {
        for (var x = 0; x < after.Length; x++)
        {
            var isWide = x + 1 < after.Length && after[x + 1].IsTail;
            var isSame = before[x] == after[x] && (!isWide || before[x + 1] == after[x + 1]);
            if (isSame || after[x].IsTail)
            {
                continue;
            }

            pen.Write(x, y, after[x], isWide, ref sink);
        }
    }

    /// <summary>Where the terminal's cursor is and what style it writes in.</summary>
    private ref struct Pen(bool hasColor)
    {
        private int _x = -1;
        private int _y = -1;
        private CellStyle _style = CellStyle.Plain;

        public bool IsOpen { get; set; }

        public void Write(int x, int y, Cell cell, bool isWide, ref ByteSink sink)
        {
            if (!IsOpen)
            {
                IsOpen = true;
                sink.Write("\e[?2026h\e[0m"u8);
            }

            if (x != _x || y != _y)
            {
                sink.Write("\e["u8);
                sink.WriteNumber((long)y + 1);
                sink.Write((byte)';');
                sink.WriteNumber((long)x + 1);
                sink.Write((byte)'H');
            }

            SetStyle(cell.Style, ref sink);
            WriteRune(cell.Rune, ref sink);
            if (cell.Mark != 0)
            {
                WriteRune(cell.Mark, ref sink);
            }

            var isSure = cell.Mark == 0 && cell.Rune is < 0x300 or (>= 0x2500 and < 0x2600);
            _x = isSure ? x + (isWide ? 2 : 1) : -1;
            _y = y;
        }

        private void SetStyle(CellStyle style, ref ByteSink sink)
        {
            if (!hasColor)
            {
                style = new CellStyle(0, 0, style.Bits);
            }

            if (style == _style)
            {
                return;
            }

            _style = style;
            sink.Write("\e[0"u8);
            WriteBits(style.Bits, ref sink);
            WriteColor(style.Foreground, 38, ref sink);
            WriteColor(style.Background, 48, ref sink);
            sink.Write((byte)'m');
        }

        private static void WriteBits(StyleBits bits, ref ByteSink sink)
        {
            sink.Write((bits & StyleBits.Bold) != 0 ? ";1"u8 : default);
            sink.Write((bits & StyleBits.Dim) != 0 ? ";2"u8 : default);
            sink.Write((bits & StyleBits.Italic) != 0 ? ";3"u8 : default);
            sink.Write((bits & StyleBits.Underline) != 0 ? ";4"u8 : default);
            sink.Write((bits & StyleBits.Reverse) != 0 ? ";7"u8 : default);
            sink.Write((bits & StyleBits.Strike) != 0 ? ";9"u8 : default);
        }

        private static void WriteColor(uint color, long kind, ref ByteSink sink)
        {
            var value = color & 0xFF_FFFF;
            if ((color & CellStyle.Palette) != 0)
            {
                // The first 16 in the form that every terminal knows.
                sink.Write((byte)';');
                sink.Write(
                    value < 16 ? default
                    : kind == 38 ? "38;5;"u8
                    : "48;5;"u8
                );
                sink.WriteNumber(
                    value < 8 ? kind - 8 + value
                    : value < 16 ? kind + 52 + value - 8
                    : (long)value
                );
            }
            else if ((color & CellStyle.Direct) != 0)
            {
                sink.Write(kind == 38 ? ";38;2;"u8 : ";48;2;"u8);
                sink.WriteNumber((long)(value >> 16));
                sink.Write((byte)';');
                sink.WriteNumber((long)((value >> 8) & 0xFF));
                sink.Write((byte)';');
                sink.WriteNumber((long)(value & 0xFF));
            }
        }

        private static void WriteRune(int value, ref ByteSink sink)
        {
            Span<byte> bytes = stackalloc byte[4];
            var length = new Rune(value).EncodeToUtf8(bytes);
            sink.Write(bytes[..length]);
        }
    }
}
