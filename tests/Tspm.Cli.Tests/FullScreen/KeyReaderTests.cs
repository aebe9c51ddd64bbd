using System.Text;
using CsCheck;
using Tspm.Cli.FullScreen.Keys;

namespace Tspm.Cli.Tests.FullScreen;

public sealed class KeyReaderTests
{
    [Theory]
    [InlineData("a", "a")]
    [InlineData(" ", "Space")]
    [InlineData("é漢", "é,漢")]
    [InlineData("\r\t\x7f", "Enter,Tab,Backspace")]
    [InlineData("\x03\x04\x1a", "Ctrl+C,Ctrl+D,Ctrl+Z")]
    [InlineData(
        "\e[A\e[B\eOA\e[1;5C\e[5~\e[6~\e[H\e[4~\e[Z",
        "Up,Down,Up,Ctrl+Right,PgUp,PgDn,Home,End,Shift+Tab"
    )]
    [InlineData("\e[<0;5;7M\e[<0;5;7m\e[<64;1;1M\e[<65;1;1M", "Click,WheelUp,WheelDown")]
    [InlineData("\e[200~q\x1b[A\nx\e[201~q", "Paste,q")]
    [InlineData("\e[200~never ended\x03", "Paste,Ctrl+C")]
    [InlineData("\e\ea", "Esc,Esc,a")]
    [InlineData("\e[999999999999u\e[?1;2c\e[12;40Rx", "x")]
    public void Keys_have_names(string typed, string names)
    {
        Assert.Equal(names, string.Join(',', ReadAll(typed, typed.Length).Select(key => key.Name)));
    }

    [Fact]
    public void A_paste_is_text_without_controls()
    {
        var keys = ReadAll("\e[200~rm -rf\n\x1b[Aü\e[201~", 4);

        Assert.Equal("rm -rf  [Aü", Assert.Single(keys).Text);
    }

    [Fact]
    public void The_mouse_tells_where()
    {
        var key = Assert.Single(ReadAll("\e[<0;12;7M", 99));

        Assert.Equal((11, 6), (key.X, key.Y));
    }

    [Fact]
    public void An_escape_that_stays_alone_is_the_key()
    {
        var reader = new KeyReader();
        var keys = new List<UiKey>();

        reader.Add("\e"u8, keys);
        var before = keys.Count;
        reader.Settle(keys);

        Assert.Equal((0, "Esc", false), (before, keys[0].Name, reader.IsWaiting));
    }

    [Fact]
    public void It_does_not_matter_where_bytes_are_parted()
    {
        string[] texts0 =
        [
            "\e[A",
            "\e[<0;3;4M",
            "\e[200~pasted漢\e[201~",
            "x",
            "漢",
            "\eOB",
            "\x03",
            "\e[5~",
        ];
        var parts = Gen.Int[0, texts0.Length - 1].Select(at => texts0[at]);
        Gen.Select(parts.List[1, 12], Gen.Int[1, 7])
            .Sample(
                (texts, size) =>
                {
                    var typed = string.Concat(texts);
                    var whole = ReadAll(typed, int.MaxValue).Select(key => key.Name + key.Text);
                    var pieces = ReadAll(typed, size).Select(key => key.Name + key.Text);
                    return whole.SequenceEqual(pieces);
                }
            );
    }

    [Fact]
    public void Whatever_comes_is_read_to_its_end()
    {
        Gen.Byte.Array[0, 300]
            .Sample(bytes =>
            {
                var reader = new KeyReader();
                var keys = new List<UiKey>();
                reader.Add(bytes, keys);
                reader.Settle(keys);
                reader.Add("\x03"u8, keys);
                reader.Settle(keys);
                return keys.Exists(key => key.Name == "Ctrl+C")
                    && keys.TrueForAll(key => !key.Text.Any(char.IsControl));
            });
    }

    private static List<UiKey> ReadAll(string typed, int size)
    {
        var reader = new KeyReader();
        var keys = new List<UiKey>();
        foreach (var piece in Encoding.UTF8.GetBytes(typed).Chunk(Math.Max(1, size)))
        {
            reader.Add(piece, keys);
        }

        reader.Settle(keys);
        return keys;
    }
}
