using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.Cli.Export;
using Tspm.Client;
using Tspm.Protocol.Batches;
using Tspm.Protocol.Messages;

namespace Tspm.Cli.Tests.Export;

/// <summary>Exports as lines: one for each entry, whatever a program printed, and back again.</summary>
public sealed partial class RecordWriterTests
{
    private static readonly LogTarget Web = new(3, "web", "default", "log", "logs.3", 1, 9);

    // Bytes that try to forge a line, and others.
    private static readonly Gen<byte[]> Entry = Gen.Frequency(
            (4, Gen.Byte[(byte)' ', (byte)'~']),
            (1, Gen.Byte),
            (1, Gen.Const((byte)'\r')),
            (1, Gen.Const((byte)0xC3))
        )
        .Array[0, 20]
        .Select(bytes => bytes.Where(one => one != '\n').ToArray());

    private static readonly Gen<(bool IsErr, bool IsPart, byte[] Bytes)[]> Entries = Gen.Select(
        Gen.Bool,
        Gen.Bool,
        Entry
    ).Array[1, 12];

    [Fact]
    public void Cri_has_the_layout_of_container_logs()
    {
        var wall = 12_345_678L;

        var text = Export(
            isCri: true,
            Batch(
                wall,
                (false, false, "hello\r"u8.ToArray()),
                (true, true, "half\e[2J"u8.ToArray())
            )
        );

        Assert.Equal(
            """
            1970-01-01T00:00:01.234567800Z stdout F hello
            1970-01-01T00:00:01.234567800Z stderr P half\x1b[2J

            """,
            text
        );
    }

    [Fact]
    public void A_gap_is_a_line_with_the_time_of_its_neighbour()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RecordWriter(output, isCri: true, hasNames: false);

        writer.Write(new LogGap(Web, 3, 9, GapReason.Expired));
        writer.Write(Batch(0, (false, false, "on"u8.ToArray())));
        writer.Write(new LogGap(Web, 11, 11, GapReason.Corrupt));
        writer.End();

        Assert.Equal(
            """
            1970-01-01T00:00:00.000000000Z stdout F tspm-gap web: 7 entries missing (seq 3..9): older than what is kept
            1970-01-01T00:00:00.000000000Z stdout F on
            1970-01-01T00:00:00.000000000Z stdout F tspm-gap web: 1 entry missing (seq 11): damaged on disk

            """,
            Encoding.UTF8.GetString(output.WrittenSpan)
        );
    }

    [Fact]
    public void Every_entry_is_one_line_and_can_be_read_back() => Check(text => text);

    [Fact]
    public void An_export_that_loses_the_mark_of_a_part_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Check(text => text.Replace(" P ", " F ", StringComparison.Ordinal))
        );

    [Fact]
    public void An_export_that_lets_a_return_through_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            Check(text => text.Replace("\\x0d", "\n", StringComparison.Ordinal))
        );

    [Theory]
    [InlineData("a\u202Eb", "a\\u202eb")]
    [InlineData("a\u2028b", "a\\u2028b")]
    [InlineData("a\u0085b", "a\\u0085b")]
    [InlineData("a\u00853", "a\\u00853")]
    [InlineData("a\U000E00013", "a\\U000e00013")]
    [InlineData("naïve ✓\t", "naïve ✓\t")]
    [InlineData("\0\a\b\v\f\u007f", "\\x00\\x07\\x08\\x0b\\x0c\\x7f")]
    public void Characters_that_fool_a_reader_are_escaped(string text, string expected)
    {
        var line = Export(isCri: true, Batch(0, (false, false, Encoding.UTF8.GetBytes(text))));

        Assert.Equal($"1970-01-01T00:00:00.000000000Z stdout F {expected}\n", line);
    }

    private static void Check(Func<string, string> change) =>
        Entries.Sample(entries =>
        {
            // What is escaped is told apart from what a program printed only without backslashes.
            entries =
            [
                .. entries.Select(one =>
                    (one.IsErr, one.IsPart, one.Bytes.Where(b => b != '\\').ToArray())
                ),
            ];

            var text = change(Export(isCri: true, Batch(7, entries)));

            var lines = text.Split('\n');
            Assert.Equal("", lines[^1]);
            Assert.Equal(entries.Length, lines.Length - 1);
            for (var i = 0; i < entries.Length; i++)
            {
                var parts = lines[i].Split(' ', 4);
                Assert.Equal(entries[i].IsErr ? "stderr" : "stdout", parts[1]);
                Assert.Equal(entries[i].IsPart ? "P" : "F", parts[2]);
                var bytes = entries[i].Bytes;
                var isReturn = !entries[i].IsPart && bytes is [.., (byte)'\r'];
                Assert.Equal(
                    Convert.ToHexString(isReturn ? bytes[..^1] : bytes),
                    Convert.ToHexString(Unescape(parts[3]))
                );
            }
        });

    private static byte[] Unescape(string text)
    {
        var bytes = new List<byte>();
        foreach (var piece in Escapes().Split(text))
        {
            if (piece.StartsWith("\\x", StringComparison.Ordinal))
            {
                bytes.Add(
                    byte.Parse(piece[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                );
            }
            else if (piece.StartsWith("\\u", StringComparison.OrdinalIgnoreCase))
            {
                var rune = int.Parse(
                    piece[2..],
                    NumberStyles.HexNumber,
                    CultureInfo.InvariantCulture
                );
                bytes.AddRange(Encoding.UTF8.GetBytes(new Rune(rune).ToString()));
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(piece));
            }
        }

        return [.. bytes];
    }

    private static string Export(bool isCri, LogBatch batch)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RecordWriter(output, isCri, hasNames: false);
        writer.Write(batch);
        writer.End();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static LogBatch Batch(
        long wall,
        params (bool IsErr, bool IsPart, byte[] Bytes)[] entries
    )
    {
        var spans = entries
            .Select(
                (entry, i) =>
                    new WireSpan
                    {
                        Seq = i + 1,
                        Count = 1,
                        Length = (uint)entry.Bytes.Length + (entry.IsPart ? 0u : 1),
                        Stream = entry.IsErr ? (byte)1 : (byte)0,
                        Flags = entry.IsPart
                            ? EntryFlags.Part | EntryFlags.BreakMax
                            : EntryFlags.None,
                        Wall = wall,
                    }
            )
            .ToArray();
        var bytes = entries
            .SelectMany(entry => entry.IsPart ? entry.Bytes : [.. entry.Bytes, (byte)'\n'])
            .ToArray();
        return LogBatch.Of(Web, spans, bytes);
    }

    [GeneratedRegex("(\\\\x[0-9a-f]{2}|\\\\u[0-9a-f]{4}|\\\\U[0-9a-f]{8})")]
    private static partial Regex Escapes();
}
