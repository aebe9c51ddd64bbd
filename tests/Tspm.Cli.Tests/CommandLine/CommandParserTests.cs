using Tspm.Cli.CommandLine;

namespace Tspm.Cli.Tests.CommandLine;

/// <summary>From words to commands: nothing that begins with a dash is ever taken for a name.</summary>
public sealed class CommandParserTests
{
    [Fact]
    public void A_misspelt_option_is_refused_with_what_was_probably_meant()
    {
        var error = Assert.Throws<CliException>(() => Parse("logs", "--folow", "web"));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("--folow", error.Message, StringComparison.Ordinal);
        Assert.Contains("--follow", error.Message + error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_command_is_refused_with_what_was_probably_meant()
    {
        var error = Assert.Throws<CliException>(() => Parse("lgos"));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("logs", error.Message + error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-n", "5")]
    [InlineData("-n5")]
    [InlineData("--tail", "5")]
    [InlineData("--tail=5")]
    [InlineData("--lines=5")]
    public void A_value_stands_apart_or_attached(params string[] words)
    {
        var invocation = Parse(["logs", "web", .. words]);

        Assert.Equal("5", invocation.Value("tail"));
        Assert.Equal(["web"], invocation.Arguments);
    }

    [Fact]
    public void Words_after_two_dashes_are_the_program_whatever_they_look_like()
    {
        var invocation = Parse("start", "--name", "x", "--", "ls", "--color", "-l");

        Assert.Equal("x", invocation.Value("name"));
        Assert.Equal(["ls", "--color", "-l"], invocation.AfterDashes);
        Assert.Empty(invocation.Arguments);
    }

    [Fact]
    public void An_option_without_its_value_is_refused()
    {
        var error = Assert.Throws<CliException>(() => Parse("start", "--name"));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
    }

    [Fact]
    public void A_word_too_many_is_told_with_the_whole_name_of_the_command()
    {
        var error = Assert.Throws<CliException>(() => Parse("daemon", "upgrade", "tspm-2"));

        Assert.Equal("daemon upgrade: too many arguments: \"tspm-2\"", error.Message);
        Assert.Equal("see: tspm daemon upgrade --help", error.Hint);
    }

    [Fact]
    public void The_help_of_every_command_names_each_of_its_options()
    {
        foreach (var command in All(CommandTree.Commands))
        {
            var help = HelpText.Of(command, CommandTree.PathOf(command));

            Assert.All(
                command.Options,
                option => Assert.Contains(option.Names[0], help, StringComparison.Ordinal)
            );
        }
    }

    [Theory]
    [InlineData("daemon")]
    public void A_group_without_a_command_names_its_commands(string group)
    {
        var error = Assert.Throws<CliException>(() => Parse(group));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("logs", error.Message, StringComparison.Ordinal);
        Assert.True(Parse(group, "--help").Has("help"));
    }

    private static IEnumerable<CommandSpec> All(IEnumerable<CommandSpec> commands) =>
        commands.SelectMany(command => All(command.Subcommands).Prepend(command));

    private static Invocation Parse(params string[] words) =>
        new CommandParser(CommandTree.Commands, CommandTree.Global).Parse(words);
}
