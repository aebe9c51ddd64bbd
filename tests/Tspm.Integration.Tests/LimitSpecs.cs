using System.Globalization;
using Tspm.Client;
using Tspm.Protocol.Messages;

namespace Tspm.Integration.Tests;

/// <summary>Many followers, and followers that come and go.</summary>
public sealed class LimitSpecs
{
    [Fact]
    public async Task Two_hundred_followers_of_one_process_each_get_everything()
    {
        await using var home = new TspmHome();
        var go = home.Root + ".go";
        await home.StartKidAsync("web", "print", "1000", "wait", go, "print", "4000", "exit", "0");
        var socket = await home.SocketAsync();
        var clients = new List<TspmIpcClient>();
        for (var i = 0; i < 200; i++)
        {
            clients.Add(await ConnectAsync(socket));
        }

        var readings = clients.Select(CountAsync).ToList();
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        var counts = await Task.WhenAll(readings);

        Assert.All(counts, count => Assert.Equal((5_000, 0), count));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        File.Delete(go);
    }

    [Fact]
    public async Task Ten_thousand_subscriptions_made_and_cut_leak_no_descriptor_and_no_memory()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "echo x; exec sleep 600");
        var daemon = await home.DaemonPidAsync();
        var socket = await home.SocketAsync();
        await CycleAsync(socket, 1_000);
        await TspmHome.UntilAsync(
            async () => await FollowersAsync(home) == 0,
            "the first are gone"
        );
        var (descriptors, anonymous) = (Descriptors(daemon), Anonymous(daemon));

        await CycleAsync(socket, 9_000);

        // A closed connection's descriptor goes a moment after its subscription; one that leaked would stay for ever.
        await TspmHome.UntilAsync(
            async () => await FollowersAsync(home) == 0 && Descriptors(daemon) <= descriptors + 2,
            "all are gone, with their descriptors"
        );

        // The garbage of so many requests may wait for its collection; a leak of 1 KiB each would be 9 MiB.
        Assert.InRange(Anonymous(daemon), 1, anonymous + (8 * 1024));
    }

    /// <summary>Subscriptions made and left, every tenth cut with its connection.</summary>
    private static async Task CycleAsync(string socket, int count)
    {
        var client = await ConnectAsync(socket);
        var logs = (await client.ResolveAsync(["web"], TestContext.Current.CancellationToken)).Logs;
        for (var i = 0; i < count; i++)
        {
            var subscription = client.Subscribe(logs[0], _ => new LogSubscribeOptions());
            using (var first = await subscription.ReadAsync(TestContext.Current.CancellationToken))
            {
                Assert.Equal(SmartIpc.Client.TopicMessageKind.Subscribed, first.Kind);
            }

            if (i % 10 == 9)
            {
                await client.DisposeAsync();
                client = await ConnectAsync(socket);
            }
            else
            {
                await TspmIpcClient.UnsubscribeAsync(subscription);
            }
        }

        await client.DisposeAsync();
    }

    private static async Task<(int Lines, long Lost)> CountAsync(TspmIpcClient client)
    {
        var logs = (await client.ResolveAsync(["web"], TestContext.Current.CancellationToken)).Logs;
        await using var follower = new LogFollower(
            client,
            logs,
            new LogFollowOptions { Tail = long.MaxValue }
        );
        var lines = 0;
        await foreach (var told in follower.ReadAsync(TestContext.Current.CancellationToken))
        {
            if (told is LogBatch batch && Take(batch, ref lines))
            {
                break;
            }
        }

        return (lines, follower.Receipts[0].Receipt.Lost);
    }

    private static bool Take(LogBatch batch, ref int lines)
    {
        var rest = batch.Bytes;
        var hasEnded = false;
        foreach (ref readonly var span in batch.Spans)
        {
            var bytes = rest[..(int)span.Length];
            rest = rest[(int)span.Length..];
            lines += span.Stream == 0 ? (int)span.Count : 0;
            hasEnded |= span.Stream == 2 && bytes.IndexOf("\"run-exit\""u8) >= 0;
        }

        return hasEnded;
    }

    private static async Task<int> FollowersAsync(TspmHome home) =>
        (await home.JsonAsync("followers", "--json")).GetProperty("followers").GetArrayLength();

    private static Task<TspmIpcClient> ConnectAsync(string socket) =>
        TspmIpcClient.ConnectAsync(
            new TspmClientOptions { SocketPath = socket },
            TestContext.Current.CancellationToken
        );

    private static int Descriptors(int pid) =>
        Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count();

    /// <summary>Anonymous memory, KiB.</summary>
    private static long Anonymous(int pid) =>
        long.Parse(
            File.ReadLines($"/proc/{pid}/status")
                .First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        );
}
