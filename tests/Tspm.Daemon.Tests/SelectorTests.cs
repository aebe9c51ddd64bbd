using CsCheck;
using Tspm.Daemon.Supervision;

namespace Tspm.Daemon.Tests;

/// <summary>What a person names processes by.</summary>
public sealed class SelectorTests
{
    private const long Iterations = 3_000;

    // Few letters, so that patterns and names often agree.
    private static readonly Gen<string> Names = Gen.Char["ab.-"].Array[1, 5].Select(Text);
    private static readonly Gen<string> Globs = Gen.Char["ab.-*?"]
        .Array[1, 5]
        .Select(Text)
        .Where(glob => glob.AsSpan().ContainsAny("*?"));
    private static readonly Gen<(string, string)> GlobCases = Gen.Select(Globs, Names);

    [Theory]
    [InlineData("all", true)]
    [InlineData("7", true)]
    [InlineData("07", true)]
    [InlineData("8", false)]
    [InlineData("api", true)]
    [InlineData("ap", false)]
    [InlineData("API", false)]
    [InlineData("shop/api", true)]
    [InlineData("other/api", false)]
    [InlineData("shop/", true)]
    [InlineData("sho/", false)]
    [InlineData("shop/*", true)]
    [InlineData("other/*", false)]
    [InlineData("a*", true)]
    [InlineData("a?i", true)]
    [InlineData("a?", false)]
    [InlineData("[ab]pi", true)]
    [InlineData("[!ab]pi", false)]
    [InlineData("[!x]pi", true)]
    [InlineData("[a-c]pi", true)]
    [InlineData("/^ap/", true)]
    [InlineData("/^shop.api$/", true)]
    [InlineData("/^p/", false)]
    public void A_selector_means_the_process_api_of_shop_with_id_7_or_not(
        string text,
        bool expected
    )
    {
        var process = Records.Named("api", "shop", id: 7);

        var fault = Selector.TryParse(text, out var selector);

        Assert.Null(fault);
        Assert.Equal(expected, selector.Matches(process));
    }

    [Fact]
    public void All_is_known_as_such_and_only_a_bare_name_is_an_exact_name()
    {
        string[] texts = ["all", "7", "api", "shop/api", "shop/", "a*", "/a/"];

        var kinds = texts.Select(text =>
        {
            Assert.Null(Selector.TryParse(text, out var selector));
            return (text, selector.IsAll, selector.IsExactName);
        });

        Assert.Equal(
            [
                ("all", true, false),
                ("7", false, false),
                ("api", false, true),
                ("shop/api", false, false),
                ("shop/", false, false),
                ("a*", false, false),
                ("/a/", false, false),
            ],
            kinds
        );
    }

    [Theory]
    [InlineData("", "1 to 1024 characters")]
    [InlineData("/(/", "is not a regular expression")]
    [InlineData("[]", "is not a regular expression")]
    [InlineData("[z-a]", "is not a regular expression")]
    [InlineData("/(a)\\1/", "linear time")]
    [InlineData("/(?=a)b/", "linear time")]
    public void Wrong_syntax_gives_a_text_that_says_what_is_wrong_and_means_nothing(
        string text,
        string expected
    )
    {
        var fault = Selector.TryParse(text, out var selector);

        Assert.NotNull(fault);
        Assert.Contains(expected, fault);
        Assert.False(selector.Matches(Records.Named("a")));
    }

    [Fact]
    public void A_selector_longer_than_the_bound_is_refused_and_one_as_long_is_not()
    {
        var longest = new string('a', 1024);

        var taken = Selector.TryParse(longest, out _);
        var refused = Selector.TryParse(longest + "a", out _);

        Assert.Null(taken);
        Assert.NotNull(refused);
    }

    [Fact]
    public void Only_star_question_mark_and_brackets_mean_anything_in_a_glob()
    {
        Assert.Null(Selector.TryParse("a.b*", out var selector));

        Assert.True(selector.Matches(Records.Named("a.b-1")));
        Assert.False(selector.Matches(Records.Named("axb-1")));
    }

    [Fact]
    public void A_glob_matches_as_a_naive_matcher_does()
    {
        GlobCases.Sample((glob, name) => AssertLikeModel(glob, name, Naive), iter: Iterations);
    }

    [Fact]
    public void A_matcher_for_which_a_question_mark_may_be_nothing_is_caught()
    {
        Assert.ThrowsAny<Exception>(() =>
            GlobCases.Sample((glob, name) => AssertLikeModel(glob, name, Lax), iter: Iterations)
        );
    }

    private static void AssertLikeModel(string glob, string name, Func<string, string, bool> model)
    {
        Assert.Null(Selector.TryParse(glob, out var selector));
        var expected = model(glob, name) || model(glob, $"b/{name}");
        Assert.Equal(expected, selector.Matches(Records.Named(name, "b")));
    }

    private static bool Naive(string glob, string name) =>
        glob.Length == 0 ? name.Length == 0
        : glob[0] == '*' ? Naive(glob[1..], name) || (name.Length > 0 && Naive(glob, name[1..]))
        : name.Length > 0 && (glob[0] == '?' || glob[0] == name[0]) && Naive(glob[1..], name[1..]);

    private static bool Lax(string glob, string name) =>
        Naive(glob, name) || Naive(glob.Replace("?", "", StringComparison.Ordinal), name);

    private static string Text(char[] letters) => new(letters);
}
