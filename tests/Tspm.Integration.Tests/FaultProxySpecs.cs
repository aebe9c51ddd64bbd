using System.Text;
using Tspm.Client;

namespace Tspm.Integration.Tests;

/// <summary>Real processes and a real daemon behind a proxy that cuts, chops and refuses: shown and told is everything, each once.</summary>
public sealed class FaultProxySpecs
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Connections_cut_anywhere_lose_and_double_nothing(int seed)
    {
        await RunAsync(seed, chops: false, readsGaps: true);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Writes_chopped_to_a_few_bytes_and_cut_lose_and_double_nothing(int seed)
    {
        await RunAsync(seed, chops: true, readsGaps: true);
    }

    [Fact]
    public async Task A_reader_that_begins_anew_after_each_cut_is_caught()
    {
        await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(1, chops: false, readsGaps: false));
    }

    private static async Task RunAsync(int seed, bool chops, bool readsGaps)
    {
        const int lines = 40_000;
        await using var home = new TspmHome();
        var record = home.Root + ".record";
        var go = home.Root + ".go";
        foreach (var name in new[] { "a", "b" })
        {
            await home.StartKidAsync(
                name,
                "record",
                record + name,
                "print",
                $"{lines / 2}",
                "wait",
                go,
                "print",
                $"{lines / 2}",
                "exit",
                "0"
            );
        }

        var socket = await home.SocketAsync();
        var random = new Random(seed);
        await using var proxy = new FaultProxy(
            home.Root + ".proxy",
            socket,
            number => number > 25 ? int.MaxValue : random.Next(200, 200_000),
            chops ? random : null
        );
        await using var client = await TspmIpcClient.ConnectAsync(
            new TspmClientOptions
            {
                SocketPath = proxy.Path,
                Reconnect = new() { Initial = TimeSpan.FromMilliseconds(1), Factor = 1 },
            },
            TestContext.Current.CancellationToken
        );
        var logs = (await home.JsonAsync("list", "--json"))
            .EnumerateArray()
            .Select(one => one.GetProperty("name").GetString()!)
            .ToList();
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        foreach (var name in logs)
        {
            var shown = await ReadAsync(client, name, readsGaps);
            Assert.Equal(
                await File.ReadAllTextAsync(record + name, TestContext.Current.CancellationToken),
                shown
            );
            File.Delete(record + name);
        }

        Assert.True(proxy.Connections > 1, "nothing was cut");
        File.Delete(go);
    }

    private static async Task<string> ReadAsync(TspmIpcClient client, string name, bool readsGaps)
    {
        var logs = await ResolveAsync(client, name);
        var options = new LogFollowOptions { Tail = long.MaxValue };
        var follower = new LogFollower(client, logs, options);
        var text = new StringBuilder();
        try
        {
            await foreach (var told in follower.ReadAsync(TestContext.Current.CancellationToken))
            {
                switch (told)
                {
                    case LogGap gap:
                        Assert.Fail($"{gap.From}..{gap.To} {gap.Reason}");
                        break;
                    case LogBatch batch when Take(batch, text):
                        Assert.True(follower.Receipts[0].Receipt.IsBalanced);
                        return text.ToString();
                    case ConnectionChanged { IsUp: true } when !readsGaps:
                        // The broken variant: what came while the connection was away is not asked for.
                        text.Append("(begins anew)");
                        break;
                    default:
                        break;
                }
            }
        }
        finally
        {
            await follower.DisposeAsync();
        }

        throw new InvalidOperationException("the log ended");
    }

    private static async Task<IReadOnlyList<Protocol.Messages.LogTarget>> ResolveAsync(
        TspmIpcClient client,
        string name
    )
    {
        while (true)
        {
            try
            {
                return (
                    await client.ResolveAsync([name], TestContext.Current.CancellationToken)
                ).Logs;
            }
            catch (TspmException cut) when (cut.Code is "closed")
            {
                // A request does not survive its connection; it is the follow that must.
                await Task.Yield();
            }
        }
    }

    private static bool Take(LogBatch batch, StringBuilder text)
    {
        var rest = batch.Bytes;
        var hasEnded = false;
        foreach (ref readonly var span in batch.Spans)
        {
            var bytes = rest[..(int)span.Length];
            rest = rest[(int)span.Length..];
            if (span.Stream == 0)
            {
                text.Append(Encoding.UTF8.GetString(bytes));
            }

            hasEnded |= span.Stream == 2 && bytes.IndexOf("\"run-exit\""u8) >= 0;
        }

        return hasEnded;
    }
}
