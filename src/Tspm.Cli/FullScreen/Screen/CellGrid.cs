using System.Text;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.FullScreen.Screen;

/// <summary>A picture of the screen. Whatever is put where, it stays inside, and no half of a wide character is left.</summary>
internal sealed class CellGrid
{
    private readonly Cell[] _cells;
    private readonly List<Cell> _word = [];

    /// <summary>Makes an empty one.</summary>
    public CellGrid(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        Width = width;
        Height = height;
        _cells = new Cell[width * height];
        Array.Fill(_cells, Cell.Blank);
    }

    /// <summary>Cells in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>A row.</summary>
    public ReadOnlySpan<Cell> Row(int y) => _cells.AsSpan(y * Width, Width);

    /// <summary>Puts words of our own; cut at the end of the room.</summary>
    /// <returns>The column after it.</returns>
    public int Put(int x, int y, string text, CellStyle style, int room = int.MaxValue)
    {
        _word.Clear();
        StyledText.Append(text, style, _word);
        return Put(x, y, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_word), room);
    }

    /// <summary>The same, with <c>…</c> where something was cut off.</summary>
    public int PutCut(int x, int y, string text, CellStyle style, int room) =>
        room < 1 ? x : Put(x, y, CellWidth.Cut(TerminalSanitizer.Clean(text), room), style, room);

    /// <summary>Puts cells; cut at the end of the room.</summary>
    /// <returns>The column after them.</returns>
    public int Put(int x, int y, ReadOnlySpan<Cell> cells, int room = int.MaxValue)
    {
        if (y < 0 || y >= Height || x < 0)
        {
            return x;
        }

        var end = (int)Math.Min(Width, (long)x + room);
        foreach (var cell in cells)
        {
            if (x >= end)
            {
                break;
            }

            Set(x++, y, cell);
        }

        // The first half of a wide character whose second half had no room.
        if (x > 0 && x == end && x < Width + 1 && IsCutWide(x - 1, y))
        {
            _cells[(y * Width) + x - 1] = Cell.Blank with
            {
                Style = _cells[(y * Width) + x - 1].Style,
            };
        }

        return x;
    }

    /// <summary>Fills cells with a character of one cell.</summary>
    public void Fill(int x, int y, int count, int rune, CellStyle style)
    {
        for (var at = Math.Max(0, x); at < Math.Min(Width, x + count) && y >= 0 && y < Height; at++)
        {
            Set(at, y, new Cell(rune, 0, style));
        }
    }

    /// <summary>Gives cells of a row other marks.</summary>
    public void Mark(int x, int y, int count, StyleBits bits)
    {
        for (var at = Math.Max(0, x); at < Math.Min(Width, x + count) && y >= 0 && y < Height; at++)
        {
            ref var cell = ref _cells[(y * Width) + at];
            cell = cell with { Style = cell.Style.With(bits) };
        }
    }

    /// <summary>Puts another character of one cell in the place of one.</summary>
    public void Replace(int rune, int other)
    {
        foreach (ref var cell in _cells.AsSpan())
        {
            cell = cell.Rune == rune ? cell with { Rune = other } : cell;
        }
    }

    /// <summary>What stands there, row by row, without styles; for tests and for a picture of it.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        for (var y = 0; y < Height; y++)
        {
            var begin = text.Length;
            foreach (var cell in Row(y))
            {
                if (!cell.IsTail)
                {
                    text.Append(new Rune(cell.Rune));
                }

                if (cell.Mark != 0)
                {
                    text.Append(new Rune(cell.Mark));
                }
            }

            while (text.Length > begin && text[^1] == ' ')
            {
                text.Length--;
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private void Set(int x, int y, Cell cell)
    {
        var at = (y * Width) + x;
        if (_cells[at].IsTail && !cell.IsTail && x > 0)
        {
            // Its first half stands alone now.
            _cells[at - 1] = Cell.Blank with
            {
                Style = _cells[at - 1].Style,
            };
        }

        if (x + 1 < Width && _cells[at + 1].IsTail && !_cells[at].IsTail)
        {
            _cells[at + 1] = Cell.Blank with { Style = _cells[at + 1].Style };
        }

        _cells[at] = cell;
    }

    private bool IsCutWide(int x, int y)
    {
        var cell = _cells[(y * Width) + x];
        var hasTail = x + 1 < Width && _cells[(y * Width) + x + 1].IsTail;
        return !cell.IsTail && !hasTail && CellWidth.Measure(new Rune(cell.Rune)) == 2;
    }
}
