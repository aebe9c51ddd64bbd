using System.Buffers;
using System.Text;
using CsCheck;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>Lines that come in several entries, where lines are cut to the terminal.</summary>
public sealed class LongLineTests
{
    private const int Width = 20;
    private const int PartBytes = 32 * 1024;

    private delegate LineCut Carry(LineCut cut);

    [Fact]
    public void A_line_in_pieces_is_cut_as_the_whole_one_is() => CheckPieces(cut => cut);

    [Fact]
    public void A_cut_that_begins_anew_with_each_piece_is_caught() =>
        Assert.ThrowsAny<Exception>(() => CheckPieces(_ => default));

    [Fact]
    public void A_line_of_many_entries_is_one_row_that_fits() =>
        Assert.Equal(
            ["web | xxxxxxxxxxxxx…", "web | after"],
            Print(
                (printer, web) =>
                {
                    for (var i = 0; i < 80; i++)
                    {
                        Write(printer, web, i, new string('x', PartBytes), PartOf(i));
                    }

                    Write(printer, web, 80, "end\n", EntryFlags.Continuation);
                }
            )
        );

    [Fact]
    public void A_line_that_goes_on_after_another_is_cut_again() =>
        Assert.Equal(
            ["web | xxxxxxxxxxxxx…", "db  | hello", "…   | yyyyyyyyyyyyy…", "web | after"],
            Print(
                (printer, web) =>
                {
                    var db = printer.Add(new LogIdentity(4, "default", "db", "0198d"));
                    Write(printer, web, 1, new string('x', 50), PartOf(0));
                    Write(printer, db, 1, "hello\n", EntryFlags.None);
                    Write(printer, web, 2, new string('y', 50) + "\n", EntryFlags.Continuation);
                }
            )
        );

    [Theory]
    [InlineData("50%", "web | 50% (+7 updat…")]
    [InlineData("copying 1234567890", "web | copying 12345…")]
    public void What_is_said_of_a_line_is_cut_with_it(string line, string expected) =>
        Assert.Equal(
            [expected, "web | after"],
            Print((printer, web) => Write(printer, web, 1, line + "\n", EntryFlags.Collapsed))
        );

    [Fact]
    public void A_colour_ends_where_its_line_is_cut() =>
        Assert.Equal(
            ["\e[31mxxxxxxxxxxxxxxxxxxx…\e[0m", "after"],
            Print(
                (printer, web) =>
                {
                    Write(printer, web, 1, "\e[31m" + new string('x', 50), PartOf(0));
                    Write(printer, web, 2, new string('y', 50) + "\n", EntryFlags.Continuation);
                },
                hasColor: true
            )
        );

    private static void CheckPieces(Carry carry)
    {
        string[] letters = ["a", "b", "漢", "é", "\t", "😀", "\e[32m"];
        Gen.Select(Gen.Int[0, letters.Length - 1].Array[1, 12].Array[1, 5], Gen.Int[1, 40])
            .Sample(
                (pieces, width) =>
                {
                    // The last one is never of no cells: whether anything follows is all that a piece is told.
                    var texts = pieces
                        .Select(piece => string.Concat(piece.Select(one => letters[one])))
                        .Append("z")
                        .Select(Encoding.UTF8.GetBytes)
                        .ToList();
                    var whole = new ArrayBufferWriter<byte>();
                    LineCutter.Write(texts.SelectMany(text => text).ToArray(), width, whole);

                    var output = new ArrayBufferWriter<byte>();
                    var cut = default(LineCut);
                    for (var i = 0; i < texts.Count; i++)
                    {
                        cut = carry(cut);
                        var sink = new ByteSink(output);
                        LineCutter.Write(texts[i], width, i + 1 < texts.Count, ref cut, ref sink);
                        sink.Commit();
                    }

                    Assert.Equal(
                        Encoding.UTF8.GetString(whole.WrittenSpan),
                        Encoding.UTF8.GetString(output.WrittenSpan)
                    );
                },
                iter: 5000
            );
    }

    private static string[] Print(Action<LogPrinter, PrintedLog> write, bool hasColor = false)
    {
        var output = new ArrayBufferWriter<byte>();
        var options = new LogPrinterOptions
        {
            HasPrefix = !hasColor,
            HasColor = hasColor,
            IsTerminal = true,
            Dress = new LineDress { CutWidth = () => Width },
        };
        var printer = new LogPrinter(options, output, output);
        var web = printer.Add(new LogIdentity(3, "default", "web", "0198c"));
        write(printer, web);
        Write(printer, web, 100, "after\n", EntryFlags.None);
        printer.End();
        return Encoding.UTF8.GetString(output.WrittenSpan).Split('\n')[..^1];
    }

    private static EntryFlags PartOf(int index) =>
        EntryFlags.Part | EntryFlags.BreakMax | (index > 0 ? EntryFlags.Continuation : default);

    private static void Write(
        LogPrinter printer,
        PrintedLog log,
        long seq,
        string text,
        EntryFlags flags
    )
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var span = new WireSpan
        {
            Seq = seq,
            Count = 1,
            Length = (uint)bytes.Length,
            Run = 5,
            Flags = flags,
            Aux = flags == EntryFlags.Collapsed ? 7ul : 0,
        };
        printer.Write(log, 7, [span], bytes, _ => Guid.Empty);
    }
}
