using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Tspm.Cli.Rendering;
using Tspm.Protocol.Batches;

namespace Tspm.Cli.Tests.Rendering;

/// <summary>What each format prints, byte for byte, and what it costs.</summary>
public sealed class LogPrinterTests
{
    private static readonly Guid Run = Guid.Parse("01020304-0506-7708-890a-0b0c0d0e0f10");

    private static readonly byte[][] Pieces =
    [
        [0xE2, 0x80],
        [0xE2, 0x81],
        [0xA6],
        [0xAE],
        [0xC2],
        [0x85],
        [0x7F],
        [.. "\"a"u8],
    ];

    // 2026-01-31T14:05:06.1234567Z in ticks since 1970.
    private static readonly long Wall = (
        new DateTimeOffset(2026, 1, 31, 14, 5, 6, TimeSpan.Zero).AddTicks(1_234_567)
        - DateTimeOffset.UnixEpoch
    ).Ticks;

    [Fact]
    public void Short_prints_lines_and_a_gap_in_its_place()
    {
        var (output, errors) = Print(new LogPrinterOptions(), WriteAll);

        Assert.Equal(
            "one\ntwo\n-- web: 3 entries missing (seq 14..16): reader too slow, not read from disk --\n",
            output
        );
        Assert.Equal("", errors);
    }

    [Fact]
    public void A_prefix_names_the_process_and_tells_stderr_by_its_sign()
    {
        var (output, _) = Print(
            new LogPrinterOptions
            {
                HasPrefix = true,
                Timestamps = TimestampStyle.Time,
                IsUtc = true,
            },
            WriteAll
        );

        Assert.Equal(["14:05:06.123 web | one", "14:05:06.123 web ! two"], output.Split('\n')[..2]);
    }

    [Theory]
    [InlineData(nameof(LogFormat.Raw))]
    [InlineData(nameof(LogFormat.Cat))]
    public void Raw_and_cat_print_the_bytes_alone_and_tell_gaps_on_stderr(string name)
    {
        var format = Enum.Parse<LogFormat>(name);

        var (output, errors) = Print(new LogPrinterOptions { Format = format }, WriteAll);

        Assert.Equal("one\ntwo\n", output);
        Assert.Contains("seq 14..16", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_these_keys_in_this_order()
    {
        var (output, errors) = Print(new LogPrinterOptions { Format = LogFormat.Json }, WriteAll);

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("", errors);
        Assert.Equal(
            """{"v":1,"kind":"log","log":"0198c","id":3,"ns":"default","name":"web","seq":12,"epoch":7,"runId":"01020304-0506-7708-890a-0b0c0d0e0f10","run":5,"ord":901,"ts":"2026-01-31T14:05:06.1234567Z","stream":"out","msg":"one"}""",
            lines[0]
        );
        Assert.All(
            lines,
            line =>
            {
                using var document = JsonDocument.Parse(line);
                Assert.Equal(
                    ["v", "kind"],
                    document.RootElement.EnumerateObject().Take(2).Select(field => field.Name)
                );
            }
        );
        using var gap = JsonDocument.Parse(lines[2]);
        Assert.Equal(
            ("gap", 14, 16, 3),
            (
                gap.RootElement.GetProperty("kind").GetString(),
                gap.RootElement.GetProperty("from").GetInt64(),
                gap.RootElement.GetProperty("to").GetInt64(),
                gap.RootElement.GetProperty("count").GetInt64()
            )
        );
    }

    [Theory]
    [InlineData(nameof(LogFormat.Json))]
    [InlineData(nameof(LogFormat.JsonSeq))]
    public void Json_escapes_what_could_act_on_the_terminal_that_shows_it(string name)
    {
        var output = PrintLine(
            Enum.Parse<LogFormat>(name),
            "a\"\\\t\e[2J\x7f\u0080\u0085\u009f\u00a0\u200e\u2027\u2028\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a“é漢😀"
        );

        Assert.EndsWith(
            "\"msg\":\"a\\\"\\\\\\t\\u001b[2J\\u007f\\u0080\\u0085\\u009f\u00a0\u200e\u2027\\u2028\\u2029\\u202a\\u202e\u202f\u2065\\u2066\\u2069\u206a“é漢😀\"}\n",
            output
        );
    }

    [Fact]
    public void Every_character_passes_json_escaped_or_as_it_is_and_comes_back()
    {
        var all = Enumerable
            .Range(1, 0x1_0FFF)
            .Where(value => Rune.IsValid(value) && value is not ('\n' or '\r'))
            .Select(value => new Rune(value))
            .ToList();
        var line = string.Concat(all);

        var output = PrintLine(LogFormat.Json, line);

        using var document = JsonDocument.Parse(output);
        Assert.Equal(line, document.RootElement.GetProperty("msg").GetString());
        var shown = output.TrimEnd('\n').EnumerateRunes().ToHashSet();
        Assert.Equal(all.Where(IsHostile), all.Where(one => !shown.Contains(one)));
    }

    [Fact]
    public void Any_line_comes_back_from_json_as_it_was() => CheckJson(ReadJson);

    [Fact]
    public void A_reader_that_takes_raw_bytes_for_text_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            CheckJson(entry =>
                Encoding.UTF8.GetBytes(
                    entry.TryGetProperty("msg", out var text)
                        ? text.GetString() ?? ""
                        : entry.GetProperty("raw").GetString() ?? ""
                )
            )
        );
    }

