using Tspm.Cli.Terminal;

namespace Tspm.Cli.Tests.Rendering;

public class ColorDecisionTests
{
    [Fact]
    public void The_first_rule_that_says_something_wins_in_every_combination()
    {
        foreach (var choice in Enum.GetValues<ColorChoice>())
        {
            for (var bits = 0; bits < 32; bits++)
            {
                var variables = new Dictionary<string, string>
                {
                    ["NO_COLOR"] = (bits & 1) != 0 ? "1" : "",
                    ["TERM"] = (bits & 8) != 0 ? "dumb" : "xterm",
                };
                if ((bits & 2) != 0)
                {
                    variables["FORCE_COLOR"] = "1";
                }

                if ((bits & 4) != 0)
                {
                    variables["CLICOLOR_FORCE"] = "1";
                }

                var isTerminal = (bits & 16) != 0;
                bool?[] rules =
                [
                    choice == ColorChoice.Auto ? null : choice == ColorChoice.Always,
                    (bits & 1) != 0 ? false : null,
                    (bits & 2) != 0 ? true : null,
                    (bits & 4) != 0 ? true : null,
                    (bits & 8) != 0 ? false : null,
                    isTerminal,
                ];

                var isColored = ColorDecision.IsColored(
                    choice,
                    variables.GetValueOrDefault,
                    isTerminal
                );

                Assert.Equal(rules.First(rule => rule is not null), isColored);
            }
        }
    }

    [Theory]
    [InlineData("FORCE_COLOR", "0", true, false)]
    [InlineData("FORCE_COLOR", "3", false, true)]
    [InlineData("FORCE_COLOR", "", true, true)]
    [InlineData("CLICOLOR_FORCE", "0", false, false)]
    [InlineData("CLICOLOR_FORCE", "yes", false, true)]
    public void A_zero_or_nothing_is_told_apart_from_a_value(
        string name,
        string value,
        bool isTerminal,
        bool expected
    )
    {
        Assert.Equal(
            expected,
            ColorDecision.IsColored(ColorChoice.Auto, n => n == name ? value : null, isTerminal)
        );
    }

    [Theory]
    [InlineData("truecolor", "xterm", "Full")]
    [InlineData(null, "xterm-256color", "Palette")]
    [InlineData(null, "xterm-direct", "Full")]
    [InlineData("yes", "xterm", "Palette")]
    [InlineData(null, "linux", "Sixteen")]
    [InlineData(null, null, "Sixteen")]
    public void The_depth_comes_from_two_variables(string? colorTerm, string? term, string expected)
    {
        var depth = ColorDecision.Depth(name => name == "COLORTERM" ? colorTerm : term);

        Assert.Equal(expected, depth.ToString());
    }
}
