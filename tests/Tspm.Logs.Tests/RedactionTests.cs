using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>What is not to be shown is in nothing that is read, against a model that looks at each line with an ordinary expression.</summary>
public sealed class RedactionTests
{
    private const long Iterations = 300;

    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    private static readonly byte[][] Parts =
    [
        "a"u8.ToArray(),
        "b"u8.ToArray(),
        "7"u8.ToArray(),
        " "u8.ToArray(),
        "key="u8.ToArray(),
        "é"u8.ToArray(),
        "漢"u8.ToArray(),
        "😀"u8.ToArray(),
        [0xFF],
        [0xE2, 0x82],
        "\r"u8.ToArray(),
        "ab7"u8.ToArray(),
    ];

    // Bytes and not text: some lines are no UTF-8, some have pairs of surrogates, some end with a carriage return.
    private static readonly Gen<byte[]> Line = Gen.Int[0, 11]
        .Array[0, 14]
        .Select(parts => parts.SelectMany(part => Parts[part]).ToArray());

    private static readonly Gen<string[]> Patterns = Gen.Int[0, 7]
        .Select(i =>
            new[] { "7", "^a+", "é$", "a.*?b", "key=(?<secret>\\w+)", "[^ -~]", "😀", "(?i)B7?" }[i]
        )
        .Array[1, 3];

    private static readonly Gen<(byte[][] Lines, string[] Patterns)> Cases = Gen.Select(
        Line.Array[1, 30],
        Patterns,
        (lines, patterns) => (lines, patterns)
    );

    [Fact]
    public void Lines_are_hidden_as_a_look_at_each_alone_says()
    {
        Cases.Sample(one => AssertAsModel(one, Apply), iter: Iterations);
    }

    [Fact]
    public void One_that_puts_one_mark_for_a_character_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Cases.Sample(
                one =>
                    AssertAsModel(
                        one,
                        (bytes, patterns) =>
                            Encoding.UTF8.GetBytes(
                                Regex.Replace(
                                    Encoding.UTF8.GetString(bytes),
                                    patterns[0],
                                    match => new string('*', match.Length)
                                )
                            )
                    ),
                iter: Iterations
            )
        );
    }

    [Fact]
    public void Whoever_reads_a_log_sees_what_is_hidden_in_it_as_marks_and_a_filter_sees_no_more()
    {
        Cases.Sample(AssertReads, iter: Iterations / 3);
    }

    [Fact]
    public void What_is_on_disk_stays()
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        keeper.Write(StreamKind.Out, "key=abc\n"u8);
        log.Turn(keeper.Now);
        log.Log.Redaction = new LineRedaction(["abc"]);

        var shown = log.ReadAll();
        log.Log.Redaction = null;

        Assert.Equal([Hex("key=***"u8.ToArray())], shown.Select(one => one.Bytes));
        Assert.Equal([Hex("key=abc"u8.ToArray())], log.ReadAll().Select(one => one.Bytes));
        Assert.Equal("key=abc\n"u8, File.ReadAllBytes(keeper.DataFile(StreamKind.Out, 0)));
    }

    [Fact]
    public void Where_nothing_is_found_nothing_is_allocated()
    {
        var hides = new LineRedaction(["token=(?<secret>\\S+)", "[0-9]{16}"]);
        var lines = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat("GET /health 200 12ms 4711\n", 1000))
        );
        hides.Apply(lines);
        var before = GC.GetAllocatedBytesForCurrentThread();

        hides.Apply(lines);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_line_in_which_each_match_looks_at_all_the_rest_is_hidden_from_where_it_takes_too_long()
    {
        var line = Encoding.UTF8.GetBytes(new string('a', 256 * 1024));
        var hides = new LineRedaction(["a.*b|ac|a"]);

        hides.Apply(line);

        Assert.DoesNotContain((byte)'a', line);
    }

    private static byte[] Apply(byte[] bytes, string[] patterns)
    {
        var shown = bytes.ToArray();
        new LineRedaction(patterns).Apply(shown);
        return shown;
    }

    private static void AssertAsModel(
        (byte[][] Lines, string[] Patterns) one,
        Func<byte[], string[], byte[]> apply
    )
    {
        var bytes = one.Lines.SelectMany(line => line.Append((byte)'\n')).ToArray();
        var expected = one
            .Lines.SelectMany(line => Model(line, one.Patterns).Append((byte)'\n'))
            .ToArray();

        Assert.Equal(expected, apply(bytes, one.Patterns));
    }

    private static void AssertReads((byte[][] Lines, string[] Patterns) one)
    {
        using var keeper = new FakeKeeper();
        using var log = new LogUnderTest(keeper, Small);
        keeper.Begin();
        List<byte[]> lines = [.. one.Lines.Select(line => line.Where(b => b != '\r').ToArray())];
        foreach (var part in lines.Chunk(4).Select((part, i) => (part, i)))
        {
            keeper.Write(
                part.i % 3 == 2 ? StreamKind.Err : StreamKind.Out,
                part.part.SelectMany(line => line.Append((byte)'\n')).ToArray()
            );
        }

        log.Turn(keeper.Now);
        log.Log.Redaction = new LineRedaction(one.Patterns);
        var wanted = new Regex("[*]|b", RegexOptions.NonBacktracking);
        var filter = LogFilter.All with { Lines = new LinePattern([wanted], []) };
        var expected = lines.Select(line => Model(line, one.Patterns)).ToList();
        var left = expected.Where(line => wanted.IsMatch(Encoding.UTF8.GetString(line)));
        var around = filter with { ContextBefore = 100, ContextAfter = 100 };

        Assert.Equal(expected.Select(Hex), log.ReadAll().Select(entry => entry.Bytes));
        Assert.Equal(left.Select(Hex), log.ReadAll(filter: filter).Select(entry => entry.Bytes));
        Assert.Equal(
            left.Any() ? expected.Select(Hex) : [],
            log.ReadAll(filter: around).Select(entry => entry.Bytes)
        );
        if (left.Any())
        {
            var first = expected.FindIndex(line => wanted.IsMatch(Encoding.UTF8.GetString(line)));
            Assert.Equal(first, log.Log.FindTail(left.Count(), long.MaxValue, filter));
        }
    }

    /// <summary>Which bytes belong to a character that an expression found; decoded byte by byte.</summary>
    private static byte[] Model(byte[] line, string[] patterns)
    {
        var text = new StringBuilder();
        var places = new List<int>();
        for (var at = 0; at < line.Length; )
        {
            Rune.DecodeFromUtf8(line.AsSpan(at), out var rune, out var used);
            foreach (var _ in rune.ToString())
            {
                places.Add(at);
            }

            text.Append(rune.ToString());
            at += used;
        }

        var whole = text.ToString().TrimEnd('\r');
        var shown = line.ToArray();
        foreach (var match in patterns.SelectMany(pattern => MatchesOf(pattern, whole)))
        {
            var hidden = Enumerable
                .Range(match.Index, match.Length)
                .Select(i => places[i])
                .ToHashSet();
            for (var (b, c) = (0, 0); b < line.Length; b++)
            {
                c = places.FindLastIndex(place => place <= b);
                shown[b] = hidden.Contains(places[c]) ? (byte)'*' : shown[b];
            }
        }

        return shown;
    }

    private static IEnumerable<Capture> MatchesOf(string pattern, string whole) =>
        Regex
            .Matches(whole, pattern, RegexOptions.ExplicitCapture)
            .Select(match =>
                match.Groups["secret"] is { Success: true } group ? (Capture)group : match
            );

    private static string Hex(byte[] line) => Convert.ToHexString([.. line, (byte)'\n']);
}