    [Theory]
    [InlineData(nameof(LogFormat.Short))]
    [InlineData(nameof(LogFormat.Raw))]
    [InlineData(nameof(LogFormat.Json))]
    public void A_line_costs_no_allocation(string name)
    {
        const int entries = 2000;
        var format = Enum.Parse<LogFormat>(name);
        var output = new Discard();
        var printer = new LogPrinter(
            new LogPrinterOptions { Format = format, HasPrefix = format == LogFormat.Short },
            output,
            output
        );
        var log = printer.Add(new LogIdentity(3, "default", "web", "0198c"));
        var bytes = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("GET /health 200 1ms\n", entries))
        );
        WireSpan[] spans = [SpanOf(1, entries, bytes.Length)];
        Func<uint, Guid> runs = _ => Run;
        printer.Write(log, 7, spans, bytes, runs);

        // What a line costs, every pass costs. A collection in between empties the shared pools, and the one pass after it
        // fills them again: so the cheapest pass counts, and an object has 24 bytes at the least.
        var cheapest = long.MaxValue;
        for (var i = 0; i < 50; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            printer.Write(log, 7, spans, bytes, runs);
            cheapest = Math.Min(cheapest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(cheapest < entries, $"{cheapest} bytes for {entries} lines");
        Assert.True(output.Bytes >= 51L * bytes.Length - (51 * entries), "it printed too little");
    }

    private static bool IsHostile(Rune rune) =>
        Rune.IsControl(rune)
        || rune.Value is 0x2028 or 0x2029 or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static string PrintLine(LogFormat format, string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        var (output, _) = Print(
            new LogPrinterOptions { Format = format },
            (printer, log) => printer.Write(log, 1, [SpanOf(1, 1, bytes.Length)], bytes, _ => Run)
        );
        return output;
    }

    private static void CheckJson(Func<JsonElement, byte[]> read)
    {
        // Bytes of a line: no newline inside, and no bare carriage return.
        var line = Gen.OneOf(
            Gen.Byte.Array[0, 60]
                .Select(bytes =>
                    bytes.Where(one => one is not ((byte)'\n' or (byte)'\r')).ToArray()
                ),
            Gen.String[0, 40]
                .Select(text =>
                    Encoding.UTF8.GetBytes(
                        text.Replace("\n", "", StringComparison.Ordinal)
                            .Replace("\r", "", StringComparison.Ordinal)
                    )
                ),
            // Whole and half sequences that begin as the escaped ones do.
            Gen.Int[0, Pieces.Length - 1]
                .Array[0, 12]
                .Select(pieces => pieces.SelectMany(piece => Pieces[piece]).ToArray())
        );
        line.Sample(
            bytes =>
            {
                var (output, _) = Print(
                    new LogPrinterOptions { Format = LogFormat.Json },
                    (printer, log) =>
                        printer.Write(
                            log,
                            1,
                            [SpanOf(1, 1, bytes.Length + 1)],
                            [.. bytes, (byte)'\n'],
                            _ => Run
                        )
                );

                using var document = JsonDocument.Parse(output);
                Assert.Equal(bytes, read(document.RootElement));
            },
            iter: 2000
        );
    }

    private static byte[] ReadJson(JsonElement entry) =>
        entry.TryGetProperty("raw", out var raw)
            ? raw.GetBytesFromBase64()
            : Encoding.UTF8.GetBytes(entry.GetProperty("msg").GetString() ?? "");

    private static void WriteAll(LogPrinter printer, PrintedLog log)
    {
        var error = SpanOf(13, 1, 4);
        error.Stream = 1;
        printer.Write(log, 7, [SpanOf(12, 1, 4), error], "one\ntwo\n"u8, _ => Run);
        printer.WriteGap(log, 14, 16, GapReason.Slow, false);
    }

    private static WireSpan SpanOf(long seq, int count, int length) =>
        new()
        {
            Seq = seq,
            Count = (uint)count,
            Length = (uint)length,
            Run = 5,
            Ord = 901,
            Wall = Wall,
        };

    private static (string Output, string Errors) Print(
        LogPrinterOptions options,
        Action<LogPrinter, PrintedLog> write
    )
    {
        var output = new ArrayBufferWriter<byte>();
        var errors = new ArrayBufferWriter<byte>();
        var printer = new LogPrinter(options, output, errors);
        write(printer, printer.Add(new LogIdentity(3, "default", "web", "0198c")));
        printer.End();
        return (
            Encoding.UTF8.GetString(output.WrittenSpan),
            Encoding.UTF8.GetString(errors.WrittenSpan)
        );
    }

    private sealed class Discard : IBufferWriter<byte>
    {
        private readonly byte[] _buffer = new byte[1 << 20];

        public long Bytes { get; private set; }

        public void Advance(int count) => Bytes += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public Span<byte> GetSpan(int sizeHint = 0) => _buffer;
    }
}
