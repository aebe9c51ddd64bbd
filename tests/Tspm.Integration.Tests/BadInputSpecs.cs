using System.Globalization;

namespace Tspm.Integration.Tests;

/// <summary>Commands, environments and directories at the edge of what can be: taken whole or refused by name and range.</summary>
public sealed class BadInputSpecs
{
    [Theory]
    [InlineData("y", 9_000)]
    [InlineData("щ", 1_000)]
    public async Task A_command_of_thousands_of_words_runs_and_the_daemon_lives_on(
        string word,
        int count
    )
    {
        await using var home = new TspmHome();
        var words = Enumerable.Repeat(word, count);

        await OkAsync(
            home,
            [
                "start",
                "--name",
                "wide",
                "--",
                "/bin/sh",
                "-c",
                "echo $# words; exec sleep 600",
                "sh",
                .. words,
            ]
        );
        await OkAsync(home, "wait", "wide", "--for", "log:/words/");

        var lines = await OkAsync(home, "logs", "wide", "--raw", "--no-events");
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{count} words\n"), lines);
        Assert.Contains("run 1 started", await OkAsync(home, "logs", "wide"));
    }

    [Fact]
    public async Task More_words_than_a_command_may_have_are_refused_with_the_bound()
    {
        await using var home = new TspmHome();

        var told = await home.RunAsync([
            "start",
            "--name",
            "wide",
            "--",
            "/bin/true",
            .. Enumerable.Repeat("y", 10_000),
        ]);

        Assert.Equal(2, told.ExitCode);
        Assert.Contains("10001 words is not within 1 to 10000", told.Errors);
    }

    [Fact]
    public async Task A_directory_that_is_deleted_under_a_program_is_named_at_its_next_start()
    {
        await using var home = new TspmHome();
        var directory = Directory.CreateTempSubdirectory("ts-gone").FullName;
        await OkAsync(
            home,
            "start",
            "--name",
            "web",
            "--cwd",
            directory,
            "--",
            "/bin/sleep",
            "600"
        );
        Directory.Delete(directory);

        var told = await home.RunAsync("restart", "web");

        Assert.Equal(1, told.ExitCode);
        Assert.Contains($"{directory}: no such directory", told.Errors);
        Assert.Contains("failed", await OkAsync(home, "list"));
        Directory.CreateDirectory(directory);
        await OkAsync(home, "start", "web");
        Directory.Delete(directory);
    }

    [Fact]
    public async Task Numbers_of_runs_go_on_after_an_older_copy_of_the_list()
    {
        await using var home = new TspmHome();
        await OkAsync(home, "start", "--name", "web", "--", "/bin/sleep", "600");
        var list = Directory.GetFiles(home.Root, "processes.json", SearchOption.AllDirectories);
        var old = await File.ReadAllBytesAsync(list[0], TestContext.Current.CancellationToken);
        await OkAsync(home, "restart", "web");
        await OkAsync(home, "restart", "web");
        await OkAsync(home, "shutdown", "-y");
        await File.WriteAllBytesAsync(list[0], old, TestContext.Current.CancellationToken);

        await OkAsync(home, "start", "web");

        Assert.Contains("run 4 started", await OkAsync(home, "logs", "web", "-n", "1"));
    }

    private static async Task<string> OkAsync(TspmHome home, params string[] words)
    {
        var told = await home.RunAsync(words);
        Assert.True(told.ExitCode == 0, $"{words[0]} ended with {told.ExitCode}: {told.Errors}");
        return told.Output;
    }
}
