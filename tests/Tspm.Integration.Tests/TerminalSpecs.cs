using System.Text.RegularExpressions;

namespace Tspm.Integration.Tests;

/// <summary>What the binary does on a terminal, and what it does not do anywhere else.</summary>
public sealed class TerminalSpecs
{
    private const string Lines =
        "echo '{\"level\":50,\"msg\":\"cannot bind\",\"port\":3000}'; echo 'ERROR at /srv/app.js:12'; for i in 1 2 3 4 5; do echo \"  at f$i\"; done; exec sleep 600";

    [Fact]
    public async Task Logs_are_coloured_on_a_terminal_and_nowhere_else()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var shown = await Terminal.ShowAsync(home, 100, "TERM=xterm $T logs web --no-events");
        var bare = await Terminal.ShowAsync(
            home,
            100,
            "TERM=xterm $T logs web --no-events --no-highlight"
        );
        var piped = await home.RunAsync("logs", "web", "--no-events");

        Assert.Contains("\e[1;31mERROR\e[m", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', bare);
        Assert.DoesNotContain('\e', piped.Output);
        Assert.Equal(Strip(shown), piped.Output);
    }

    [Theory]
    [InlineData("NO_COLOR=1 TERM=xterm", false)]
    [InlineData("NO_COLOR=1 FORCE_COLOR=1 TERM=xterm", false)]
    [InlineData("TERM=dumb", false)]
    [InlineData("TERM=dumb FORCE_COLOR=1", true)]
    [InlineData("TERM=xterm", true)]
    [InlineData("TERM=xterm FORCE_COLOR=0", false)]
    public async Task The_environment_decides_about_colour(string variables, bool isColored)
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var shown = await Terminal.ShowAsync(
            home,
            80,
            $"env {variables} $T logs web; env {variables} $T list"
        );

