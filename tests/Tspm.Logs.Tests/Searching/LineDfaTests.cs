using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.Logs.Searching;

namespace Tspm.Logs.Tests.Searching;

/// <summary>Lines by table, against the expressions themselves.</summary>
public sealed class LineDfaTests
{
    private const RegexOptions Linear =
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private static readonly Gen<string> Atom = OneOf(
        "a",
        "B",
        "ab",
        "k",
        "0",
        "\\.",
        ".",
        "[ab]",
        "[^a]",
        "[A-c]",
        "[^\\d_]",
        "[]a]",
        "[a-]",
        "[\\w-]",
        "\\d",
        "\\D",
        "\\w",
        "\\W",
        "\\s",
        "\\S",
        "^",
        "$",
        "\\t",
        " ",
        "-",
        "é"
    );

    private static readonly Gen<string> Quantifier = OneOf(
        "",
        "*",
        "+",
        "?",
        "{0,2}",
        "{2}",
        "{1,}",
        "*?",
        "+?",
        "{0}"
    );

    private static readonly Gen<string> Expression = Gen.Recursive<string>(
        (depth, inner) =>
            depth >= 4
                ? Atom
                : Gen.Frequency(
                    (3, Atom),
                    (4, Gen.Select(inner, inner, (left, right) => left + right)),
                    (1, Gen.Select(inner, inner, (left, right) => $"({left}|{right})")),
                    (1, Gen.Select(inner, Quantifier, (one, times) => $"(?:{one}){times}")),
                    (2, Gen.Select(Atom, Quantifier, (one, times) => one + times)),
                    (1, Gen.Select(inner, inner, (left, right) => $"{left}|{right}"))
                )
    );

    private static readonly Gen<string> Line = OneOf(
        "a",
        "b",
        "A",
        "B",
        "k",
        "\u212A",
        "é",
        "0",
        "_",
        ".",
        " ",
        "\t",
        "-",
        "]",
        "\r",
        "\0",
        "ab"
    )
        .Array[0, 7]
        .Select(string.Concat);

    private static Gen<string> OneOf(params string[] all) =>
        Gen.Int[0, all.Length - 1].Select(i => all[i]);

    [Fact]
    public void Lines_are_judged_as_the_expressions_do()
    {
        var judged = 0;
        Gen.Select(Expression, Line.Array[1, 12], Gen.Bool)
            .Sample(
                (pattern, lines, ignoresCase) =>
                {
                    if (TryMake(pattern, ignoresCase) is not var (regex, dfa))
                    {
                        return;
                    }

                    foreach (var line in lines)
                    {
                        var verdict = dfa.Judge(Encoding.UTF8.GetBytes(line));
                        var isPlain = Ascii.IsValid(line) && !line.Contains('\r');
                        if (verdict == LineVerdict.Unsure)
                        {
                            Assert.False(isPlain, $"{pattern} is not sure of \"{line}\"");
                            continue;
                        }

                        Interlocked.Increment(ref judged);
                        Assert.True(
                            regex.IsMatch(line) == (verdict == LineVerdict.Yes),
                            $"/{pattern}/ {regex.Options} on \"{line}\": {verdict}"
                        );
                    }
                },
                iter: 6_000
            );

        Assert.True(judged > 6_000, $"only {judged} lines were judged");
    }

    [Fact]
    public void Many_lines_at_once_give_the_same_as_one_by_one() =>
        Gen.Select(Expression, Expression, Line.Array[1, 80], Gen.Bool)
            .Sample(
                (pattern, other, lines, ignoresCase) =>
                {
                    Regex[] wanted = [.. Parse(pattern, ignoresCase)];
                    Regex[] unwanted = [.. Parse(other, ignoresCase)];
                    if (wanted.Length == 0)
                    {
                        return;
                    }

                    var model = lines
                        .Select(line => line.TrimEnd('\r'))
                        .Select(line =>
                            wanted.Any(one => one.IsMatch(line))
                            && !unwanted.Any(one => one.IsMatch(line))
                        );
                    Assert.Equal(model, Search(new LinePattern(wanted, unwanted), lines));
                },
                iter: 1_500
            );

    [Fact]
    public void A_table_that_takes_carriage_returns_for_text_is_found_out()
    {
        // The broken variant: the end of the line is not cut off before it is looked at.
        var (regex, dfa) = TryMake("a$", ignoresCase: false)!.Value;

        Assert.Matches(regex, "a");
        Assert.Equal(LineVerdict.Unsure, dfa.Find("a\r\n"u8, out _));
        Assert.Equal(LineVerdict.Yes, dfa.Find("b\na\n"u8, out var start));
        Assert.Equal(2, start);
    }

    [Theory]
    [InlineData("took [0-9]{4,} ms")]
    [InlineData("(GET|POST) /[a-z]+/\\d+ 5\\d\\d$")]
    [InlineData("^\\s*$")]
    public void Expressions_that_people_write_are_known(string pattern) =>
        Assert.NotNull(TryMake(pattern, ignoresCase: true));

    [Theory]
    [InlineData("\\bword\\b")]
    [InlineData("(?i)a")]
    [InlineData("é")]
    [InlineData("a*")]
    [InlineData("[a-z-[b]]x")]
    [InlineData("(((a{200}){200}){200})b")]
    public void Others_are_left_to_the_engine(string pattern) =>
        Assert.Null(TryMake(pattern, ignoresCase: false));

    [Fact]
    public void States_without_end_are_left_to_the_engine_line_by_line()
    {
        var (regex, dfa) = TryMake("[ab]*a[ab]{14}c", ignoresCase: false)!.Value;
        var random = new Random(7);
        var unsure = 0;
        for (var i = 0; i < 400; i++)
        {
            var line = string.Concat(
                Enumerable
                    .Range(0, 200)
                    .Select(_ => random.Next(60) == 0 ? 'c' : "ab"[random.Next(2)])
            );
            var verdict = dfa.Judge(Encoding.ASCII.GetBytes(line));
            unsure += verdict == LineVerdict.Unsure ? 1 : 0;
            Assert.True(
                verdict == LineVerdict.Unsure || regex.IsMatch(line) == (verdict == LineVerdict.Yes)
            );
        }

        Assert.InRange(unsure, 1, 400);
    }

    private static (Regex Regex, LineDfa Dfa)? TryMake(string pattern, bool ignoresCase) =>
        Parse(pattern, ignoresCase).FirstOrDefault() is { } regex
        && LineDfa.TryMake([regex]) is { } dfa
            ? (regex, dfa)
            : null;

    private static IEnumerable<Regex> Parse(string pattern, bool ignoresCase)
    {
        Regex regex;
        try
        {
            regex = new Regex(pattern, ignoresCase ? Linear | RegexOptions.IgnoreCase : Linear);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            // A repetition of a repetition, or larger than the engine takes: nobody can ask for it.
            yield break;
        }

        yield return regex;
    }

    private static List<bool> Search(LinePattern pattern, string[] lines)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        var starts = new List<int>();
        for (var at = 0; at < bytes.Length; at += bytes.AsSpan(at).IndexOf((byte)'\n') + 1)
        {
            starts.Add(at);
        }

        var found = new HashSet<int>();
        for (var at = 0; pattern.TryFind(bytes.AsSpan(at), out var start, out var end); at += end)
        {
            found.Add(at + start);
        }

        return [.. starts.Select(found.Contains)];
    }
}
