using Microsoft.Extensions.Time.Testing;
using SmartIpc.Client;
using Tspm.Client;

namespace Tspm.Integration.Tests;

/// <summary>The daemon stands still, dies, is away, or is another one: what a follower says of it, and that it misses nothing.</summary>
public sealed class LostDaemonSpecs
{
    private const string Lost = "connection to the tspm daemon lost";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_daemon_that_stands_still_is_told_lost_once_and_back_once()
    {
        await using var home = new TspmHome();
        await StartCountingAsync(home);
        var daemon = await home.DaemonPidAsync();
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
        var json = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events", "-o", "json");
        var lines = await follow.ReadUntilAsync("line 5");
        var rows = await json.ReadUntilAsync("line 5\"");

        // 15 s of silence and 5 s for the answer to a ping, by the real clock.
        TspmHome.Signal(daemon, 19);
        lines.AddRange(await follow.ReadUntilAsync(Lost, Patience));
        rows.AddRange(await json.ReadUntilAsync("\"lost\"", Patience));
        TspmHome.Signal(daemon, 18);
        lines.AddRange(await follow.ReadUntilAsync("reconnected", Patience));
        rows.AddRange(await json.ReadUntilAsync("\"reconnected\"", Patience));
        var last = lines.FindLast(line => line.StartsWith("line ", StringComparison.Ordinal))!;
        var next = int.Parse(last["line ".Length..]) + 20;
        lines.AddRange(await follow.ReadUntilAsync($"line {next}"));
        rows.AddRange(await json.ReadUntilAsync($"line {next}\""));

        AssertToldOnce(lines, rows);
    }

