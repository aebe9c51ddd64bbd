using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>Homes that are read without a daemon: copies, and those whose daemon is not there to answer.</summary>
public sealed class OfflineSpecs
{
    private const string Machine = "0123456789abcdef";
    private const int Stop = 19;
    private const int Continue = 18;

    [Fact]
    public async Task A_copied_home_of_another_machine_reads_as_the_original_did()
    {
        await using var home = await PrintedAsync();
        var forwards = await EntriesAsync(home, "logs", "-n", "all", "-o", "json");
        var matching = await EntriesAsync(home, "logs", "-g", "line 7", "-C", "1", "-o", "json");
        var turned = await EntriesAsync(home, "logs", "-n", "5", "-r", "-o", "json");
        var events = await home.RunAsync("events");
        var exported = await home.RunAsync("logs", "export", "a", "--format", "cri");
        var copy = await CopyAsync(home, Machine);
        var before = Fingerprint(copy);
        var scratch = Directory.CreateDirectory(Path.Join(home.Root, "scratch")).FullName;
        home.Variables["TMPDIR"] = scratch;

        string[] offline = ["--home", copy, "--offline"];
        var copied = await EntriesAsync(home, ["logs", "-n", "all", "-o", "json", .. offline]);

        Assert.Equal(forwards, copied);
        Assert.Equal(
            matching,
            await EntriesAsync(home, ["logs", "-g", "line 7", "-C", "1", "-o", "json", .. offline])
        );
        Assert.Equal(
            turned,
            await EntriesAsync(home, ["logs", "-n", "5", "-r", "-o", "json", .. offline])
        );
        Assert.Equal(events.Output, (await home.RunAsync(["events", .. offline])).Output);
        Assert.Equal(
            exported.Output,
            (await home.RunAsync(["logs", "export", "a", "--format", "cri", .. offline])).Output
        );
        Assert.Equal(0, (await home.RunAsync(["logs", "verify", .. offline])).ExitCode);
        Assert.Equal(before, Fingerprint(copy));
        Assert.Empty(Directory.GetFileSystemEntries(scratch));
    }

    [Fact]
    public async Task What_no_daemon_has_numbered_yet_is_read_too()
    {
        await using var home = new TspmHome();
        var go = Path.Join(home.Root, "go");
        await home.StartKidAsync("web", "print", "20", "wait", go, "print", "3000", "exit", "7");
        await TspmHome.UntilAsync(
            async () =>
                (await home.RunAsync("logs", "web", "-n", "1")).Output.Contains(
                    "line 20",
                    StringComparison.Ordinal
                ),
            "20 lines"
        );
        var daemon = await home.DaemonPidAsync();
        TspmHome.Signal(daemon, Stop);

        List<Entry> offline = [];
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        await TspmHome.UntilAsync(
            async () =>
            {
                offline = await EntriesAsync(
                    home,
                    "logs",
                    "web",
                    "-n",
                    "all",
                    "-o",
                    "json",
                    "--offline"
                );
                return offline[^1].What == "run-exit";
            },
            "the end of the run"
        );
        TspmHome.Signal(daemon, Continue);
        await home.EndedAsync("web");
        var online = await EntriesAsync(home, "logs", "web", "-n", "all", "-o", "json");

        // The end of the run has the time of the journal here, there that of the daemon that came to it.
        Assert.Equal(online.Select(WithoutTimeOfEnd), offline.Select(WithoutTimeOfEnd));
        Assert.Equal(3020, offline.Count(one => one.What.Length == 0));
    }

