using System.Text.Json;

namespace Tspm.Integration.Tests;

/// <summary>A client that was written from docs/protocol.md alone, in another language, gets what the child wrote.</summary>
public sealed class ConformanceSpecs
{
    private static readonly string Client = Path.Join(
        AppContext.BaseDirectory,
        "conformance",
        "follow.py"
    );

    [Fact]
    public async Task It_reads_history_and_the_rest_as_the_child_recorded_it()
    {
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        await StartAsync(
            home,
            "noise",
            "record",
            record,
            "noise",
            "7",
            "300",
            "hex",
            "0A",
            "exit",
            "0"
        );

        var lines = await FollowAsync(home, "noise");

        await CompareAsync(lines, record);
    }

    [Fact]
    public async Task It_recovers_what_left_the_ring()
    {
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        await StartAsync(home, "many", "record", record, "print", "60000", "exit", "0");

        var lines = await FollowAsync(home, "many");

        await CompareAsync(lines, record);
    }

    [Fact]
    public async Task It_misses_and_doubles_nothing_when_the_daemon_is_killed()
    {
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        var go = home.Root + ".go";
        await StartAsync(
            home,
            "web",
            "record",
            record,
            "print",
            "5000",
            "wait",
            go,
            "print",
            "5000",
            "exit",
            "0"
        );
        var pid = await home.DaemonPidAsync();
        var socket = await home.SocketAsync();
        var following = home.ShellAsync($"python3 {Client} {socket} web --until-exit");
        await TspmHome.UntilAsync(
            async () =>
                (await home.JsonAsync("followers", "--json"))
                    .GetProperty("followers")
                    .EnumerateArray()
                    .Any(one => one.GetProperty("client").GetString() == "conformance"),
            "it follows"
        );

        TspmHome.Signal(pid, 9);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        var result = await following;

        Assert.Equal("", result.Errors);
        Assert.Contains("\"conn\"", result.Output);
        await CompareAsync(result.Lines, record);
        File.Delete(go);
    }

    private static async Task StartAsync(TspmHome home, string name, params string[] verbs)
    {
        var hasPython = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Any(directory => File.Exists(Path.Join(directory, "python3")));
        if (!hasPython)
        {
            Assert.Skip("python3 is not installed (apt install python3)");
        }

        await home.StartKidAsync(name, verbs);
    }

    private static async Task<string[]> FollowAsync(TspmHome home, string name)
    {
        var result = await home.ShellAsync(
            $"python3 {Client} {await home.SocketAsync()} {name} --until-exit"
        );
        Assert.Equal("", result.Errors);
        Assert.Equal(0, result.ExitCode);
        return result.Lines;
    }

    /// <summary>Bytes in order of seq are those that the child recorded; seqs are first..last without a hole.</summary>
    private static async Task CompareAsync(string[] lines, string record)
    {
        var entries = lines
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.GetProperty("kind").GetString() != "conn")
            .ToList();
        Assert.All(entries, row => Assert.Equal("log", row.GetProperty("kind").GetString()));
        var seqs = entries.Select(row => row.GetProperty("seq").GetInt64()).ToList();
        Assert.Equal(Enumerable.Range(1, seqs.Count).Select(i => (long)i), seqs);
        var bytes = entries
            .Where(row => row.GetProperty("stream").GetString() == "out")
            .SelectMany(row => row.GetProperty("msg_b64").GetBytesFromBase64())
            .ToArray();
        var written = await File.ReadAllBytesAsync(record, TestContext.Current.CancellationToken);
        Assert.Equal(Convert.ToHexString(written), Convert.ToHexString(bytes));
        File.Delete(record);
    }
}
