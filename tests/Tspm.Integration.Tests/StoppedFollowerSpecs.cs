using System.Diagnostics;
using System.Globalization;
using Tspm.Client;

namespace Tspm.Integration.Tests;

/// <summary>A follower that stands still while its log is flooded: what it costs the daemon, and what the others notice.</summary>
/// <remarks>
/// The daemon's heap has its size only after some collections: it grew by 3 MiB in the first 20 MiB of garbage, with no
/// follower at all. So the rings are full and the heap has been through a dozen collections before anything is measured,
/// and the long form measures the same flood without the stopped follower first.
/// </remarks>
public sealed class StoppedFollowerSpecs
{
    // Twelve times the budget of the youngest generation.
    private const long WarmBytes = 48 * 1024 * 1024;
    private const long AllowedKiB = 1024;

    [Fact]
    public async Task A_follower_that_stands_still_during_floods_costs_the_daemon_a_frame_and_no_queue()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("flood", "seq 1 1000000");
        var daemon = await home.DaemonPidAsync();
        var followers = new List<int> { await FollowAsync(home) };
        try
        {
            await WarmAsync(home);
            var before = await LeastMemoryAsync(home, daemon);
            followers.Add(await FollowAsync(home));
            await TspmHome.UntilAsync(async () => await FollowersAsync(home) == 2, "both follow");
            TspmHome.Signal(followers[1], 19);
            await FloodAsync(home, 1);
            var after = await LeastMemoryAsync(home, daemon);

            // A daemon that is compiled as it runs also grows by its code.
            var isCompiledAsItRuns = File.Exists(TspmHome.Binary + ".dll");
            Assert.InRange(after, 1, before + (isCompiledAsItRuns ? 8 * 1024 : AllowedKiB));
        }
        finally
        {
            followers.ForEach(pid => TspmHome.Signal(pid, 9));
        }
    }

    // The form of a minute; run it with -explicit on, on the published binary and a quiet machine.
    [Fact(Explicit = true)]
    public async Task A_minute_of_flood_beside_a_follower_that_stands_still_adds_no_more_than_a_MiB_and_does_not_slow_the_others()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("flood", "seq 1 1000000");
        var daemon = await home.DaemonPidAsync();
        await using var other = await OtherFollower.StartAsync(home);
        await WarmAsync(home);
        var alone = await MinuteAsync(home, daemon, other);
        var stopped = await FollowAsync(home);
        try
        {
            await TspmHome.UntilAsync(async () => await FollowersAsync(home) == 2, "both follow");
            TspmHome.Signal(stopped, 19);

            var beside = await MinuteAsync(home, daemon, other);

            TestContext.Current.TestOutputHelper?.WriteLine($"without: {alone}");
            TestContext.Current.TestOutputHelper?.WriteLine($"with a stopped one: {beside}");
            Assert.InRange(beside.ToKiB, 1, alone.ToKiB + AllowedKiB);
            Assert.InRange(beside.P99, 0, 2 * alone.P99);
            Assert.Equal(0, other.Lost);
        }
        finally
        {
            TspmHome.Signal(stopped, 9);
        }
    }

    [Fact]
    public async Task A_follower_that_stands_still_does_not_slow_the_others_down()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("flood", "seq 1 1000000");
        await using var other = await OtherFollower.StartAsync(home);
        await FloodAsync(home, 2);
        var alone = await LatencyOfFloodsAsync(home, other);
        var stopped = await FollowAsync(home);
        try
        {
            await TspmHome.UntilAsync(async () => await FollowersAsync(home) == 2, "both follow");
            TspmHome.Signal(stopped, 19);
            await FloodAsync(home, 2);

            var beside = await LatencyOfFloodsAsync(home, other);

            // Twice as long is the limit; a machine that does other things at the same time is allowed more.
            Assert.InRange(beside, 0, (3 * alone) + 20);
            Assert.Equal(0, other.Lost);
        }
        finally
        {
            TspmHome.Signal(stopped, 9);
        }
    }

    /// <summary>Full rings, and a heap that has its size.</summary>
    private static async Task WarmAsync(TspmHome home)
    {
        await FloodAsync(home, 12);
        await using var client = await home.ConnectAsync();
        var from = await AllocatedAsync(home);
        while (await AllocatedAsync(home) - from < WarmBytes)
        {
            for (var i = 0; i < 500; i++)
            {
                await client.ListAsync([]);
            }
        }

        await FloodAsync(home, 3);
    }

    private static async Task<long> AllocatedAsync(TspmHome home) =>
        (await home.JsonAsync("daemon", "status", "--json"))
            .GetProperty("allocatedBytes")
            .GetInt64();

    /// <summary>
    /// Anonymous memory, KiB, after floods: the least of five. Garbage comes and goes by megabytes with the moment of
    /// the last collection; a queue that something holds is in every reading, so it is in the least one too.
    /// </summary>
    private static async Task<long> LeastMemoryAsync(TspmHome home, int daemon)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            await FloodAsync(home, 1);
            least = Math.Min(least, AnonymousKiB(daemon));
        }

        return least;
    }

    private static async Task<Minute> MinuteAsync(TspmHome home, int daemon, OtherFollower other)
    {
        var from = AnonymousKiB(daemon);
        var begun = Stopwatch.GetTimestamp();
        var p99 = new List<double>();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromMinutes(1))
        {
            other.Forget();
            await FloodAsync(home, 1);
            p99.Add(other.P99);
        }

        return new Minute(
            p99.Count,
            from,
            await LeastMemoryAsync(home, daemon),
            p99.Order().ElementAt(p99.Count / 2)
        );
    }

    /// <summary>p99 of three floods, ms: the middle one.</summary>
    private static async Task<double> LatencyOfFloodsAsync(TspmHome home, OtherFollower other)
    {
        var all = new List<double>();
        for (var i = 0; i < 3; i++)
        {
            other.Forget();
            await FloodAsync(home, 1);
            all.Add(other.P99);
        }

        return all.Order().ElementAt(1);
    }

    private static async Task<int> FollowAsync(TspmHome home) =>
        int.Parse(
            (await home.ShellAsync("$T logs flood -f -n 0 >/dev/null 2>&1 & echo $!")).Lines[0],
            CultureInfo.InvariantCulture
        );

    private static async Task<int> FollowersAsync(TspmHome home) =>
        (await home.JsonAsync("followers", "--json")).GetProperty("followers").GetArrayLength();

    private static async Task FloodAsync(TspmHome home, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await home.RunAsync("restart", "flood");
            await home.EndedAsync("flood");
        }
    }

    private static long AnonymousKiB(int pid) =>
        long.Parse(
            File.ReadLines($"/proc/{pid}/status")
                .First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        );

    /// <summary>A minute of floods.</summary>
    /// <param name="Floods">How many of a million lines.</param>
    /// <param name="FromKiB">Memory before.</param>
    /// <param name="ToKiB">Memory after it.</param>
    /// <param name="P99">Of the other follower, ms: the median of all floods.</param>
    private sealed record Minute(int Floods, long FromKiB, long ToKiB, double P99);

    /// <summary>A follower that reads, and measures from the keeper's chunk to itself by the machine's one monotonic clock.</summary>
    private sealed class OtherFollower : IAsyncDisposable
    {
        private readonly TspmIpcClient _client;
        private readonly LogFollower _follower;
        private readonly CancellationTokenSource _stopping = new();
        private readonly Lock _gate = new();

        // Guarded by _gate.
        private readonly List<double> _latencies = [];
        private readonly Task _reading;

        private OtherFollower(TspmIpcClient client, LogFollower follower)
        {
            _client = client;
            _follower = follower;
            _reading = ReadAsync(_stopping.Token);
        }

        public long Lost => _follower.Receipts[0].Receipt.Lost;

        public double P99
        {
            get
            {
                lock (_gate)
                {
                    Assert.NotEmpty(_latencies);
                    return _latencies.Order().ElementAt(_latencies.Count * 99 / 100);
                }
            }
        }

        public static async Task<OtherFollower> StartAsync(TspmHome home)
        {
            var client = await home.ConnectAsync();
            var ct = TestContext.Current.CancellationToken;
            var logs = (await client.ResolveAsync(["flood"], ct)).Logs;
            return new OtherFollower(client, new LogFollower(client, logs, new LogFollowOptions()));
        }

        public void Forget()
        {
            lock (_gate)
            {
                _latencies.Clear();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _reading;
            await _follower.DisposeAsync();
            await _client.DisposeAsync();
            _stopping.Dispose();
        }

        private async Task ReadAsync(CancellationToken ct)
        {
            try
            {
                await foreach (var told in _follower.ReadAsync(ct))
                {
                    if (told is LogBatch batch)
                    {
                        Note(batch);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // Measured.
            }
        }

        private void Note(LogBatch batch)
        {
            var now = Stopwatch.GetTimestamp();
            lock (_gate)
            {
                foreach (ref readonly var span in batch.Spans)
                {
                    _latencies.Add((now - span.Mono) / 1e6);
                }
            }
        }
    }
}
