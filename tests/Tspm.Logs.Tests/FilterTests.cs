using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.CaptureLog;

namespace Tspm.Logs.Tests;

/// <summary>Filters against a list of all lines: what is wanted comes, the rest is covered, nothing is a hole.</summary>
public sealed class FilterTests
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking;

    private static readonly LogStoreOptions Small = new()
    {
        RingEntries = 16,
        CachedSpans = 16,
        IndexFileBytes = 64 * 1024,
    };

    private static readonly Gen<string> Line = Gen.Char["abé7 \r"]
        .Array[0, 12]
        .Select(letters => new string(letters));

    private static readonly Gen<(bool IsErr, string[] Lines)[]> Writes = Gen.Select(
        Gen.Bool,
        Line.Array[1, 12]
    ).Array[1, 12];

    private static readonly Gen<string> Pattern = Gen.Int[0, 4]
        .Select(i => new[] { "7", "^a", "é$", "a.*b", "" }[i]);

    [Fact]
    public void Wanted_lines_come_in_order_and_the_rest_is_covered()
    {
        Check(pattern => new Regex(pattern, Linear));
    }

    [Fact]
    public void A_filter_that_takes_the_newline_for_a_part_of_the_line_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Check(pattern => new Regex(
                pattern.Replace("$", "\n$", StringComparison.Ordinal),
                Linear
            ))
        );
    }

    [Fact]
    public void An_expression_that_may_backtrack_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new LinePattern([new Regex("a")], []));
    }

    [Theory]
    [InlineData("naïve\r\n", "ve$", true)]
    [InlineData("", "^$", true)]
    [InlineData("\n", "^$", true)]
    [InlineData("abc", "B", false)]
    public void A_line_is_matched_without_its_end(string line, string pattern, bool isWanted)
    {
        var one = new LinePattern([new Regex(pattern, Linear)], []);

        Assert.Equal(isWanted, one.Matches(Encoding.UTF8.GetBytes(line)));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_matched_and_do_no_harm()
    {
        var one = new LinePattern([new Regex("\uFFFD", Linear)], []);

        Gen.Byte.Array[0, 2000]
            .Sample(bytes =>
            {
                var text = Encoding.UTF8.GetString(bytes).TrimEnd('\n', '\r');
                return one.Matches(bytes) == text.Contains('\uFFFD');
            });
    }

    private static void Check(Func<string, Regex> make)
    {
        Gen.Select(Writes, Pattern, Pattern, Gen.Int[0, 12], Gen.Bool)
            .Sample(
                (writes, wanted, unwanted, tail, isErrOnly) =>
                {
                    using var keeper = new FakeKeeper();
                    using var log = new LogUnderTest(keeper, Small);
                    var model = new List<(long Seq, bool IsErr, string Text)>();
                    keeper.Begin();
                    foreach (var (isErr, lines) in writes)
                    {
                        // A bare return would be progress, not a line.
                        var plain = lines
                            .Select(line => line.Replace("\r", "", StringComparison.Ordinal))
                            .ToList();
                        foreach (var line in plain)
                        {
                            model.Add((model.Count + 1, isErr, line));
                        }

                        keeper.Write(
                            isErr ? StreamKind.Err : StreamKind.Out,
                            Encoding.UTF8.GetBytes(string.Concat(plain.Select(line => line + "\n")))
                        );
                    }

                    log.Turn(keeper.Now);
                    var filter = new LogFilter(!isErrOnly, true, true)
                    {
                        Lines = new LinePattern(
                            [make(wanted)],
                            unwanted.Length == 0 ? [] : [make(unwanted)]
                        ),
                    };

                    var expected = model
                        .Where(one => one.IsErr || !isErrOnly)
                        .Where(one => Regex.IsMatch(one.Text, wanted))
                        .Where(one => unwanted.Length == 0 || !Regex.IsMatch(one.Text, unwanted))
                        .ToList();
                    var read = log.ReadAll(filter: filter);
                    var before = log.Log.FindTail(tail, long.MaxValue, filter);

                    Assert.Equal(
                        expected.Select(one => (one.Seq, Hex(one.Text))),
                        read.Select(one => (one.Seq, one.Bytes))
                    );
                    Assert.Equal(
                        expected.TakeLast(tail).Select(one => one.Seq),
                        expected.Where(one => one.Seq > before).Select(one => one.Seq)
                    );
                },
                iter: 100
            );
    }

    private static string Hex(string line) =>
        Convert.ToHexString(Encoding.UTF8.GetBytes(line + "\n"));
}
