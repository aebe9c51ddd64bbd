using System.Buffers;
using System.Text;
using CsCheck;
using Tspm.Cli.FullScreen.Screen;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Tests.FullScreen;

public sealed class GridPainterTests
{
    private const int Width = 17;
    private const int Height = 4;

    private static readonly string[] Texts =
    [
        "a",
        "漢字",
        "x漢",
        "e\u0301",
        "│",
        "👍🏽z",
        "\e[31mred",
        "\u202eabc",
    ];

    private static readonly Gen<CellGrid> Grids = Gen.Select(
            Gen.Int[0, Width],
            Gen.Int[0, Height - 1],
            Gen.Int[0, Texts.Length - 1].Select(at => Texts[at]),
            Gen.Int[1, 9]
        )
        .List[0, 12]
        .Select(puts =>
        {
            var grid = new CellGrid(Width, Height);
            foreach (var (x, y, text, room) in puts)
            {
                grid.Put(x, y, text, CellStyle.Colored((uint)room), room);
            }

            return grid;
        });

    [Fact]
    public void A_terminal_shows_what_the_picture_says_whatever_it_showed_before()
    {
        Grids.List[1, 6].Sample(grids => Assert.Equal(grids[^1].ToText(), Paint(grids, false)));
    }

    [Fact]
    public void A_terminal_that_misses_a_move_is_noticed()
    {
        var first = new CellGrid(Width, Height);
        var second = new CellGrid(Width, Height);
        second.Put(5, 2, "x", CellStyle.Plain);

        Assert.Equal(second.ToText(), Paint([first, second], false));
        Assert.NotEqual(second.ToText(), Paint([first, second], true));
    }

    [Fact]
    public void What_is_the_same_is_not_written_again()
    {
        var grid = new CellGrid(80, 24);
        grid.Put(0, 0, "hello", CellStyle.Bold);
        var same = new CellGrid(80, 24);
        same.Put(0, 0, "hello", CellStyle.Bold);
        var painter = new GridPainter(hasColor: true);

        var first = Bytes(painter, grid);
        var second = Bytes(painter, same);
        painter.Forget();
        var third = Bytes(painter, same);

        Assert.NotEmpty(first);
        Assert.Empty(second);
        Assert.Equal(first, third);
    }

    [Fact]
    public void Colours_are_left_out_where_there_are_none()
    {
        var grid = new CellGrid(10, 1);
        grid.Put(0, 0, "a", CellStyle.Colored(9));
        grid.Put(
            1,
            0,
            "b",
            new CellStyle(CellStyle.Direct | 0x102030, CellStyle.Palette | 200, StyleBits.Bold)
        );

        var colored = Encoding.UTF8.GetString(Bytes(new GridPainter(true), grid));
        var plain = Encoding.UTF8.GetString(Bytes(new GridPainter(false), grid));

        Assert.Contains("\e[0;91ma", colored, StringComparison.Ordinal);
        Assert.Contains("\e[0;1;38;2;16;32;48;48;5;200mb", colored, StringComparison.Ordinal);
        Assert.DoesNotContain("91", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("38;", plain, StringComparison.Ordinal);
        Assert.Contains("\e[0;1mb", plain, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_of_programs_becomes_cells_and_nothing_else()
    {
        Gen.Byte.Array[0, 200]
            .Sample(bytes =>
            {
                var cells = new List<Cell>();
                new StyledText().Append(bytes, true, CellStyle.Plain, cells, 500);
                return cells.TrueForAll(cell =>
                    cell.IsTail
                    || (
                        !Rune.IsControl(new Rune(cell.Rune))
                        && CellWidth.Measure(new Rune(cell.Rune)) > 0
                    )
                );
            });
    }

    [Fact]
    public void Colours_of_programs_become_styles()
    {
        var cells = new List<Cell>();

        new StyledText().Append(
            "\e[1;31ma\e[0mb\e[38;5;200mc\e[2J\e]0;title\ad"u8,
            true,
            CellStyle.Plain,
            cells,
            99
        );

        Assert.Equal(new CellStyle(CellStyle.Palette | 1, 0, StyleBits.Bold), cells[0].Style);
        Assert.Equal(CellStyle.Plain, cells[1].Style);
        Assert.Equal(CellStyle.Palette | 200, cells[2].Style.Foreground);
        Assert.Equal("abc␛␛d", string.Concat(cells.Select(cell => new Rune(cell.Rune))));
    }

    private static string Paint(IReadOnlyList<CellGrid> grids, bool ignoresMoves)
    {
        var painter = new GridPainter(hasColor: true);
        var screen = new TestScreen(Width, Height) { IgnoresMoves = ignoresMoves };
        foreach (var grid in grids)
        {
            screen.Write(Bytes(painter, grid));
        }

        return screen.Text();
    }

    private static byte[] Bytes(GridPainter painter, CellGrid grid)
    {
        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        painter.Paint(grid, ref sink);
        sink.Commit();
        return output.WrittenSpan.ToArray();
    }
}