        Assert.Equal(isColored, shown.Contains('\e', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hyperlinks_are_made_only_where_the_terminal_has_them()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var kitty = await Terminal.ShowAsync(home, 80, "TERM=xterm-kitty $T logs web");
        var plain = await Terminal.ShowAsync(home, 80, "TERM=xterm $T logs web");

        Assert.Contains("\e]8;;file://", kitty, StringComparison.Ordinal);
        Assert.DoesNotContain("\e]8", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_traces_and_width_follow_their_options()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var pretty = await home.RunAsync("logs", "web", "--no-events", "--pretty", "--fold");
        var errors = await home.RunAsync(
            "logs",
            "web",
            "--no-events",
            "--field",
            "level=error",
            "--select",
            "port,msg"
        );
        var cut = await Terminal.ShowAsync(
            home,
            20,
            "TERM=xterm $T logs web --no-events --no-wrap"
        );
        var refused = await home.RunAsync("logs", "web", "-o", "json", "--pretty");

        Assert.Equal(
            [
                "ERROR cannot bind port=3000",
                "ERROR at /srv/app.js:12",
                "  at f1",
                "  at f2",
                "    … 3 more lines",
            ],
            pretty.Lines
        );
        Assert.Equal(["3000 cannot bind"], errors.Lines);
        Assert.All(Strip(cut).Split('\n'), row => Assert.True(row.Length <= 20, row));
        Assert.Equal(2, refused.ExitCode);
    }

    [Fact]
    public async Task A_line_longer_than_an_entry_is_cut_to_one_row()
    {
        await using var home = new TspmHome();
        _ = await home.RunAsync(
            "start",
            "--name",
            "long",
            "--restart",
            "never",
            "--",
            "sh",
            "-c",
            "head -c 200000 /dev/zero | tr '\\0' x; echo; echo after; exec sleep 600"
        );
        _ = await home.RunAsync("wait", "long", "--for", "log:/after/");

        var cut = await Terminal.ShowAsync(
            home,
            20,
            "TERM=xterm $T logs long --no-events --no-wrap"
        );

        Assert.Equal([new string('x', 19) + "…", "after", ""], Strip(cut).Split('\n'));
    }

    [Fact]
    public async Task Long_history_goes_through_the_pager_and_a_follow_does_not()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var paged = await Terminal.ShowAsync(
            home,
            80,
            "export TERM=xterm PAGER='sed s/^/PAGED/'; $T logs web -n all"
        );
        var direct = await Terminal.ShowAsync(
            home,
            80,
            "export TERM=xterm PAGER='sed s/^/PAGED/'; $T logs web -n all --no-pager; $T logs web; timeout 2 $T logs web -f -n all"
        );
        var quit = await Terminal.ShowAsync(
            home,
            80,
            "export TERM=xterm PAGER='head -1'; $T logs web -n all >/dev/tty; echo code $?"
        );

        Assert.Contains("PAGED", paged, StringComparison.Ordinal);
        Assert.DoesNotContain("PAGED", direct, StringComparison.Ordinal);
        Assert.Contains("code 0", quit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_stop_shows_what_it_waits_for_and_takes_it_away()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync(
            "web",
            "trap '' TERM; echo ready; while true; do sleep 0.1; done"
        );
        await home.RunAsync("wait", "web", "--for", "log:/ready/");

        var shown = await Terminal.ShowAsync(home, 80, "TERM=xterm $T stop web --timeout 1s");
        var quiet = await home.RunAsync("start", "web");

        Assert.Matches(
            new Regex(
                "stopping web … [0-9a-z.]+ of 1s, SIGTERM sent",
                RegexOptions.NonBacktracking
            ),
            shown
        );
        Assert.EndsWith("\e[Jweb stopped\n", shown, StringComparison.Ordinal);
        Assert.Equal("", quiet.Errors);
    }

    [Fact]
    public async Task What_takes_long_has_a_row_for_each_target_and_none_outside_a_terminal()
    {
        await using var home = new TspmHome();
        const string stubborn = "trap '' TERM; echo up; while true; do sleep 0.1; done";
        foreach (var name in new[] { "api", "web" })
        {
            await home.RunAsync("start", "--name", name, "--stop-timeout", "1s", stubborn);
            await home.RunAsync("wait", name, "--for", "log:/up/");
        }

        var waited = await Terminal.ShowAsync(
            home,
            80,
            "TERM=xterm $T start --name slow --ready tcp:127.0.0.1:1 --wait --wait-timeout 1s -- sleep 600; echo code $?"
        );
        var piped = await home.ShellAsync("TERM=xterm $T restart api 2>&1 | cat");
        var restarted = await Terminal.ShowAsync(home, 80, "TERM=xterm $T restart api web");
        var dumb = await Terminal.ShowAsync(home, 80, "TERM=dumb $T restart web");
        var stopped = await Terminal.ShowAsync(home, 80, "TERM=xterm $T shutdown -y");

        Assert.Contains(
            "\rslow runs and is not ready … 0s of 1s\e[K",
            waited,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "\r\e[Jtspm: not ready within 1s: slow (running)\ncode 7\n",
            waited,
            StringComparison.Ordinal
        );
        Assert.Matches(Started("^", "api", "\n$"), piped.Output);
        Assert.Contains(
            "\rstopping api … 0s of 1s, SIGTERM sent\e[K\r\nstopping web … 0s of 1s, SIGTERM sent\e[K\e[J",
            restarted,
            StringComparison.Ordinal
        );
        Assert.Matches(Started("\e\\[J", "api", "\nweb started .*\n$"), restarted);
        Assert.Matches(Started("^", "web", "\n$"), dumb);
        Assert.Contains(
            "\e[K\r\nstopping web … 0s of 1s, SIGTERM sent\e[K",
            stopped,
            StringComparison.Ordinal
        );
        Assert.EndsWith("tspm is shut down\n", stopped, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_for_daemon_and_keeper_shows_it_against_its_limit()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        var rows = new (string Command, string Row)[]
        {
            ("daemon restart", "waiting for the new daemon … [0-9]s of 10s\n"),
            ("daemon upgrade", "replacing the daemon … [0-9a-z]+ of 2m00s\n"),
        };
        foreach (var (command, row) in rows)
        {
            var keeper = await home.KeeperPidAsync();
            TspmHome.Signal(keeper, 19);
            try
            {
                await using var screen = await TmuxScreen.StartAsync(home, $"$T {command}");
                Assert.Matches(
                    new Regex($"^{row}", RegexOptions.NonBacktracking),
                    await screen.SeeAsync("s of ")
                );
                TspmHome.Signal(keeper, 18);
                await screen.EndsAsync(0);
                Assert.DoesNotContain("s of ", await screen.ReadAsync(), StringComparison.Ordinal);
            }
            finally
            {
                TspmHome.Signal(keeper, 18);
            }
        }
    }

    [Fact]
    public async Task A_slow_export_tells_how_far_it_is_and_takes_that_away()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync(
            "web",
            "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo \"line $i\"; done; echo all; exec sleep 600"
        );
        await home.RunAsync("wait", "web", "--for", "log:/all/");
        var go = Path.Join(home.Root, "go");
        var reader = $"(while [ ! -e {go} ]; do sleep 0.05; done; wc -l)";
        await using var screen = await TmuxScreen.StartAsync(
            home,
            $"$T logs export web --no-events | {reader}"
        );

        // Nobody reads yet: it waits with what the pipe has taken.
        var waiting = await screen.SeeAsync("exporting");
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await screen.EndsAsync(0);
        var ended = await screen.ReadAsync();

        Assert.Matches(
            new Regex(
                "^exporting to stdout … [0-9a-z]+, [1-9][0-9]* entries\n",
                RegexOptions.NonBacktracking
            ),
            waiting
        );
        Assert.StartsWith("40001\ncode 0\n", ended, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_wants_to_move_the_cursor_is_refused_harmlessly()
    {
        await using var home = new TspmHome();

        var refused = await home.ShellAsync(
            "$T start --name \"$(printf '\\033[2J\\342\\200\\256x')\" -- true"
        );

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("<U+202E>x", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Errors, letter => letter is '\e' or '\u202e');
    }

    [Fact]
    public async Task A_list_has_pictures_on_a_terminal_that_can_show_them()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var shown = await Terminal.ShowAsync(home, 100, "LC_ALL=C.UTF-8 TERM=xterm $T list");
        var plain = await Terminal.ShowAsync(home, 100, "LC_ALL=C TERM=xterm $T list");
        var piped = await home.RunAsync("list");
        var strip = await home.ShellAsync(
            "LC_ALL=C.UTF-8 $T restart web; LC_ALL=C.UTF-8 $T describe web"
        );

        Assert.Contains("  LOG/S  LAST 60s\n", shown, StringComparison.Ordinal);
        Assert.Matches(new Regex("[·▁-█]{8}", RegexOptions.NonBacktracking), shown);
        Assert.EndsWith("  LOG/S", plain.Split('\n')[0], StringComparison.Ordinal);
        Assert.EndsWith("  LOG/S", piped.Lines[0], StringComparison.Ordinal);
        Assert.Contains("\nlast runs  ■▶\n", strip.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_fits_any_terminal_and_watch_gives_it_back()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var narrow = await Terminal.ShowAsync(home, 20, "NO_COLOR=1 TERM=xterm $T list");
        var watched = await Terminal.ShowAsync(
            home,
            80,
            "TERM=xterm timeout -s INT 2 $T list -w 100ms; echo code $?"
        );
        var named = await home.RunAsync("list", "--format", "{ns}/{name} {status}");
        var wide = await home.RunAsync("list", "-o", "wide");
        var lines = await home.RunAsync("list", "-o", "jsonl");

        Assert.All(narrow.Split('\n'), row => Assert.True(row.Length <= 20, row));
        Assert.StartsWith("\e[?1049h\e[?25l", watched, StringComparison.Ordinal);
        Assert.Contains("\e[?25h\e[?1049l", watched, StringComparison.Ordinal);
        Assert.Equal("default/web running\n", named.Output);
        Assert.Contains("COMMAND", wide.Output, StringComparison.Ordinal);
        Assert.Single(lines.Lines);
    }

    private static async Task StartAsync(TspmHome home)
    {
        await home.StartShellAsync("web", Lines);
        var result = await home.RunAsync("wait", "web", "--for", "log:/at f5/");
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private static Regex Started(string before, string name, string after) =>
        new(
            $"{before}{name} started \\(id [0-9]+, pid [0-9]+, run [0-9]+\\){after}",
            RegexOptions.NonBacktracking
        );

    private static string Strip(string text) =>
        Regex.Replace(text, "\e\\[[0-9;]*m", "", RegexOptions.NonBacktracking);
}
