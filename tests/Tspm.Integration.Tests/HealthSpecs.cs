using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>doctor, bug-report, versions, settings, codes of errors.</summary>
public sealed class HealthSpecs
{
    [Fact]
    public async Task Doctor_finds_an_open_home_and_mends_it()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");
        File.SetUnixFileMode(home.Root, (UnixFileMode)0x1ED); // 0755

        var found = await home.RunAsync("doctor", "-o", "json");
        var mended = await home.RunAsync("doctor", "--fix", "-o", "json");

        Assert.Equal(1, found.ExitCode);
        var check = Check(found, "home");
        Assert.Equal("fault", check.GetProperty("verdict").GetString());
        Assert.Contains(
            "chmod 700",
            check.GetProperty("remedy").GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal("ok", Check(mended, "home").GetProperty("verdict").GetString());
        Assert.Contains(
            "pid",
            Check(mended, "daemon").GetProperty("found").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Doctor_and_version_start_nothing()
    {
        await using var home = new TspmHome();

        var doctor = await home.RunAsync("doctor");
        var version = await home.JsonAsync("--version", "-o", "json");

        Assert.Contains("kernel", doctor.Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, version.GetProperty("daemon").ValueKind);
        Assert.False(Directory.Exists(home.Root));
    }

    [Fact]
    public async Task Version_tells_of_the_daemon_that_runs()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");

        var version = await home.JsonAsync("--version", "--json");

        Assert.Equal(
            version.GetProperty("build").GetString(),
            version.GetProperty("daemon").GetProperty("build").GetString()
        );
    }

    [Fact]
    public async Task A_bug_report_holds_no_secret_and_is_for_its_owner_alone()
    {
        await using var home = new TspmHome();
        const string canary = "c4n4ry-value";
        await home.ShellAsync(
            $"SECRET_TOKEN={canary} $T start --name web -e API_KEY={canary} -- sh -c 'echo {canary}; exec sleep 600' --password={canary}"
        );
        var directory = Path.Join(home.Root, "report");

        var result = await home.RunAsync("bug-report", "--file", directory);

        Assert.True(result.ExitCode == 0, result.ToString());
        var files = Directory.GetFiles(directory);
        Assert.True(files.Length >= 5, string.Join(' ', files));
        Assert.All(
            files,
            file =>
            {
                Assert.DoesNotContain(canary, File.ReadAllText(file), StringComparison.Ordinal);
                Assert.DoesNotContain(home.Root, File.ReadAllText(file), StringComparison.Ordinal);
                Assert.Equal(
                    UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(file)
                );
            }
        );
        Assert.Equal(6, (await home.RunAsync("bug-report", "--file", directory)).ExitCode);
    }

    [Fact]
    public async Task Settings_give_defaults_and_the_command_line_wins()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo one; echo two; echo three; exec sleep 600");
        await home.RunAsync("wait", "web", "--for", "log:/three/");
        var config = Directory.CreateDirectory(Path.Join(home.Root, "config", "tspm"));
        await File.WriteAllTextAsync(
            Path.Join(config.FullName, "config.yaml"),
            "tail: 1\nno-events: true\nsort: -name\n",
            TestContext.Current.CancellationToken
        );
        var environment = $"export XDG_CONFIG_HOME={Path.Join(home.Root, "config")};";

        var short_ = await home.ShellAsync($"{environment} $T logs web");
        var longer = await home.ShellAsync($"{environment} $T logs web -n 2");
        await File.WriteAllTextAsync(
            Path.Join(config.FullName, "config.yaml"),
            "color: never\ntial: 1\n",
            TestContext.Current.CancellationToken
        );
        var wrong = await home.ShellAsync($"{environment} $T logs web");
        var helps = await home.ShellAsync($"{environment} $T help logs; $T doctor -o json");

        Assert.Equal(["three"], short_.Lines);
        Assert.Equal(["two", "three"], longer.Lines);
        Assert.Equal(8, wrong.ExitCode);
        Assert.Contains("config.yaml:2:1: ", wrong.Errors, StringComparison.Ordinal);
        Assert.Contains("did you mean: tail", wrong.Errors, StringComparison.Ordinal);
        Assert.Contains("tial", helps.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_has_its_code_in_json_and_with_v()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");

        var json = await home.RunAsync("stop", "nothing", "--json");
        var plain = await home.RunAsync("stop", "nothing");
        var verbose = await home.RunAsync("stop", "nothing", "-v");

        var error = JsonDocument.Parse(json.Errors).RootElement;
        Assert.Equal("TSPM3001", error.GetProperty("code").GetString());
        Assert.Equal("not-found", error.GetProperty("reason").GetString());
        Assert.DoesNotContain("TSPM", plain.Errors, StringComparison.Ordinal);
        Assert.Contains("[TSPM3001]", verbose.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "$T --version")]
    [InlineData(1, "$T start -- /no/such/program")]
    [InlineData(1, "$T list > /dev/full")]
    [InlineData(2, "$T frobnicate")]
    [InlineData(3, "$T describe nothing")]
    [InlineData(4, "$T list --no-autostart --home /tmp/no-such-home-of-tspm")]
    [InlineData(6, "$T start --name a -- sleep 600 && $T start --name a -- sleep 600")]
    [InlineData(7, "$T start --name a -- sleep 600 && $T wait a --for stopped --timeout 100ms")]
    [InlineData(
        8,
        "mkdir -p $TSPM_HOME-c/tspm && echo nonsense > $TSPM_HOME-c/tspm/config.yaml && XDG_CONFIG_HOME=$TSPM_HOME-c $T list; c=$?; rm -r $TSPM_HOME-c; exit $c"
    )]
    [InlineData(
        141,
        "set -o pipefail; $T start --name a -- yes >/dev/null; $T logs a -f | head -1 >/dev/null"
    )]
    public async Task Each_exit_code_comes_when_it_should(int code, string line)
    {
        await using var home = new TspmHome();

        var result = await home.ShellAsync(line);

        Assert.True(result.ExitCode == code, result.ToString());
    }

    [Fact]
    public async Task Outputs_that_are_closed_end_a_command_without_a_trace()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");

        var noOutput = await home.ShellAsync("$T list >&-; echo $?");
        var noErrors = await home.ShellAsync("$T stop nothing 2>&-; echo $?");

        Assert.Equal("1", noOutput.Lines[^1]);
        Assert.DoesNotContain("   at ", noOutput.Errors, StringComparison.Ordinal);
        Assert.Equal("3", noErrors.Lines[^1]);
    }

    private static JsonElement Check(CommandResult result, string name) =>
        JsonDocument
            .Parse(result.Output)
            .RootElement.GetProperty("checks")
            .EnumerateArray()
            .Single(check => check.GetProperty("name").GetString() == name);
}