    [Fact]
    public async Task A_flipped_bit_in_a_copy_is_found()
    {
        await using var home = await PrintedAsync();
        var copy = await CopyAsync(home, Machine);
        var file = Directory
            .GetFiles(copy, "out.*", SearchOption.AllDirectories)
            .First(path => new FileInfo(path).Length > 20);
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[20] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        var verdict = await home.RunAsync("logs", "verify", "--home", copy, "--offline");

        Assert.Equal(12, verdict.ExitCode);
        Assert.Contains("DAMAGED", verdict.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_is_gone_leaves_the_ids()
    {
        await using var home = await PrintedAsync();
        var copy = await CopyAsync(home, Machine);
        foreach (
            var list in Directory.GetFiles(copy, "processes.json*", SearchOption.AllDirectories)
        )
        {
            File.Delete(list);
        }

        var read = await home.RunAsync("logs", "1", "--home", copy, "--offline", "-n", "all");

        Assert.Contains("line 7\n", read.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "logs", "-f")]
    [InlineData(2, "tail")]
    [InlineData(2, "events", "-f")]
    [InlineData(2, "logs", "--show-cursor")]
    [InlineData(3, "logs", "nobody")]
    public async Task What_makes_no_sense_without_a_daemon_is_refused(
        int exit,
        params string[] words
    )
    {
        await using var home = await PrintedAsync();
        var copy = await CopyAsync(home, Machine);

        var refused = await home.RunAsync([.. words, "--home", copy, "--offline"]);

        Assert.Equal(exit, refused.ExitCode);
        Assert.StartsWith("tspm: ", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Which_home_is_meant_has_to_be_clear()
    {
        await using var home = await PrintedAsync();
        var copy = await CopyAsync(home, Machine);
        await home.ShellAsync(
            $"cp -a {Path.Join(copy, Machine)} {Path.Join(copy, "fedcba9876543210")}"
        );

        var several = await home.RunAsync("logs", "--home", copy, "--offline");
        var one = await home.RunAsync(
            "logs",
            "--home",
            Path.Join(copy, "fedcba9876543210"),
            "--offline",
            "-g",
            "line 7$"
        );
        var none = await home.RunAsync("logs", "--home", Path.Join(copy, "no"), "--offline");

        Assert.Equal((2, 0, 3), (several.ExitCode, one.ExitCode, none.ExitCode));
        Assert.Contains("line 7", one.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Join(copy, "no")));
    }

    private static async Task<TspmHome> PrintedAsync()
    {
        var home = new TspmHome();
        await home.StartKidAsync("a", "print", "300", "err", "x", "fill", "70000");
        await home.EndedAsync("a");
        await home.StartKidAsync("b", "print", "40", "exit", "3");
        await home.EndedAsync("b");
        return home;
    }

    /// <summary>A copy inside the home, so that it goes with it; the machine gets another name.</summary>
    private static async Task<string> CopyAsync(TspmHome home, string machine)
    {
        var source = Directory
            .GetDirectories(home.Root)
            .Single(path => Directory.Exists(Path.Join(path, "journal")));
        var copy = Directory.CreateDirectory(Path.Join(home.Root, "copy")).FullName;
        var copied = await home.ShellAsync($"cp -a {source} {Path.Join(copy, machine)}");
        Assert.True(copied.ExitCode == 0, copied.ToString());
        return copy;
    }

    private static Entry WithoutTimeOfEnd(Entry entry) =>
        entry.What == "run-exit" ? entry with { Time = "" } : entry;

    private static string Fingerprint(string directory)
    {
        var lines = Directory
            .GetFiles(directory, "*", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path) is { Length: > 0, LinkTarget: null })
            .Order(StringComparer.Ordinal)
            .Select(path =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path} {File.GetLastWriteTimeUtc(path).Ticks} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}"
                )
            );
        return string.Join('\n', lines);
    }

    private static async Task<List<Entry>> EntriesAsync(TspmHome home, params string[] words)
    {
        var result = await home.RunAsync(words);
        Assert.True(result.ExitCode == 0, result.ToString());
        return [.. result.Lines.Select(Read)];
    }

    private static Entry Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new Entry(
            root.GetProperty("kind").GetString()!,
            root.GetProperty("name").GetString()!,
            root.GetProperty("seq").GetInt64(),
            root.GetProperty("ts").GetString()!,
            root.GetProperty("stream").GetString()!,
            root.TryGetProperty("msg", out var text) ? text.GetString()! : "",
            root.TryGetProperty("what", out var what) ? what.GetString()! : ""
        );
    }

    private sealed record Entry(
        string Kind,
        string Name,
        long Seq,
        string Time,
        string Stream,
        string Text,
        string What
    );
}
