using System.Text;
using Tspm.Cli.Rendering;

namespace Tspm.Cli.Tests.FullScreen;

/// <summary>A terminal that knows just the sequences that the painter may write, and throws at any other.</summary>
internal sealed class TestScreen(int width, int height)
{
    private readonly string[,] _cells = Blank(width, height);
    private int _x;
    private int _y;

    /// <summary>A terminal that does not hear where the cursor is put: what the checks must notice.</summary>
    public bool IgnoresMoves { get; init; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        for (var at = 0; at < text.Length; )
        {
            if (text[at] == '\e')
            {
                at = Sequence(text, at);
                continue;
            }

            var rune = Rune.GetRuneAt(text, at);
            at += rune.Utf16SequenceLength;
            Assert.False(Rune.IsControl(rune), $"control {rune.Value:x} reached the terminal");
            Put(rune);
        }
    }

    public string Text()
    {
        var all = new StringBuilder();
        for (var y = 0; y < height; y++)
        {
            var row = new StringBuilder();
            for (var x = 0; x < width; x++)
            {
                row.Append(_cells[x, y]);
            }

            all.Append(row.ToString().TrimEnd(' ')).Append('\n');
        }

        return all.ToString();
    }

    private static string[,] Blank(int width, int height)
    {
        var cells = new string[width, height];
        for (var i = 0; i < width * height; i++)
        {
            cells[i % width, i / width] = " ";
        }

        return cells;
    }

    private void Put(Rune rune)
    {
        var cells = CellWidth.Measure(rune);
        if (cells == 0)
        {
            _cells[_x - 1, _y] += rune;
            return;
        }

        Assert.True(_x + cells <= width, "written beyond the edge");
        if (_cells[_x, _y].Length == 0)
        {
            _cells[_x - 1, _y] = " ";
        }

        if (_x + cells < width && _cells[_x + cells, _y].Length == 0)
        {
            _cells[_x + cells, _y] = " ";
        }

        _cells[_x++, _y] = rune.ToString();
        if (cells == 2)
        {
            _cells[_x++, _y] = "";
        }
    }

    private int Sequence(string text, int at)
    {
        Assert.Equal('[', text[at + 1]);
        var end = at + 2;
        while (text[end] is (>= '0' and <= '9') or ';' or '?')
        {
            end++;
        }

        var body = text[(at + 2)..end];
        switch (text[end])
        {
            case 'H' when !IgnoresMoves:
                var parts = body.Split(';');
                (_y, _x) = (int.Parse(parts[0]) - 1, int.Parse(parts[1]) - 1);
                Assert.InRange(_y, 0, height - 1);
                Assert.InRange(_x, 0, width - 1);
                break;
            case 'J':
                Array.Copy(Blank(width, height), _cells, width * height);
                break;
            default:
                Assert.Contains(text[end], "Hmhl");
                break;
        }

        return end + 1;
    }
}
