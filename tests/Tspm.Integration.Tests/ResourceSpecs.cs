using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>What programs use, what they may use, what they are started with, and who is told: on real programs.</summary>
public sealed class ResourceSpecs : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly TspmHome _home = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Samples_are_of_the_whole_tree_and_have_a_history()
    {
        await _home.StartShellAsync("web", "sleep 600 & sleep 600 & echo up; wait");
        await using var client = await _home.ConnectAsync();
        var request = new SamplesRequest { Points = 60, Details = true };

        await TspmHome.UntilAsync(
            async () =>
                (await client.GetSamplesAsync(request, Ct)).Processes
                    is [{ Latest: { } latest } one]
                && latest is { Programs: 3, Threads: 3, OpenFiles: >= 9, PssBytes: > 0 }
                && latest.PssBytes <= latest.MemoryBytes
                && one.Memory!.Count(part => part > 0) >= 2,
            "two samples of three programs"
        );

        var list = await _home.JsonAsync("list", "--json");
        Assert.Equal(3, list[0].GetProperty("use").GetProperty("programs").GetInt32());
        var wrong = await Assert.ThrowsAsync<Tspm.Client.TspmException>(() =>
            client.GetSamplesAsync(new SamplesRequest { Points = 301 }, Ct)
        );
        Assert.Contains("301 points are not within 0 to 300", wrong.Message);
    }

    [Fact]
    public async Task A_tree_over_its_memory_limit_is_restarted_and_the_log_tells_why()
    {
        await _home.RunAsync(
            "start",
            "--name",
            "hog",
            "--max-memory",
            "200M",
            "--",
            TspmHome.KidPath,
            "grow",
            "400",
            "sleep"
        );

        await TspmHome.UntilAsync(
            async () =>
                (await _home.JsonAsync("list", "--json"))[0].GetProperty("restarts").GetInt32() > 0,
            "a restart by the limit"
        );

        var log = await _home.RunAsync("logs", "hog");
        Assert.Matches(
            "run 1 is over a limit: memory [0-9.]+M of 1 program is over the limit 200M",
            log.Output
        );
        Assert.Contains("run 1 is being stopped by limit", log.Output);
        var off = await _home.RunAsync("set", "hog", "max-memory=");
        Assert.Equal(0, off.ExitCode);
    }

    [Fact]
    public async Task Limits_of_the_kernel_hold_from_the_first_instruction_in_the_same_process()
    {
        var started = await _home.ShellAsync(
            "$T start --name lim --limit nofile=100:200 --limit core=0 --nice 5 --oom-score 300 --umask 027 --no-new-privs -- "
                + "sh -c 'echo $(ulimit -n) $(ulimit -Hn) $(ulimit -c) $(nice) $(cat /proc/self/oom_score_adj) $(umask) $$; "
                + "grep -E \"^(NoNewPrivs|SigIgn|SigBlk)\" /proc/self/status; exec sleep 600'"
        );
        Assert.True(started.ExitCode == 0, started.ToString());
        await _home.RunAsync("wait", "lim", "--for", "log:/NoNewPrivs/");

        var process = await _home.JsonAsync("describe", "lim", "--json");
        var pid = process.GetProperty("pid").GetInt32();
        var lines = (await _home.RunAsync("logs", "lim", "--no-events")).Output;

        Assert.Contains($"100 200 0 5 300 0027 {pid}\n", lines);
        Assert.Contains("SigIgn:\t0000000000000000", lines);
        Assert.Contains("SigBlk:\t0000000000000000", lines);
        Assert.Contains("NoNewPrivs:\t1", lines);
        Assert.Equal("sh", process.GetProperty("command")[0].GetString());
        await TspmHome.UntilAsync(
            async () =>
                (await File.ReadAllTextAsync($"/proc/{pid}/cmdline", Ct)).StartsWith(
                    "sleep",
                    StringComparison.Ordinal
                ),
            "the program's own argv"
        );
    }

    [Fact]
    public async Task What_exec_cannot_do_is_a_failed_start_that_says_what_is_wrong()
    {
        var missing = await _home.RunAsync("start", "--nice", "1", "--", "no-such-program");
        var wrongLimit = await _home.RunAsync("start", "--limit", "nofile=2", "--", "true");
        var wrongNice = await _home.RunAsync("start", "--nice", "20", "--", "true");

        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("no-such-program: not found in PATH", missing.Errors);
        Assert.Equal(2, wrongLimit.ExitCode);
        Assert.Contains("\"2\" is not within 3 to 1048576, or unlimited", wrongLimit.Errors);
        Assert.Contains("\"20\" is not a whole number from -20 to 19", wrongNice.Errors);
        Assert.Empty((await _home.JsonAsync("list", "--json")).EnumerateArray());
    }

    [Fact]
    public async Task A_limit_that_the_kernel_refuses_is_a_failed_start_with_the_hard_limit()
    {
        const int mayRaise = 24;
        var caps = (await File.ReadAllLinesAsync("/proc/self/status", Ct)).First(line =>
            line.StartsWith("CapEff", StringComparison.Ordinal)
        );
        var bits = ulong.Parse(
            caps[7..].Trim(),
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture
        );
        Assert.SkipWhen((bits >> mayRaise & 1) == 1, "CAP_SYS_RESOURCE: nothing is refused");

        var refused = await _home.ShellAsync(
            "ulimit -n 500; $T start --name x --limit nofile=600 -- true"
        );

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            "limit nofile=600:600: Operation not permitted; the hard limit here is 500",
            refused.Errors
        );
    }

    [Fact]
    public async Task Secrets_are_masked_everywhere_and_shown_only_on_demand()
    {
        await _home.ShellAsync(
            "API_TOKEN=abcdef0123 $T start --name sec -e DB_PASSWORD=hunter2hunter2 -- sh -c 'exec sleep 600' sh --api-key=s3cr3ts3cr3t"
        );
        string[] secrets = ["abcdef0123", "hunter2hunter2", "s3cr3ts3cr3t"];

        string[][] commands =
        [
            ["list", "-o", "wide"],
            ["list", "--json"],
            ["describe", "sec"],
            ["describe", "sec", "--json"],
            ["env", "sec"],
            ["env", "sec", "--json"],
            ["logs", "sec", "--json"],
            ["why", "sec", "--json"],
        ];
        foreach (var command in commands)
        {
            var shown = await _home.RunAsync(command);
            Assert.DoesNotContain(secrets, secret => shown.ToString().Contains(secret));
        }

        var refused = await _home.RunAsync("env", "sec", "--show-secrets");
        var open = await _home.RunAsync("env", "sec", "--show-secrets", "--yes");
        var report = Path.Join(_home.Root, "report");
        await _home.RunAsync("bug-report", "--file", report);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("API_TOKEN=abcdef0123\n", open.Output);
        Assert.Contains("DB_PASSWORD=hunter2hunter2\n", open.Output);
        var files = Directory.Exists(report)
            ? Directory.EnumerateFiles(report, "*", SearchOption.AllDirectories)
            : [report];
        Assert.All(
            files,
            file =>
                Assert.DoesNotContain(secrets, secret => File.ReadAllText(file).Contains(secret))
        );
    }

    [Fact]
    public async Task A_secret_that_is_named_is_masked_in_variables_arguments_events_and_errors()
    {
        await _home.ShellAsync(
            "$T start --name sec --secret PLAIN,plain-thing --restart never -e PLAIN=blue-canary-77 -- sh -c 'echo up; exit 3' sh --plain-thing yellow-canary-78 /srv/blue-canary-77"
        );
        await _home.EndedAsync("sec");
        await _home.RunAsync("set", "sec", "health=exec:probe blue-canary-77");
        var commands = new[]
        {
            "describe sec",
            "describe sec --json",
            "list --json",
            "env sec",
            "logs sec --json",
            "events --json",
            "why sec --json",
        };
        foreach (var command in commands)
        {
            var shown = (await _home.RunAsync(command.Split(' '))).ToString();
            Assert.DoesNotContain("canary", shown);
        }

        var described = await _home.RunAsync("describe", "sec");
        Assert.Contains("PLAIN=••••(16)", described.Output);
        Assert.Contains("--plain-thing ••••(16)", described.Output.Replace("'", ""));
        Assert.Contains("ps shows it", described.Output);
        Assert.Contains("secrets       PLAIN, plain-thing", described.Output);
        var open = await _home.RunAsync("describe", "sec", "--show-secrets", "--yes");
        Assert.Contains("blue-canary-77", open.Output);
        Assert.Contains("yellow-canary-78", open.Output);
    }

    [Fact]
    public async Task What_is_redacted_is_seen_by_no_reader_and_no_filter_and_stays_on_disk()
    {
        await _home.RunAsync(
            "start",
            "--name",
            "red",
            "--redact",
            "card=(?<secret>\\d+)",
            "--restart",
            "never",
            "--",
            "sh",
            "-c",
            "echo pay card=47''11 by someone@''example.org; echo other; exit 3"
        );
        await _home.EndedAsync("red");
        string[][] readers =
        [
            ["logs", "red"],
            ["logs", "red", "--json"],
            ["logs", "red", "-f", "--until-exit"],
            ["logs", "red", "-r"],
            ["logs", "red", "-o", "raw"],
            ["logs", "red", "-g", "other", "-C", "1"],
            ["logs", "red", "--offline"],
            ["why", "red"],
        ];
        foreach (var reader in readers)
        {
            var shown = (await _home.RunAsync(reader)).ToString();
            Assert.Contains("card=****", shown);
            Assert.DoesNotContain("4711", shown);
        }

        Assert.DoesNotContain("pay", (await _home.RunAsync("logs", "red", "-g", "4711")).Output);
        Assert.Contains("pay", (await _home.RunAsync("logs", "red", "-g", "card=[*]{4}")).Output);
        await _home.RunAsync("set", "red", "redact+=[a-z]+@[a-z.]+");
        Assert.Contains(
            "card=**** by *******************",
            (await _home.RunAsync("logs", "red")).Output
        );
        Assert.Contains("by *******************", (await _home.RunAsync("why", "red")).Output);
        Assert.Contains(
            "redact        2 (hidden",
            (await _home.RunAsync("describe", "red")).Output
        );
        await _home.RunAsync("set", "red", "redact=");
        Assert.Contains(
            "card=4711 by someone@example.org",
            (await _home.RunAsync("logs", "red")).Output
        );
    }

    [Theory]
    [InlineData("a(?=b)", "back-tracking")]
    [InlineData("(", "cannot be read")]
    [InlineData("a*", "matches where nothing is")]
    public async Task A_pattern_that_cannot_hide_is_refused_before_anything_is_started(
        string pattern,
        string why
    )
    {
        var refused = await _home.RunAsync(
            "start",
            "--name",
            "x",
            "--redact",
            pattern,
            "--",
            "true"
        );

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains(why, refused.Errors);
        Assert.Contains("[]", (await _home.RunAsync("list", "--json")).Output);
    }

    [Fact]
    public async Task An_environment_is_updated_by_name_its_files_are_read_anew_and_a_clean_one_is_clean()
    {
        var file = Path.Join(Path.GetTempPath(), $"tspm-env-{Guid.NewGuid():N}");
        try
        {
            await File.WriteAllTextAsync(file, "FROM_FILE=1\n", Ct);
            await _home.ShellAsync(
                $"FOO=old $T start --name e --env-file {file} -e OWN=mine -- sh -c 'echo $FOO $OWN $FROM_FILE; exec sleep 600'"
            );
            await File.WriteAllTextAsync(file, "FROM_FILE=2\n", Ct);
            await _home.ShellAsync("FOO=new OWN=other $T restart e --update-env");
            await _home.ShellAsync("$T start --name c --clean-env -e A=1 --restart never -- env");
            await _home.RunAsync("wait", "e", "--for", "log:/new/");
            await _home.EndedAsync("c");

            var log = (await _home.RunAsync("logs", "e")).Output;
            Assert.Contains("old mine 1\n", log);
            Assert.Contains("new mine 2\n", log);
            Assert.Contains("changed FOO", log);
            var clean = (await _home.RunAsync("logs", "c", "--no-events")).Output;
            Assert.Matches("^A=1\nTSPM_RUN=[0-9a-f-]+\n$", clean);

            File.Delete(file);
            var gone = await _home.RunAsync("restart", "e");
            Assert.Contains($"env-file {file}: no such file", gone.ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Hooks_are_told_over_http_and_by_command_and_a_dead_one_stands_in_the_log()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        var deadPort = ((IPEndPoint)dead.LocalEndpoint).Port;
        dead.Stop();
        var told = Path.Join(_home.Root, "told");

        await _home.RunAsync(
            "start",
            "--name",
            "job",
            "--restart",
            "never",
            "--hook",
            $"run-exit=http://127.0.0.1:{port}/x",
            "--hook",
            $"run-start=exec:echo \"$TSPM_EVENT_WHAT of $TSPM_NAME\" >> {told}",
            "--hook",
            $"run-exit=http://127.0.0.1:{deadPort}/",
            "--",
            "sh",
            "-c",
            "exit 3"
        );

        using var peer = await listener.AcceptTcpClientAsync(Ct);
        var stream = peer.GetStream();
        var text = "";
        var bytes = new byte[4096];
        while (!text.EndsWith("}}", StringComparison.Ordinal))
        {
            text += Encoding.UTF8.GetString(bytes, 0, await stream.ReadAsync(bytes, Ct));
        }

        await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), Ct);
        using var body = JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]);
        Assert.Equal("job", body.RootElement.GetProperty("name").GetString());
        Assert.Equal(3, body.RootElement.GetProperty("event").GetProperty("code").GetInt32());
        await TspmHome.UntilAsync(
            async () => (await _home.RunAsync("logs", "job")).Output.Contains("tried 4 times"),
            "the dead hook in the log"
        );
        Assert.Equal("run-start of job\n", await File.ReadAllTextAsync(told, Ct));
        var wrong = await _home.RunAsync("set", "job", "hook.1=fialed=http://h/");
        Assert.Contains("did you mean failed?", wrong.ToString());
    }
}
