using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.Cli.Rendering;
using Tspm.Cli.Rendering.Dressing;

namespace Tspm.Cli.Tests.Rendering.Dressing;

/// <summary>What is coloured, what is linked, and that nothing else changes.</summary>
public sealed partial class LineHighlighterTests
{
    [Theory]
    [InlineData("plain words only", "plain words only")]
    [InlineData("it's Bob's", "it's Bob's")]
    [InlineData("ERROR boom", "<31>ERROR</> boom")]
    [InlineData("an error.", "an <31>error</>.")]
    [InlineData("terror in mirrors", "terror in mirrors")]
    [InlineData("level=info [warn]", "level=<34>info</> [<33>warn</>]")]
    [InlineData("for your info", "for your info")]
    [InlineData("fail: Startup[0]", "<31>fail</>: Startup[<36>0</>]")]
    [InlineData(
        "System.InvalidOperationException: no",
        "<31>System.InvalidOperationException</>: no"
    )]
    [InlineData("took 12.5ms, 3 of 10", "took <36>12.5ms</>, <36>3</> of <36>10</>")]
    [InlineData("14:05:06.123 up", "<36>14:05:06.123</> up")]
    [InlineData("abc123 x86", "abc123 x86")]
    [InlineData("open \"a file\" now", "open <32>\"a file\"</> now")]
    [InlineData("see https://a.example/x?y=1.", "see <4;34>https://a.example/x?y=1</>.")]
    [InlineData("(http://h:80/)", "(<4;34>http://h:80/</>)")]
    [InlineData("at src/app.js:12:5 in f", "at <4;36>src/app.js:12:5</> in f")]
    [InlineData("javascript:alert ftp://x", "javascript:alert ftp://x")]
    public void A_line_has_these_colours(string line, string expected) =>
        Assert.Equal(expected, Shorten(Highlight(line, hasLinks: false)));

    [Fact]
    public void Only_addresses_and_absolute_places_become_links()
    {
        var text = Highlight(
            "https://a.example/b /srv/app.js:12 app.js:3 file:///etc/passwd",
            true
        );

        Assert.Contains("\e]8;;https://a.example/b\e\\", text, StringComparison.Ordinal);
        Assert.Contains("\e]8;;file://box/srv/app.js\e\\", text, StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(text, @"\e\]8;;", RegexOptions.NonBacktracking)); // two opened, two closed
    }

    [Fact]
    public void Whatever_the_line_the_text_stays_and_the_cursor_stays()
    {
        string[] parts =
        [
            "error",
            "12:05",
            "\"",
            "'",
            "http://",
            "https://x.y/z",
            "/a/b.c:1",
            ":",
            ".",
            "é",
            "漢",
            " ",
            "=",
            "[",
            "a",
            "9",
            "-",
        ];
        var pieces = Gen.Int[0, parts.Length - 1].Select(i => parts[i]);
        pieces
            .Array[0, 30]
            .Select(string.Concat)
            .Sample(
                line =>
                {
                    var text = Highlight(line, hasLinks: true);
                    return Escapes().Replace(text, "") == line
                        && !text.Contains("\e]8;;javascript", StringComparison.Ordinal);
                },
                iter: 20_000
            );
    }

    [Fact]
    public void A_line_costs_no_allocation()
    {
        var line =
            "2026-01-31T14:05:06Z ERROR \"x\" at /srv/app.js:12 see https://a.example/"u8.ToArray();
        var highlighter = new LineHighlighter(true, "box");
        var output = new ArrayBufferWriter<byte>(1024 * 1024);
        Run(highlighter, line, output);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            Run(highlighter, line, output);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Run(
        LineHighlighter highlighter,
        byte[] line,
        ArrayBufferWriter<byte> output
    )
    {
        output.ResetWrittenCount();
        var sink = new ByteSink(output);
        highlighter.Write(line, ref sink);
        sink.Commit();
    }

    private static string Highlight(string line, bool hasLinks)
    {
        var output = new ArrayBufferWriter<byte>();
        var sink = new ByteSink(output);
        new LineHighlighter(hasLinks, "box").Write(Encoding.UTF8.GetBytes(line), ref sink);
        sink.Commit();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string Shorten(string text) =>
        Opened()
            .Replace(
                text.Replace("\e[m", "</>", StringComparison.Ordinal)
                    .Replace("\e[1;31m", "<31>", StringComparison.Ordinal),
                "<$1>"
            );

    [GeneratedRegex(@"\e\[[0-9;]*m|\e\]8;;[\x21-\x7e]*?\e\\", RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\e\[([0-9;]+)m", RegexOptions.CultureInvariant)]
    private static partial Regex Opened();
}
