using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Tspm.Integration.Tests;

/// <summary><c>ui</c> and <c>top</c> on a real terminal (tmux).</summary>
public sealed class FullScreenSpecs
{
    private const string Lines =
        "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo \"line $i\"; done; echo '\e[31mcannot bind: ERROR\e[0m\e[2J'; exec sleep 600";

    [Fact]
    public async Task The_view_shows_list_and_log_searches_and_gives_the_terminal_back()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await using var screen = await TmuxScreen.StartAsync(home, "$T ui");

        await screen.SeeAsync("cannot bind: ERROR");
        await screen.PressAsync("Tab", "g");
        await screen.SeeAsync("run 1 started");
        await screen.PressAsync("/");
        await screen.TypeAsync("line 250$");
        await screen.PressAsync("Enter");
        await screen.SeeAsync("seq 251");
        await screen.PressAsync("F");
        await screen.SeeAsync("following");
        await screen.PressAsync("?");
        await screen.SeeAsync("the oldest entry that is kept");
        await screen.PressAsync("Escape", "j");
        await screen.PressAsync("S");
        await screen.SeeAsync("stopped");
        await screen.PressAsync("q");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task The_view_goes_through_the_lives_of_daemons()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        for (var life = 0; life < 2; life++)
        {
            var restart = await home.RunAsync("daemon", "restart");
            Assert.True(restart.ExitCode == 0, restart.ToString());
        }

