using CsCheck;
using Tspm.Cli.Settings;

namespace Tspm.Cli.Tests.Settings;

/// <summary>config.yaml: what is understood, and where a mistake is said to be.</summary>
public sealed class SettingsFileTests
{
    [Fact]
    public void Keys_lists_quotes_and_comments_are_understood()
    {
        var settings = SettingsFile.Parse(
            """
            ---
            # a comment
            color: always   # why not
            tail: "100"
            grep: ['it''s', "a\"b", plain]
            exclude:
              - one two
              - "#x"
            pretty: true
            """,
            "c"
        );

        Assert.Equal(
            [
                "color=always",
                "tail=100",
                "grep=it's,a\"b,plain",
                "exclude=one two,#x",
                "pretty=true",
            ],
            settings.Select(one => $"{one.Key}={string.Join(',', one.Values)}")
        );
    }

    [Theory]
    [InlineData("color always", "c:1:1:")]
    [InlineData("a: 1\nColor: x", "c:2:1:")]
    [InlineData("color:always", "c:1:7:")]
    [InlineData("x: \"open", "c:1:4:")]
    [InlineData("x: \"a\\q\"", "c:1:7:")]
    [InlineData("x: [a, b", "c:1:9:")]
    [InlineData("x: {a: b}", "c:1:4:")]
    [InlineData("x: &a b", "c:1:4:")]
    [InlineData("x: 'a' b", "c:1:8:")]
    [InlineData("- a", "c:1:1:")]
    [InlineData("  x: a", "c:1:3:")]
    [InlineData("x: 1\nx: 2", "c:2:1:")]
    public void A_mistake_is_told_with_line_and_column(string text, string place)
    {
        var error = Assert.Throws<CliException>(() => SettingsFile.Parse(text, "c"));

        Assert.Equal(ExitCodes.Config, error.ExitCode);
        Assert.StartsWith(place, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_text_it_is_read_or_refused() =>
        Gen.String[Gen.Char["ab:-[]\"'\\# \n{,"], 0, 60]
            .Sample(
                text =>
                {
                    try
                    {
                        _ = SettingsFile.Parse(text, "c");
                        return true;
                    }
                    catch (CliException error)
                    {
                        return error.ExitCode == ExitCodes.Config;
                    }
                },
                iter: 20_000
            );
}
