using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.Tests.Rendering.Dressing;

/// <summary>Structured lines, folded traces, cut lines, patterns of the user's own; hostile lines in all of them.</summary>
public sealed class LineDresserTests
{
    [Theory]
    [InlineData(
        """{"level":30,"time":1767225600,"msg":"up","port":80}""",
        "1767225600 INFO  up port=80"
    )]
    [InlineData(
        """{"ts":"t","severity":"warn","message":"a b","o":{"k":"v w"}}""",
        "t WARN  a b o.k=\"v w\""
    )]
    [InlineData("""{"msg":"x","list":[1,2]}""", "x list=[1,2]")]
    [InlineData("level=info msg=\"two words\" n=1", "INFO  two words n=1")]
    [InlineData("{not json", "{not json")]
    [InlineData("a=b", "a=b")]
    [InlineData("x y=z", "x y=z")]
    public void Pretty_shows_fields_as_people_read_them(string line, string expected) =>
        Assert.Equal([expected], Dress(new LineDress { IsPretty = true }, line));

    [Fact]
    public void A_stack_in_a_field_comes_below_and_begins_no_row_of_its_own()
    {
        var shown = Dress(
            new LineDress { IsPretty = true },
            """{"msg":"boom","stack":"E\n  at f\n-- web: 5 entries missing --","x":"\u001b[2Jq"}"""
        );

        Assert.Equal(
            ["boom x=q", "    stack:", "    E", "      at f", "    -- web: 5 entries missing --"],
            shown
        );
    }

    [Theory]
    [InlineData("level=error", 1)]
    [InlineData("level=ERROR", 1)]
    [InlineData("level!=error", 2)]
    [InlineData("a.b=1", 1)]
    [InlineData("nothing=1", 0)]
    public void A_field_selects_lines_and_hides_text(string term, int count)
    {
        var dress = new LineDress { Fields = [FieldTerm.Parse(term)] };

        var shown = Dress(
            dress,
            """{"level":50,"msg":"x"}""",
            """{"level":"info","a":{"b":1}}""",
            "level=warn msg=y",
            "text"
        );

        Assert.Equal(count, shown.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("level")]
    [InlineData("=x")]
    [InlineData("!=x")]
    public void Another_condition_is_refused(string term) =>
        Assert.Equal(
            ExitCodes.Usage,
            Assert.Throws<CliException>(() => FieldTerm.Parse(term)).ExitCode
        );

    [Fact]
    public void Select_shows_these_fields_alone_and_leaves_text()
    {
        var dress = new LineDress { Select = ["level", "msg", "port"] };

        Assert.Equal(
            ["warn up -", "text"],
            Dress(dress, """{"level":40,"message":"up","other":1}""", "text")
        );
    }

    [Fact]
    public void A_long_trace_keeps_its_first_lines_and_the_number_of_the_others()
    {
        var dress = new LineDress { FoldsTraces = true };
        string[] trace =
        [
            "E: no",
            .. Enumerable.Range(0, 5).Select(i => $"  at f{i}"),
            "next",
            "  one",
        ];

        Assert.Equal(
            ["E: no", "  at f0", "  at f1", "    … 3 more lines", "next", "  one"],
            Dress(dress, trace)
        );
    }

    [Fact]
    public void A_trace_at_the_end_tells_its_number_when_nothing_comes() =>
        Assert.Equal(
            "    … 1 more line",
            Dress(new LineDress { FoldsTraces = true }, "E", " a", " b", " c")[^1]
        );

    [Theory]
    [InlineData("abcdefghij", 10, "abcdefghij")]
    [InlineData("abcdefghijk", 10, "abcdefghi…")]
    [InlineData("漢字漢字漢字", 10, "漢字漢字…")]
    [InlineData("a\tb23456789", 10, "a\tb…")]
    [InlineData("a\tb", 8, "a…")]
    [InlineData("éééééééééé", 10, "éééééééééé")]
    public void A_line_is_cut_by_cells(string line, int width, string expected) =>
        Assert.Equal([expected], Dress(new LineDress { CutWidth = () => width }, line));

    [Fact]
    public void A_cut_ends_colours_and_links()
    {
        var dress = new LineDress
        {
            CutWidth = () => 12,
            Highlights = true,
            HasLinks = true,
        };

        var shown = Dress(dress, "see https://a.example/long/path")[0];

        Assert.EndsWith("…\e]8;;\e\\\e[0m", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_users_pattern_matches_is_inverse_and_the_rest_coloured_as_ever()
    {
        var dress = new LineDress
        {
            Highlights = true,
            Patterns = [new Regex("id-[0-9]+", RegexOptions.NonBacktracking)],
        };

        Assert.Equal(["a \e[7mid-7\e[27m took \e[36m5\e[m"], Dress(dress, "a id-7 took 5"));
    }

    [Fact]
    public void A_line_with_its_own_colours_keeps_them_alone() =>
        Assert.Equal(
            ["\e[32mok\e[0m error 5\e[0m"],
            Dress(
                    new LineDress { Highlights = true },
                    TextMode.Terminal,
                    "\e[32mok\e[0m error 5\e[0m"
                )
                .Select(line =>
                    line.EndsWith("\e[0m", StringComparison.Ordinal) ? line : line + "\e[0m"
                )
                .ToList()
        );

    [Fact]
    public void Nothing_hostile_passes_in_any_dress()
    {
        string[] hostile =
        [
            "\e[2J\e[1;1H",
            "\e]52;c;aGk=\a",
            "\e]8;;javascript:x\e\\y\e]8;;\e\\",
            "\r\b\b",
            "\u202Eabc",
            "\x9b2J",
            """{"msg":"\u001b[2J\u009b1A\r\b","level":"\u001b]0;t\u0007"}""",
            "level=\"a\\n\u001b[A\" x=\"\u001b[H\"",
        ];
        LineDress[] dresses =
        [
            new() { IsPretty = true },
            new()
            {
                IsPretty = true,
                Highlights = true,
                HasLinks = true,
                FoldsTraces = true,
            },
            new()
            {
                Select = ["msg", "level"],
                CutWidth = () => 20,
                KeepsEvents = true,
            },
            new() { Patterns = [new Regex(".", RegexOptions.NonBacktracking)] },
        ];

        foreach (var dress in dresses)
        {
            foreach (var line in Dress(dress, TextMode.Terminal, hostile))
            {
                var rest = Regex.Replace(line, "\e\\[[0-9;:]*m", "", RegexOptions.NonBacktracking);
                Assert.DoesNotContain(
                    rest,
                    letter =>
                        letter < ' ' || letter is '\x7f' or (>= '\x80' and <= '\x9f') or '\u202e'
                );
            }
        }
    }

    private static List<string> Dress(LineDress dress, params string[] lines) =>
        Dress(dress, TextMode.Strip, lines);

    private static List<string> Dress(LineDress dress, TextMode mode, params string[] lines)
    {
        var log = new PrintedLog(new LogIdentity(0, "default", "web", "0"), 0, []);
        var dresser = new LineDresser(dress, mode);
        var output = new ArrayBufferWriter<byte>();
        dresser.Begin();
        foreach (var line in lines)
        {
            dresser.Write(log, 0, 0, default, Encoding.UTF8.GetBytes(line), output);
        }

        dresser.Settle(output);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.True(
            text.Length == 0 || text.EndsWith('\n'),
            string.Create(CultureInfo.InvariantCulture, $"{text}")
        );
        return [.. text.Split('\n').SkipLast(1)];
    }
}