        await using var screen = await TmuxScreen.StartAsync(home, "$T ui");
        await screen.SeeAsync("cannot bind: ERROR");
        await screen.PressAsync("Tab", "g");
        await screen.SeeAsync("run 1 started");
        await screen.PressAsync("G");
        await screen.SeeAsync("a new tspm daemon took over");
        await screen.SeeAsync("line 300");
        await screen.PressAsync("q");
        await screen.EndsAsync(0);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    [InlineData("QUIT", 131)]
    [InlineData("", 130)]
    public async Task Every_way_out_leaves_the_terminal_as_it_was(string signal, int code)
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        foreach (var command in new[] { "ui", "top" })
        {
            await using var screen = await TmuxScreen.StartAsync(home, $"$T {command}");
            await screen.SeeAsync("web");
            if (signal.Length > 0)
            {
                await home.ShellAsync($"kill -{signal} {await screen.ChildAsync()}");
            }
            else
            {
                await screen.PressAsync("C-c");
            }

            await screen.EndsAsync(code);
        }
    }

    [Fact]
    public async Task Put_aside_and_brought_back_it_goes_on()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await using var screen = await TmuxScreen.StartAsync(home, "bash --norc --noprofile -i");
        await screen.SeeAsync("ready$");
        await screen.TypeAsync("$T ui\r");
        await screen.SeeAsync("following");

        await screen.PressAsync("C-z");
        await screen.SeeAsync("Stopped");
        await screen.TypeAsync("echo in-the-shell\r");
        await screen.SeeAsync("in-the-shell\n");
        await screen.TypeAsync("fg\r");
        await screen.SeeAsync("following");
        await screen.PressAsync("q");
        // What is typed before the shell has the terminal again would go to ui.
        await screen.SeeAsync("fg\n$T ui\nready$");
        await screen.TypeAsync("exit\r");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task When_the_terminal_goes_it_ends()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await using var screen = await TmuxScreen.StartAsync(home, "$T ui");
        await screen.SeeAsync("following");
        var pid = await screen.ChildAsync();

        await screen.KillAsync();

        await TspmHome.GoneAsync(pid);
    }

    [Fact]
    public async Task A_storm_of_sizes_ends_in_a_whole_picture()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await using var screen = await TmuxScreen.StartAsync(home, "$T ui");
        await screen.SeeAsync("following");

        for (var i = 0; i < 40; i++)
        {
            await screen.ResizeAsync(10 + (i * 37 % 190), 3 + (i * 13 % 50));
        }

        await screen.ResizeAsync(90, 20);
        await TspmHome.UntilAsync(
            async () => IsWhole(await screen.ReadAsync(), 90, 20),
            "a whole picture"
        );
        await screen.PressAsync("q");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task A_new_daemon_is_found_and_the_log_goes_on()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync(
            "web",
            "echo first; while [ ! -e go ]; do sleep 0.05; done; echo second; exec sleep 600"
        );
        await home.RunAsync("wait", "web", "--for", "log:/first/");
        await using var screen = await TmuxScreen.StartAsync(home, "$T ui");
        await screen.SeeAsync("first");

        TspmHome.Signal(await home.DaemonPidAsync(), 9);
        await screen.SeeAsync("reconnected to a new daemon");
        var directory = (await home.JsonAsync("describe", "web", "-o", "json"))
            .GetProperty("cwd")
            .GetString();
        var go = Path.Join(directory, "go");
        try
        {
            await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
            await screen.SeeAsync("second");
        }
        finally
        {
            File.Delete(go);
        }

        await screen.PressAsync("q");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task Without_a_terminal_or_on_a_dumb_one_it_says_what_to_use()
    {
        await using var home = new TspmHome();
        await StartAsync(home);

        var piped = await home.RunAsync("ui");
        var dumb = await Terminal.ShowAsync(home, 80, "TERM=dumb $T ui; echo code $?");
        var top = await Terminal.ShowAsync(home, 80, "TERM=dumb $T top; echo code $?");

        Assert.Equal(2, piped.ExitCode);
        Assert.Contains("tspm logs -f", piped.Errors, StringComparison.Ordinal);
        Assert.Contains("tspm logs -f", dumb, StringComparison.Ordinal);
        Assert.Contains("code 2", dumb, StringComparison.Ordinal);
        Assert.Contains("tspm top --once", top, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', piped.Errors + dumb + top);
    }

    [Theory]
    [InlineData("NO_COLOR=1", false)]
    [InlineData("NO_COLOR=", true)]
    [InlineData("NO_COLOR=1 FORCE_COLOR=1", false)]
    [InlineData("FORCE_COLOR=0", false)]
    public async Task Colour_is_there_unless_it_is_not_wanted(string variables, bool hasColor)
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await using var screen = await TmuxScreen.StartAsync(home, $"env {variables} $T ui");
        await screen.SeeAsync("cannot bind: ERROR");

        var colors = await screen.ReadColorsAsync();

        // 39 is the terminal's own colour.
        Assert.Equal(
            hasColor,
            Regex.IsMatch(colors, "\e\\[([0-9]+;)*(3[1-7]|9[0-7])m", RegexOptions.NonBacktracking)
        );
        await screen.PressAsync("q");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task Top_sorts_filters_and_prints_json()
    {
        await using var home = new TspmHome();
        await StartAsync(home);
        await home.StartShellAsync("other", "exec sleep 600");
        await using var screen = await TmuxScreen.StartAsync(home, "$T top --interval 200ms");
        await screen.SeeAsync("2 of 2 run");

        await screen.PressAsync("n");
        await screen.SeeAsync("other");
        await screen.PressAsync("/");
        await screen.TypeAsync("web");
        await screen.PressAsync("Enter");
        await screen.SeeAsync("filter: web");
        Assert.DoesNotContain("other", await screen.ReadAsync(), StringComparison.Ordinal);
        await screen.PressAsync("q");
        await screen.EndsAsync(0);

        var json = await home.JsonAsync("top", "--once", "--interval", "200ms", "-o", "json");
        Assert.Equal(2, json.GetArrayLength());
        Assert.True(json[0].GetProperty("memoryBytes").GetInt64() > 0);
        var table = await home.RunAsync("top", "--once", "--interval", "200ms", "--sort", "name");
        Assert.StartsWith("NAME", table.Lines[0], StringComparison.Ordinal);
        Assert.StartsWith("other", table.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Random_keys_break_nothing()
    {
        // 60 s when asked for.
        var limit = TimeSpan.FromSeconds(
            Environment.GetEnvironmentVariable("TSPM_LONG") == "1" ? 60 : 10
        );
        await using var home = new TspmHome();
        await StartAsync(home);
        await home.StartShellAsync(
            "flood",
            "while :; do echo \"noise $RANDOM ERROR \e[32mgreen\e[0m\"; sleep 0.001; done"
        );
        await using var screen = await TmuxScreen.StartAsync(home, "$T ui --read-only");
        await screen.SeeAsync("following");
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        string[] keys =
        [
            .. "jkgGFotwca123/n!&\\eE[]{}m'y?xrsSR:|".Select(letter => $"{letter}"),
            .. new[] { "Up", "Down", "PageUp", "PageDown", "Enter", "Tab", "Escape", "Space" },
            .. new[] { "C-u", "C-d", "C-l", "Home", "End", "Left", "Right", "BSpace" },
        ];
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < limit)
        {
            if (random.Next(12) == 0)
            {
                await screen.ResizeAsync(random.Next(30, 160), random.Next(8, 50));
            }

            await screen.PressAsync([
                .. Enumerable.Range(0, 12).Select(_ => keys[random.Next(keys.Length)]),
            ]);
        }

        await screen.ResizeAsync(100, 24);
        await screen.PressAsync("Escape", "Escape");
        await TspmHome.UntilAsync(
            async () => IsWhole(await screen.ReadAsync(), 100, 24),
            $"a whole picture after the keys of seed {seed}"
        );
        await screen.PressAsync("C-u", "Escape", "q");
        await screen.EndsAsync(0);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_follow_of_a_flood_at_once()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("flood", "exec yes 'a line of a flood'");
        await using var screen = await TmuxScreen.StartAsync(home, "$T logs flood -f");
        await screen.SeeAsync("a line of a flood");

        var watch = Stopwatch.StartNew();
        await screen.PressAsync("C-c");
        await screen.SeeAsync("code 130");

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
    }

    private static bool IsWhole(string screen, int width, int height)
    {
        var rows = screen.TrimEnd('\n').Split('\n');
        return rows.Length == height
            && rows[0].StartsWith('┌')
            && rows[0].EndsWith('┐')
            && rows[^1].StartsWith('└')
            && rows[^1].EndsWith('┘')
            && rows[0].EnumerateRunes().Count() == width;
    }

    private static async Task StartAsync(TspmHome home)
    {
        await home.StartShellAsync("web", Lines);
        var result = await home.RunAsync("wait", "web", "--for", "log:/cannot bind/");
        Assert.True(result.ExitCode == 0, result.ToString());
    }
}
