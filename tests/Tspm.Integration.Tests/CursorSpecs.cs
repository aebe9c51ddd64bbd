using System.Globalization;
using System.Text.Json;
using Tspm.Client;

namespace Tspm.Integration.Tests;

/// <summary>Cursors: shown, given back, kept in a file, and refused.</summary>
public sealed class CursorSpecs
{
    private const int LinesPerFollow = 50;

    [Fact]
    public async Task A_cursor_goes_on_after_the_last_line_and_several_processes_fit_in_one()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("a", 50);
        await home.PrintedAsync("b", 30);

        var first = await home.RunAsync(
            "logs",
            "-n",
            "all",
            "--show-cursor",
            "--no-events",
            "-o",
            "json"
        );
        var cursor = CursorOf(first);
        var nothing = await home.RunAsync("logs", "--after-cursor", cursor, "--no-events");
        await home.RunAsync("restart", "a");
        await home.EndedAsync("a");
        var rest = await home.RunAsync(
            "logs",
            "--after-cursor",
            cursor,
            "--no-events",
            "--no-prefix"
        );

        Assert.Equal(80, first.Lines.Length - 1);
        Assert.Equal("", nothing.Output);
        Assert.Equal(50, rest.Lines.Length);
    }

    [Fact]
    public async Task A_cursor_file_hands_a_follow_over_without_hole_or_repeat()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync(
            "web",
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.005; done"
        );
        var file = home.Root + ".cursor";
        var seen = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var follow = FollowLines(home, file);
            seen.AddRange(await follow.ReadUntilAsync($"line {seen.Count + LinesPerFollow}"));
            TspmHome.Signal(follow.Pid, 2);
            seen.AddRange(await follow.ReadRestAsync());
        }

        Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => $"line {i}"), seen);
        Assert.True(seen.Count > 100);
        File.Delete(file);
    }

    [Fact]
    public async Task A_follower_that_is_killed_leaves_a_whole_cursor_after_which_nothing_is_missing()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync(
            "web",
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.005; done"
        );
        var file = home.Root + ".cursor";
        var killed = FollowLines(home, file);
        var seen = await killed.ReadUntilAsync("line 20");
        await TspmHome.UntilAsync(() => Task.FromResult(File.Exists(file)), "it keeps its place");
        TspmHome.Signal(killed.Pid, 9);
        seen.AddRange(await killed.ReadRestAsync());
        var next = FollowLines(home, file);

        var rest = await next.ReadUntilAsync($"line {seen.Count + 20}");
        TspmHome.Signal(next.Pid, 2);

        // The last line of the killed one may be cut.
        var first = int.Parse(rest[0]["line ".Length..], CultureInfo.InvariantCulture);
        Assert.InRange(first, 2, seen.Count + 1);
        Assert.Equal(Enumerable.Range(first, rest.Count).Select(i => $"line {i}"), rest);
        await next.ReadRestAsync();
        File.Delete(file);
    }

    private static Follow FollowLines(TspmHome home, string file) =>
        home.StartFollow("logs", "web", "-f", "--no-events", "-n", "all", "--cursor-file", file);

    [Theory]
    [InlineData("web", "not a cursor")]
    [InlineData("t1:AAAAAAAAAAAA", "damaged")]
    [InlineData("t9:AAAA", "of form t9")]
    public async Task A_bad_cursor_is_refused_and_never_from_the_closest(string text, string words)
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 3);

        var result = await home.RunAsync("logs", "web", "--after-cursor", text);

        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains(words, result.Errors);
    }

    [Fact]
    public async Task A_cursor_that_lies_ahead_of_its_log_is_refused_and_never_from_the_end()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 3);
        var shown = await home.RunAsync("logs", "web", "--show-cursor", "-o", "json");
        var cursor = CursorOf(shown);
        var place = Assert.Single(FollowCursor.Parse(cursor).Places);
        var ahead = place with { Position = place.Position with { Seq = place.Position.Seq + 1 } };

        var forged = new FollowCursor([ahead]).ToString();
        var result = await home.RunAsync("logs", "web", "--after-cursor", forged);
        var json = await home.RunAsync("logs", "web", "--after-cursor", forged, "-o", "json");
        var good = await home.RunAsync("logs", "web", "--after-cursor", cursor);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("lies ahead of the log", result.Errors);
        Assert.Equal(2, json.ExitCode);
        Assert.Equal(0, good.ExitCode);
    }

    [Fact]
    public async Task A_cursor_of_another_process_is_refused_and_never_from_the_start()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 3);
        await home.PrintedAsync("other", 3);
        var shown = await home.RunAsync("logs", "web", "--show-cursor", "-o", "json");
        var cursor = CursorOf(shown);

        var foreign = await home.RunAsync("logs", "other", "--after-cursor", cursor);
        var both = await home.RunAsync("logs", "web", "other", "--after-cursor", cursor);

        Assert.Equal(2, foreign.ExitCode);
        Assert.Equal("", foreign.Output);
        Assert.Contains("default/web, not of other", foreign.Errors);
        Assert.Equal(0, both.ExitCode);
        Assert.Contains("line 3", both.Output);
    }

    [Fact]
    public async Task A_cursor_of_a_log_that_is_gone_says_so_and_one_that_was_made_again_goes_on()
    {
        await using var home = new TspmHome();
        await home.PrintedAsync("web", 5);
        var shown = await home.RunAsync("logs", "web", "--show-cursor", "-o", "json");
        var cursor = CursorOf(shown);
        await home.RunAsync("delete", "web", "-y");

        var gone = await home.RunAsync("logs", "--after-cursor", cursor);
        await home.PrintedAsync("web", 4);
        var again = await home.RunAsync("logs", "web", "--after-cursor", cursor, "--no-events");

        Assert.Equal(3, gone.ExitCode);
        Assert.Contains("this is a new log", again.Lines[0]);
        Assert.Equal(4, again.Lines.Length - 1);
    }

    private static string CursorOf(CommandResult shown) =>
        JsonDocument.Parse(shown.Lines[^1]).RootElement.GetProperty("cursor").GetString()!;
}
