using SmartIpc.Client;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>A child that waits at its gate, writes random lines, records them, and ends.</summary>
internal sealed class NoisyKid
{
    private static readonly string Kid = Path.Join(AppContext.BaseDirectory, "kid");
    private readonly TspmHome _home;
    private readonly string _record;
    private readonly string _gate;

    private NoisyKid(TspmHome home, string name)
    {
        _home = home;
        Name = name;
        _record = Path.Join(home.Root, name + ".record");
        _gate = Path.Join(home.Root, name + ".gate");
    }

    public string Name { get; }

    /// <summary>Starts one; it stands at its gate.</summary>
    public static async Task<NoisyKid> StartAsync(TspmHome home, string name, int seed, int writes)
    {
        await home.RunAsync("daemon", "start");
        var kid = new NoisyKid(home, name);
        string[] noise = ["noise", $"{seed}", $"{writes}", "hex", "0A", "exit", "0"];
        var result = await home.RunAsync([
            "start",
            "--name",
            name,
            "--restart",
            "never",
            "--",
            Kid,
            "record",
            kid._record,
            "wait",
            kid._gate,
            .. noise,
        ]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return kid;
    }

    public Task OpenGateAsync() => File.WriteAllTextAsync(_gate, "");

    /// <summary>All that it wrote to its stdout.</summary>
    public Task<byte[]> RecordAsync() => File.ReadAllBytesAsync(_record);

    /// <summary>Waits until its exit is in the log.</summary>
    public Task EndedAsync() =>
        TspmHome.UntilAsync(
            async () =>
                (await _home.RunAsync("logs", Name, "-n", "1", "-o", "json")).Output.Contains(
                    "run-exit",
                    StringComparison.Ordinal
                ),
            $"{Name} has ended"
        );

    /// <summary>Its log as a client means it.</summary>
    public async Task<LogTarget> TargetAsync(TspmIpcClient client) =>
        Assert.Single(
            (await client.ResolveAsync([Name], TestContext.Current.CancellationToken)).Logs
        );
}

/// <summary>Follows noisy children to their ends and compares each with its record.</summary>
internal static class NoisyFollow
{
    public static readonly LogFollowOptions All = new() { Tail = long.MaxValue };

    // Less than a millisecond is no wait at all, on any clock.
    private static readonly ReconnectPolicy AtOnce = new()
    {
        Initial = TimeSpan.FromMicroseconds(1),
        Cap = TimeSpan.FromMicroseconds(1),
    };

    public static TspmClientOptions OptionsFor(string path) =>
        new() { SocketPath = path, Reconnect = AtOnce };

    /// <summary>Follows until all have ended.</summary>
    /// <param name="options">How to connect.</param>
    /// <param name="follow">How to follow.</param>
    /// <param name="kids">The children; they have not begun to write.</param>
    /// <param name="begun">Done when each has shown its first entry; null opens the gates.</param>
    public static async Task<IReadOnlyList<FollowedLog>> RunAsync(
        TspmClientOptions options,
        LogFollowOptions follow,
        IReadOnlyList<NoisyKid> kids,
        Func<TspmIpcClient, Task>? begun = null
    )
    {
        await using var client = await TspmIpcClient.ConnectAsync(
            options,
            TestContext.Current.CancellationToken
        );
        var targets = new List<LogTarget>();
        foreach (var kid in kids)
        {
            targets.Add(await kid.TargetAsync(client));
        }

        var shown = targets.ToDictionary(target => target.Id, _ => new FollowedLog());
        await using var follower = new LogFollower(client, targets, follow);
        var reading = ReadAsync(follower, shown);
        var firsts = Task.WhenAll(shown.Values.Select(log => log.Begun));
        await await Task.WhenAny(firsts, reading);
        await (begun?.Invoke(client) ?? Task.WhenAll(kids.Select(kid => kid.OpenGateAsync())));
        await reading;

        for (var i = 0; i < kids.Count; i++)
        {
            var log = shown[targets[i].Id];
            Assert.Null(log.FindFault(await kids[i].RecordAsync()));
            var receipt = follower.Receipts[i].Receipt;
            Assert.True(receipt.IsBalanced);
            Assert.Equal((log.Shown, log.Lost), (receipt.Shown, receipt.Lost));
        }

        return [.. targets.Select(target => shown[target.Id])];
    }

    private static async Task ReadAsync(LogFollower follower, Dictionary<uint, FollowedLog> shown)
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        await foreach (var told in follower.ReadAsync(deadline.Token))
        {
            var log = told switch
            {
                LogBatch batch => batch.Log,
                LogGap gap => gap.Log,
                LogHistoryChanged changed => changed.Log,
                LogEnded end => end.Log,
                RunChanged run => run.Log,
                _ => null,
            };
            if (log is null)
            {
                continue;
            }

            shown[log.Id].Add(told);
            if (shown.Values.All(one => one.HasEnded))
            {
                return;
            }
        }
    }
}
