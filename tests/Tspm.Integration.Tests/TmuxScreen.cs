namespace Tspm.Integration.Tests;

/// <summary>A terminal of tmux in which a shell line runs: keys go in, the screen comes out.</summary>
internal sealed class TmuxScreen(TspmHome home, string socket) : IAsyncDisposable
{
    private const string After = "the-terminal-is-as-before";

    /// <summary>Starts a shell line in a terminal of this size. What the terminal's settings were is compared at its end.</summary>
    public static async Task<TmuxScreen> StartAsync(
        TspmHome home,
        string line,
        int width = 100,
        int height = 24
    )
    {
        Assert.SkipUnless(File.Exists("/usr/bin/tmux"), "tmux is not installed");
        var screen = new TmuxScreen(home, Path.Join(home.Root, "tmux.sock"));
        var whole =
            $"export LANG=C.UTF-8 PS1='ready$ ' PATH={Path.GetDirectoryName(TspmHome.Binary)}:$PATH; trap : INT; b=$(stty -g); {line}; echo \"code $?\"; [ \"$b\" = \"$(stty -g)\" ] && echo {After}; exec cat";
        await screen.RunAsync($"-f /dev/null new-session -d -x {width} -y {height} {Quote(whole)}");
        return screen;
    }

    /// <summary>What stands on the screen.</summary>
    public Task<string> ReadAsync() => RunAsync("capture-pane -p");

    /// <summary>The same with its colours as sequences.</summary>
    public Task<string> ReadColorsAsync() => RunAsync("capture-pane -p -e");

    /// <summary>Presses keys, by tmux's names.</summary>
    public Task PressAsync(params string[] keys) =>
        RunAsync($"send-keys {string.Join(' ', keys.Select(Quote))}");

    /// <summary>Sends bytes as they are.</summary>
    public Task TypeAsync(string text) => RunAsync($"send-keys -l -- {Quote(text)}");

    /// <summary>Gives the terminal another size.</summary>
    public Task ResizeAsync(int width, int height) =>
        RunAsync($"resize-window -x {width} -y {height}");

    /// <summary>The terminal goes away.</summary>
    public Task KillAsync() => RunAsync("kill-server");

    /// <summary>The pid of the newest child of the shell in it.</summary>
    public async Task<int> ChildAsync() =>
        int.Parse(
            await RunAsync("display-message -p '#{pane_pid}'", "| xargs pgrep -n -P "),
            System.Globalization.CultureInfo.InvariantCulture
        );

    /// <summary>Waits for a text on the screen.</summary>
    public async Task<string> SeeAsync(string text)
    {
        var screen = "";
        try
        {
            await TspmHome.UntilAsync(
                async () => (screen = await ReadAsync()).Contains(text, StringComparison.Ordinal),
                text
            );
        }
        catch (Exception late) when (late is not OperationCanceledException)
        {
            throw new InvalidOperationException($"not seen: {text}; the screen:\n{screen}", late);
        }

        return screen;
    }

    /// <summary>Waits for the end of the command, and checks that it has left the terminal as it was.</summary>
    public async Task EndsAsync(int code)
    {
        var screen = await SeeAsync(After);
        var flags = await RunAsync(
            "display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag}'"
        );
        Assert.Contains($"code {code}", screen, StringComparison.Ordinal);
        Assert.Equal("0 1 1 0", flags.Trim());
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(socket))
        {
            await home.ShellAsync($"tmux -S {socket} kill-server");
            File.Delete(socket);
        }
    }

    private async Task<string> RunAsync(string command, string more = "")
    {
        var result = await home.ShellAsync($"tmux -S {socket} {command} {more}");
        Assert.True(result.ExitCode == 0, $"{command}\n{result}");
        return result.Output;
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''")}'";
}
