using Tspm.Cli.CommandLine;
using Tspm.Cli.Rendering;
using Tspm.Protocol;

namespace Tspm.Cli.Tests.CommandLine;

/// <summary>What a misspelt word gets, for each class of words: the nearest three, the nearest first, or nothing.</summary>
public sealed class SuggestionTests
{
    [Theory]
    [InlineData("lgos", "logs")]
    [InlineData("strat", "start")]
    [InlineData("rest", "reset, restart")]
    [InlineData("describ", "describe")]
    [InlineData("xyzzy", null)]
    public void A_command(string word, string? near) => Check(near, () => Parse(word));

    [Theory]
    [InlineData("--folow", "--follow")]
    [InlineData("--timestamp", "--timestamps")]
    [InlineData("--no-fol", "--no-follow, --no-fold")]
    [InlineData("--xyzzy", null)]
    public void An_option(string word, string? near) =>
        Check(near, () => Parse("logs", "web", word), exact: false);

    [Theory]
    [InlineData("alway", "always")]
    [InlineData("atuo", "auto")]
    [InlineData("nver", "never")]
    [InlineData("purple", null)]
    public void A_value(string word, string? near) =>
        Check(
            near,
            () =>
                Parse("list", "--color", word).Choice("color", ["auto", "always", "never"], "auto")
        );

    [Theory]
    [InlineData("stats", "status")]
    [InlineData("memo", "mem")]
    [InlineData("colour", null)]
    public void A_column(string word, string? near) =>
        Check(near, () => ProcessColumns.Find("--sort", word));

    [Theory]
    [InlineData("wbe", "web")]
    [InlineData("web", "web, web-admin, web-api")]
    [InlineData("worker-8", "worker-1, worker-2, worker-3")]
    [InlineData("databse", "database")]
    [InlineData("q", "")]
    public void A_name(string word, string near)
    {
        string[] names =
        [
            "web-worker-long",
            "web-api",
            "web",
            "worker-3",
            "worker-1",
            "worker-4",
            "worker-2",
            "web-admin",
            "database",
        ];

        Assert.Equal(near, string.Join(", ", NearestNames.To(word, names)));
    }

    private static Invocation Parse(params string[] words) =>
        new CommandParser(CommandTree.Commands, CommandTree.Global).Parse(words);

    private static void Check(string? near, Func<object> act, bool exact = true)
    {
        var error = Assert.Throws<CliException>(act);

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        if (near is null)
        {
            Assert.DoesNotContain("did you mean", error.Hint ?? "", StringComparison.Ordinal);
        }
        else if (exact)
        {
            Assert.Equal($"did you mean: {near}?", error.Hint);
        }
        else
        {
            Assert.StartsWith($"did you mean: {near.Split(',')[0]}", error.Hint);
        }
    }
}
