using CsCheck;
using Tspm.Daemon.Supervision;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

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

    [Theory]
    [InlineData("/(/", "insufficient closing parentheses, at character 1")]
    [InlineData("/a[/", "unterminated bracket, at character 2")]
    [InlineData("/*/", "quantifier after nothing, at character 1")]
    [InlineData("/(?=a)/", "no look-around")]
    [InlineData("[b-a]", "range")]
    [InlineData("@label", "@key=value")]
    [InlineData("", "1 to 1024")]
    public void A_wrong_selector_is_told_in_words(string text, string words) =>
        Assert.Contains(words, Selector.TryParse(text, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData("web", new[] { 1, 2, 5 })]
    [InlineData("shop/web", new[] { 1, 2 })]
    [InlineData("web.1", new[] { 2 })]
    [InlineData("web.*", new[] { 1, 2 })]
    [InlineData("we[a-b]", new[] { 5 })]
    [InlineData("[", new int[0])]
    [InlineData("//", new int[0])]
    [InlineData("/", new int[0])]
    [InlineData("@tier=front", new[] { 1, 5 })]
    [InlineData("@tier=", new int[0])]
    [InlineData("@tier=front=x", new int[0])]
    public void Groups_instances_namespaces_and_labels(string text, int[] ids)
    {
        ProcessRecord[] all =
        [
            Member(1, "shop", "web.0", "web", "tier=front"),
            Member(2, "shop", "web.1", "web"),
            Member(3, "shop", "webx", null),
            Member(4, "shop", "x.web", null),
            Member(5, "default", "web", null, "tier=front"),
        ];

        Assert.Null(Selector.TryParse(text, out var selector));

        Assert.Equal(ids, all.Where(selector.Matches).Select(one => (int)one.Id));
    }

    [Fact]
    public void A_bare_name_in_two_namespaces_is_refused_for_a_change_only()
    {
        ProcessRecord[] all =
        [
            Member(1, "shop", "web.0", "web"),
            Member(2, "shop", "web.1", "web"),
            Member(3, "default", "web", null),
        ];

        bool Select(bool isChange, out SelectionError? error, params string[] words) =>
            Selection.TrySelect(all, one => one, words, isChange, out _, out error);

        Assert.True(Select(false, out _, "web"));
        Assert.False(Select(true, out var several, "web"));
        Assert.Equal(
            "\"web\" means several: shop/web.0, shop/web.1, default/web",
            several?.Message
        );
        Assert.True(Select(true, out _, "shop/web", "default/web", "3"));
        Assert.True(Select(true, out _, "web*"));
        Assert.False(Select(false, out var none, "web", "wbe"));
        Assert.Equal(ErrorCodes.NotFound, none?.Code);
    }

    private static ProcessRecord Member(
        uint id,
        string ns,
        string name,
        string? group,
        params string[] labels
    )
    {
        var record = Records.Named(name, ns, id: id);
        return new ProcessRecord
        {
            Id = record.Id,
            Uid = record.Uid,
            Spec = record.Spec with
            {
                Instance = group is null ? null : new InstanceSpec { Group = group },
                Labels = labels,
            },
        };
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
