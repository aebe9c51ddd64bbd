using System.Diagnostics;
using System.Text.RegularExpressions;
using Tspm.Cli.CommandLine;

namespace Tspm.Cli.Tests.CommandLine;

/// <summary>Help, topics, habits of other tools, manual pages: all from one table.</summary>
public sealed class HelpTests
{
    [Fact]
    public void Every_command_shows_an_example_and_each_is_understood()
    {
        var parser = new CommandParser(CommandTree.Commands, CommandTree.Global);
        foreach (var command in CommandTree.Commands.Where(one => one.Group is not null))
        {
            Assert.True(command.Examples.Count > 0, command.Names[0]);
            foreach (var example in command.Examples)
            {
                var line = Regex
                    .Match(example, "tspm ([^|)]*)", RegexOptions.NonBacktracking)
                    .Groups[1]
                    .Value;
                var invocation = parser.Parse([.. Words(line)]);
                Assert.Equal(command.Names[0], Above(invocation.Command).Names[0]);
            }
        }
    }

    [Fact]
    public void Every_topic_has_its_text_and_is_named_by_the_help()
    {
        var all = HelpText.OfAll(CommandTree.Commands, CommandTree.Global);

        Assert.All(
            HelpTopics.Names,
            topic =>
                Assert.StartsWith(
                    topic.Split('-')[0][..4],
                    HelpTopics.Of(topic)!,
                    StringComparison.Ordinal
                )
        );
        Assert.All(
            HelpTopics.Names,
            topic => Assert.Contains(topic, all, StringComparison.Ordinal)
        );
        Assert.Null(HelpTopics.Of("nothing"));
    }

    [Fact]
    public void No_line_of_help_is_longer_than_120_cells() =>
        Assert.All(
            HelpTopics.Names.SelectMany(topic => HelpTopics.Of(topic)!.Split('\n')),
            line => Assert.True(line.Length <= 130, line)
        );

    [Theory]
    [InlineData("link")]
    [InlineData("plus")]
    [InlineData("deploy")]
    [InlineData("get")]
    [InlineData("exec")]
    public void A_habit_of_another_tool_is_answered_with_one_line(string word)
    {
        var error = Assert.Throws<CliException>(() =>
            new CommandParser(CommandTree.Commands, CommandTree.Global).Parse([word, "x"])
        );

        Assert.Equal((ExitCodes.Usage, ErrorCode.NoSuchService), (error.ExitCode, error.Code));
        Assert.DoesNotContain('\n', error.Message + error.Hint);
    }

    [Fact]
    public async Task The_manual_pages_are_sound_roff()
    {
        const string groff = "/usr/bin/groff";
        Assert.SkipUnless(File.Exists(groff), "groff is not installed");
        foreach (var (file, text) in ManualPages.All("1.0"))
        {
            var start = new ProcessStartInfo(groff)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            foreach (var word in (string[])["-man", "-ww", "-Tutf8", "-Kutf8", "-z"])
            {
                start.ArgumentList.Add(word);
            }

            using var process = Process.Start(start)!;
            await process.StandardInput.WriteAsync(text);
            process.StandardInput.Close();
            var errors = await process.StandardError.ReadToEndAsync(
                TestContext.Current.CancellationToken
            );
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0 && errors.Length == 0, $"{file}: {errors}");
        }
    }

    private static CommandSpec Above(CommandSpec command) =>
        CommandTree.Commands.FirstOrDefault(one => one.Subcommands.Contains(command)) ?? command;

    // Words as a shell cuts them, with single and double quotes.
    private static IEnumerable<string> Words(string line) =>
        Regex
            .Matches(line, """(?:'[^']*'|"[^"]*"|[^\s'"])+""", RegexOptions.NonBacktracking)
            .Select(match =>
                match
                    .Value.Replace("'", "", StringComparison.Ordinal)
                    .Replace("\"", "", StringComparison.Ordinal)
            );
}