    [Fact]
    public async Task A_handshake_that_is_refused_for_its_version_ends_the_follow_with_11()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo ready; exec sleep 600");
        var socket = await home.SocketAsync();
        var isRefusing = false;
        File.Move(socket, socket + ".real");
        try
        {
            await using var proxy = new FaultProxy(
                socket,
                socket + ".real",
                _ => Volatile.Read(ref isRefusing) ? new Fault(RefuseCode: "version") : Fault.None
            );
            var follow = home.StartFollow("logs", "web", "-f", "-n", "all");
            var json = home.StartFollow("logs", "web", "-f", "-n", "all", "-o", "json");
            await follow.ReadUntilAsync("ready");
            var rows = await json.ReadUntilAsync("ready");

            Volatile.Write(ref isRefusing, true);
            proxy.CutAll();
            var exits = (await follow.WaitAsync(), await json.WaitAsync());
            var errors = await follow.ReadErrorsAsync();
            var told = await json.ReadErrorsAsync();

            Assert.Equal((11, 11), exits);
            Assert.Equal(2, proxy.Refused);
            Assert.StartsWith("tspm: ", errors, StringComparison.Ordinal);
            using var error = System.Text.Json.JsonDocument.Parse(told.Trim().Split('\n')[^1]);
            Assert.Equal("TSPM1011", CodeOf(error.RootElement));
        }
        finally
        {
            File.Move(socket + ".real", socket);
        }
    }

    [Fact]
    public async Task A_handshake_that_is_refused_as_busy_is_tried_again_and_told_once_in_each_form()
    {
        await using var home = new TspmHome();
        await StartCountingAsync(home);
        var socket = await home.SocketAsync();
        var refusals = 0;
        File.Move(socket, socket + ".real");
        try
        {
            await using var proxy = new FaultProxy(
                socket,
                socket + ".real",
                _ =>
                    Interlocked.Decrement(ref refusals) >= 0
                        ? new Fault(RefuseCode: "busy")
                        : Fault.None
            );
            var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
            var json = home.StartFollow(
                "logs",
                "web",
                "-f",
                "-n",
                "all",
                "--no-events",
                "-o",
                "json"
            );
            var lines = await follow.ReadUntilAsync("line 3");
            var rows = await json.ReadUntilAsync("line 3\"");

            Volatile.Write(ref refusals, 6);
            proxy.CutAll();
            lines.AddRange(await follow.ReadUntilAsync("reconnected", Patience));
            rows.AddRange(await json.ReadUntilAsync("\"reconnected\"", Patience));
            lines.AddRange(await follow.ReadUntilAsync("line "));
            rows.AddRange(await json.ReadUntilAsync("line "));

            Assert.Equal(6, proxy.Refused);
            AssertToldOnce(lines, rows);
        }
        finally
        {
            File.Move(socket + ".real", socket, overwrite: true);
        }
    }

    [Fact]
    public async Task A_daemon_that_is_gone_for_minutes_is_waited_for_and_nothing_is_missing()
    {
        await using var home = new TspmHome();
        var noise = await NoisyKid.StartAsync(home, "noise", seed: 3, writes: 2000);
        var daemon = await home.DaemonPidAsync();
        var keeper = (await home.JsonAsync("daemon", "status", "--json"))
            .GetProperty("keeperPid")
            .GetInt32();
        var clock = new FakeTimeProvider();
        var attempts = 0;

        var shown = await NoisyFollow.RunAsync(
            new TspmClientOptions
            {
                SocketPath = await home.SocketAsync(),
                TimeProvider = clock,
                OnConnectionChange = change => Volatile.Write(ref attempts, change.Attempt),
            },
            NoisyFollow.All,
            [noise],
            async client =>
            {
                // A keeper that stands still starts no other one; the child writes until its pipe is full.
                TspmHome.Signal(keeper, 19);
                TspmHome.Signal(daemon, 9);
                await noise.OpenGateAsync();
                await AdvanceUntilAsync(clock, () => Volatile.Read(ref attempts) > 20);
                Assert.NotEqual(ConnectionState.Closed, client.State);

                TspmHome.Signal(keeper, 18);
                await AdvanceUntilAsync(clock, () => client.State == ConnectionState.Up);
            }
        );

        shown[0].AssertWhole();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_processes_of_one_follow_are_each_exact_though_the_daemon_is_killed(
        bool catchup
    )
    {
        await using var home = new TspmHome();
        var kids = new List<NoisyKid>();
        for (var i = 0; i < 3; i++)
        {
            kids.Add(await NoisyKid.StartAsync(home, $"noise-{i}", seed: i, writes: 1500));
        }

        var killed = new HashSet<int>();
        var shown = await NoisyFollow.RunAsync(
            NoisyFollow.OptionsFor(await home.SocketAsync()),
            NoisyFollow.All with
            {
                Catchup = catchup,
            },
            kids,
            async _ =>
            {
                // Before any has written, while one writes, and while the others do.
                foreach (var kid in kids)
                {
                    await KillDaemonAsync(home, killed);
                    await kid.OpenGateAsync();
                }
            }
        );

        Assert.Equal(3, killed.Count);
        Assert.All(shown, log => log.AssertWhole());
    }

    [Fact]
    public async Task The_rows_of_a_killed_daemon_are_two_however_many_processes_are_followed()
    {
        await using var home = new TspmHome();
        foreach (var name in new[] { "a", "b", "c" })
        {
            await StartCountingAsync(home, name);
        }

        var follow = home.StartFollow("logs", "-f", "-n", "all", "--no-events", "-o", "json");
        var lines = await follow.ReadUntilAsync("\"line 3\"");
        await KillDaemonAsync(home, []);
        lines.AddRange(await follow.ReadUntilAsync("\"reconnected\""));
        foreach (var name in new[] { "a", "b", "c" })
        {
            lines.AddRange(await follow.ReadUntilAsync($"\"name\":\"{name}\""));
        }

        Assert.Equal(["lost", "reconnected"], ConnectionStates(lines));
    }

    private static Task StartCountingAsync(TspmHome home, string name = "web") =>
        home.StartShellAsync(
            name,
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.05; done"
        );

    private static IEnumerable<string?> ConnectionStates(List<string> rows) =>
        rows.Select(row => System.Text.Json.JsonDocument.Parse(row).RootElement)
            .Where(row => row.GetProperty("kind").GetString() == "conn")
            .Select(row => row.GetProperty("state").GetString());

    private static string? MessageOf(string row) =>
        System.Text.Json.JsonDocument.Parse(row).RootElement.TryGetProperty("msg", out var text)
            ? text.GetString()
            : null;

    private static string? CodeOf(System.Text.Json.JsonElement error) =>
        error.GetProperty("code").GetString();

    private static async Task KillDaemonAsync(TspmHome home, HashSet<int> killed)
    {
        await TspmHome.UntilAsync(
            async () => (await home.RunAsync("daemon", "status")).ExitCode == 0,
            "a daemon runs"
        );
        var pid = await home.DaemonPidAsync();
        Assert.True(killed.Add(pid), "the daemon was not replaced");
        TspmHome.Signal(pid, 9);
        await TspmHome.UntilAsync(
            () => Task.FromResult(!Directory.Exists($"/proc/{pid}/fd")),
            "it is dead"
        );
    }

    private static Task AdvanceUntilAsync(FakeTimeProvider clock, Func<bool> holds) =>
        TspmHome.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(holds());
            },
            "it comes to that as time passes"
        );

    /// <summary>Lost and back once in each form, and no line missing.</summary>
    private static void AssertToldOnce(List<string> lines, List<string> rows)
    {
        Assert.Equal(
            [$"-- {Lost}, retrying --", "-- reconnected, nothing missed --"],
            lines.Where(line => line.StartsWith("--", StringComparison.Ordinal))
        );
        Assert.Equal(["lost", "reconnected"], ConnectionStates(rows));
        AssertCounted(lines);
        AssertCounted([.. rows.Select(MessageOf).OfType<string>()]);
    }

    private static void AssertCounted(List<string> lines)
    {
        var counted = lines
            .Where(line => line.StartsWith("line ", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(Enumerable.Range(1, counted.Count).Select(i => $"line {i}"), counted);
    }
}
