using System.Diagnostics;

namespace Tspm.Integration.Tests;

/// <summary>startup and unstartup with systemctl, loginctl and crontab of a test, which write down what they are asked.</summary>
public sealed class StartupSpecs
{
    private const string Analyze = "/usr/bin/systemd-analyze";
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public async Task The_unit_is_installed_once_and_removed()
    {
        await using var home = new TspmHome();
        var place = new Place(home);
        place.Add("systemctl", "exit 0");
        place.Add("loginctl", "echo no");

        var first = await home.RunAsync("startup");
        var asked = place.TakeAsked();
        var second = await home.RunAsync("startup");
        place.TakeAsked();
        var status = await home.RunAsync("daemon", "start");
        var removed = await home.RunAsync("unstartup");
        var again = await home.RunAsync("unstartup");

        Assert.True(first.ExitCode == 0, first.ToString());
        var unit = Path.GetFileName(place.UnitPath);
        Assert.Equal(
            [
                "systemctl|--user|show-environment",
                "systemctl|--user|daemon-reload",
                $"systemctl|--user|enable|{unit}",
                $"systemctl|--user|start|{unit}",
                $"loginctl|show-user|{Environment.UserName}|--property=Linger|--value",
            ],
            asked
        );
        Assert.Contains("loginctl enable-linger", first.Errors);
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Contains("installed already", second.Output);
        Assert.Contains($"startup  by the systemd user unit {unit}", status.Output);
        Assert.True(removed.ExitCode == 0, removed.ToString());
        Assert.Empty(Directory.GetFiles(place.UnitDirectory));
        Assert.Contains("not installed", again.Output);
    }

    [Fact]
    public async Task Lingering_is_enabled_only_if_it_is_asked_for()
    {
        await using var home = new TspmHome();
        var place = new Place(home);
        place.Add("systemctl", "exit 0");
        place.Add("loginctl", "exit 0");

        var result = await home.RunAsync("startup", "--system-linger");

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains($"loginctl|enable-linger|{Environment.UserName}", place.TakeAsked());
    }

    [Fact]
    public async Task Without_systemd_nothing_is_changed_and_cron_is_offered()
    {
        await using var home = new TspmHome();
        var place = new Place(home);

        var none = await home.RunAsync("startup");
        place.Add("systemctl", "echo 'Failed to connect to bus' >&2; exit 1");
        var refused = await home.RunAsync("startup");

        Assert.Equal(1, none.ExitCode);
        Assert.Contains("there is no systemctl", none.Errors);
        Assert.Contains("startup --cron", none.Errors);
        Assert.Contains("@reboot ", none.Errors);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Failed to connect to bus", refused.Errors);
        Assert.False(Directory.Exists(place.UnitDirectory));
    }

    [Fact]
    public async Task A_unit_that_cannot_be_enabled_is_not_left_behind()
    {
        await using var home = new TspmHome();
        var place = new Place(home);
        place.Add("systemctl", "[ \"$2\" != enable ] || { echo no way >&2; exit 1; }");

        var refused = await home.RunAsync("startup");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("no way", refused.Errors);
        Assert.Empty(Directory.GetFiles(place.UnitDirectory));
    }

    [Fact]
    public async Task The_cron_line_is_added_once_beside_others_and_removed()
    {
        await using var home = new TspmHome();
        var place = new Place(home);
        var table = Path.Join(home.Root, "table");
        await File.WriteAllTextAsync(table, "5 4 * * * other\n", Token);
        place.Add(
            "crontab",
            $"if [ \"$1\" = -l ]; then cat {table}; else cat > {table}.new && mv {table}.new {table}; fi"
        );

        var first = await home.RunAsync("startup", "--cron");
        var second = await home.RunAsync("startup", "--cron");
        var with = await File.ReadAllLinesAsync(table, Token);
        var removed = await home.RunAsync("unstartup");

        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Contains("installed already", second.Output);
        Assert.Equal(2, with.Length);
        Assert.Equal("5 4 * * * other", with[0]);
        Assert.StartsWith("@reboot '", with[1]);
        Assert.Contains($"--home' '{home.Root}' '--resurrect'", with[1]);
        Assert.True(removed.ExitCode == 0, removed.ToString());
        Assert.Equal("5 4 * * * other\n", await File.ReadAllTextAsync(table, Token));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("with blank and 100%h $HOME 'quoted' \"twice\" back\\slash ;é")]
    public async Task The_unit_passes_systemd_analyze_and_names_the_home(string name)
    {
        Assert.SkipUnless(File.Exists(Analyze), "systemd-analyze is not installed");
        await using var home = new TspmHome();
        var path = Path.Join(home.Root, name);

        var printed = await home.RunAsync("startup", "--print", "--home", path);

        Assert.True(printed.ExitCode == 0, printed.ToString());
        var unit = Path.Join(Path.GetTempPath(), $"tspm-{Guid.NewGuid():N}.service");
        await File.WriteAllTextAsync(unit, printed.Output, Token);
        using var verify = Process.Start(
            new ProcessStartInfo(Analyze, ["--user", "verify", unit])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                Environment = { ["XDG_RUNTIME_DIR"] = Path.GetTempPath() },
            }
        )!;
        var complaints = await verify.StandardError.ReadToEndAsync(Token);
        await verify.WaitForExitAsync(Token);
        File.Delete(unit);
        Assert.True(verify.ExitCode == 0, complaints + printed.Output);
        Assert.DoesNotContain(Path.GetFileName(unit), complaints);
        Assert.False(Directory.Exists(path));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A PATH with the tools of one test.</summary>
    private sealed class Place
    {
        private readonly string _tools;
        private readonly string _asked;

        public Place(TspmHome home)
        {
            Directory.CreateDirectory(
                home.Root,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
            _tools = Directory.CreateDirectory(Path.Join(home.Root, "tools")).FullName;
            _asked = Path.Join(home.Root, "asked");
            UnitDirectory = Path.Join(home.Root, "config", "systemd", "user");
            home.Variables["PATH"] = _tools;
            home.Variables["XDG_CONFIG_HOME"] = Path.Join(home.Root, "config");
            foreach (var tool in new[] { "cat", "mv" })
            {
                File.CreateSymbolicLink(Path.Join(_tools, tool), $"/bin/{tool}");
            }
        }

        public string UnitDirectory { get; }

        public string UnitPath =>
            Directory.GetFiles(UnitDirectory, "*.service").FirstOrDefault() ?? _lastUnit;

        private string _lastUnit = "";

        public void Add(string tool, string body)
        {
            var path = Path.Join(_tools, tool);
            File.WriteAllText(
                path,
                $"#!/bin/sh\nline={tool}; for word; do line=\"$line|$word\"; done\necho \"$line\" >> {_asked}\n{body}\n"
            );
            File.SetUnixFileMode(path, Executable);
        }

        /// <summary>What was asked since the last time, a word between bars.</summary>
        public string[] TakeAsked()
        {
            _lastUnit = UnitPath;
            var lines = File.Exists(_asked) ? File.ReadAllLines(_asked) : [];
            File.Delete(_asked);
            return lines;
        }
    }
}
