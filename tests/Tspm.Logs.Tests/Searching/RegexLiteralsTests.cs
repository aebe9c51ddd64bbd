using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Tspm.Logs.Searching;

namespace Tspm.Logs.Tests.Searching;

/// <summary>Texts that expressions need, against the expressions themselves.</summary>
public sealed class RegexLiteralsTests
{
    private const RegexOptions Linear =
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private static readonly Gen<string> Atom = OneOf(
        "a",
        "b",
        "ab",
        "ba",
        "k",
        "é",
        "\\.",
        ".",
        "[ab]",
        "[^a]",
        "\\d",
        "\\w",
        "^",
        "$",
        "\\b",
        " ",
        "\\t",
        "7",
        "{",
        "\\x61",
        "\\s"
    );

    private static readonly Gen<string> Quantifier = OneOf(
        "",
        "",
        "",
        "*",
        "+",
        "?",
        "{0,2}",
        "{2}",
        "{1,}",
        "+?"
    );

    private static readonly Gen<string> Expression = Gen.Recursive<string>(
        (depth, inner) =>
            depth >= 3
                ? Atom
                : Gen.Frequency(
                    (3, Atom),
                    (3, Gen.Select(inner, inner, (left, right) => left + right)),
                    (1, Gen.Select(inner, inner, (left, right) => $"({left}|{right})")),
                    (1, Gen.Select(inner, Quantifier, (one, times) => $"(?:{one}){times}")),
                    (1, Gen.Select(Atom, Quantifier, (one, times) => one + times)),
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
        "É",
        ".",
        "7",
        " ",
        "\t",
        "{"
    )
        .Array[0, 8]
        .Select(string.Concat);

    private static Gen<string> OneOf(params string[] all) =>
        Gen.Int[0, all.Length - 1].Select(i => all[i]);

    [Theory]
    [InlineData("timeout", true, "timeout")]
    [InlineData("error|warn", true, "error", "warn")]
    [InlineData("user=[0-9]+ timeout", false, " timeout")]
    [InlineData("ab+cde", false, "cde")]
    [InlineData("^GET", false, "GET")]
    [InlineData("(fatal|panic): x", false, "fatal", "panic")]
    [InlineData("a\\.b", true, "a.b")]
    public void Known_expressions_have_these_texts(
        string pattern,
        bool isWhole,
        params string[] texts
    )
    {
        var found = RegexLiterals.Find(new Regex(pattern, Linear));

        Assert.NotNull(found);
        Assert.Equal(texts, found.Texts);
        Assert.Equal(isWhole, found.IsWhole);
    }

    [Theory]
    [InlineData("[0-9]+")]
    [InlineData("a|[0-9]")]
    [InlineData("(?i)abc")]
    [InlineData("\\x41bc")]
    [InlineData("a*")]
    [InlineData("")]
    public void Others_have_none(string pattern) =>
        Assert.Null(RegexLiterals.Find(new Regex(pattern, Linear)));

    [Fact]
    public void Lines_match_with_and_without_the_texts()
    {
        Check(found => found);
    }

    [Fact]
    public void A_text_that_is_not_needed_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Check(found => found is null ? null : found with { Texts = [found.Texts[0] + "a"] })
        );
    }

    [Fact]
    public void Taking_every_expression_for_plain_text_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            Check(found => found is null ? null : found with { IsWhole = true })
        );
    }

    [Fact]
    public void Bytes_are_found_where_a_naive_search_finds_them()
    {
        Gen.Select(
                Gen.Char["abKz-"].Array[1, 5],
                Gen.Byte[(byte)'-', (byte)'{'].Array[0, 200],
                Gen.Bool
            )
            .Sample(
                (letters, bytes, ignoresCase) =>
                {
                    var text = new string(letters);
                    var comparison = ignoresCase
                        ? StringComparison.OrdinalIgnoreCase
                        : StringComparison.Ordinal;

                    var found = new ByteLiteral(text, ignoresCase).IndexIn(bytes);

                    return found == Encoding.Latin1.GetString(bytes).IndexOf(text, comparison);
                },
                iter: 100_000
            );
    }

    private static void Check(Func<RegexLiterals?, RegexLiterals?> change)
    {
        Gen.Select(Expression, Line.Array[1, 20], Gen.Bool)
            .Sample(
                (pattern, lines, ignoresCase) =>
                {
                    var options = ignoresCase ? Linear | RegexOptions.IgnoreCase : Linear;
                    if (TryMake(pattern, options) is not { } regex)
                    {
                        return;
                    }

                    var found = change(RegexLiterals.Find(regex));
                    foreach (var line in lines)
                    {
                        var matches = regex.IsMatch(line);
                        Assert.Equal(matches, IsMatch(regex, found, line, ignoresCase));
                        Assert.Equal(
                            matches,
                            new LinePattern([regex], []).Matches(Encoding.UTF8.GetBytes(line))
                        );
                    }

                    CheckBlock(regex, lines);
                },
                iter: 3000
            );
    }

    /// <summary>Whole blocks of lines: the same lines as one by one.</summary>
    private static void CheckBlock(Regex regex, string[] lines)
    {
        var block = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        var found = new List<string>();
        var pattern = new LinePattern([regex], []);
        var at = 0;
        while (pattern.TryFind(block.AsSpan(at), out var start, out var end))
        {
            found.Add(Encoding.UTF8.GetString(block.AsSpan(at + start, end - start)).TrimEnd('\n'));
            at += end;
        }

        Assert.Equal(lines.Where(line => regex.IsMatch(line)), found);
    }

    private static bool IsMatch(Regex regex, RegexLiterals? found, string line, bool ignoresCase)
    {
        if (found is null)
        {
            return regex.IsMatch(line);
        }

        var bytes = Encoding.UTF8.GetBytes(line);
        var hasText = found.Texts.Any(text =>
            new ByteLiteral(text, ignoresCase).IndexIn(bytes) >= 0
        );
        return hasText && (found.IsWhole || regex.IsMatch(line));
    }

    private static Regex? TryMake(string pattern, RegexOptions options)
    {
        try
        {
            return new Regex(pattern, options);
        }
        catch (ArgumentException)
        {
            // Not an expression: the daemon says so to the reader.
            return null;
        }
    }
}
