using Microsoft.Extensions.Time.Testing;
using SmartIpc.Client;
using SmartIpc.Connections;

namespace SmartIpc.Tests;

public sealed class SubscriptionTests
{
    [Fact]
    public async Task A_follower_sees_every_number_in_order()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        home.Topic.Append(1000);

        var reading = follower.ReadToAsync(200_000, home.Ct);
        while (home.Topic.Head < 200_000)
        {
            home.Topic.Append();
        }

        await reading;
        Assert.Equal((200_000, 0), (follower.Shown, follower.Lost));
        Assert.Equal(TopicMessageKind.Subscribed, follower.Kinds[0]);
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.CaughtUp), home.Ct);
    }

    [Fact]
    public async Task A_reader_that_falls_behind_learns_the_exact_ranges_it_lost()
    {
        await using var home = new TestHome(new CounterTopic(window: 100)).Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client, credit: 2000);
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.CaughtUp), home.Ct);

        for (var i = 0; i < 10_000; i++)
        {
            home.Topic.Append(7);
        }

        await follower.ReadToAsync(70_000, home.Ct);
        follower.AssertExact();
        Assert.True(follower.Lost > 0);
    }

    [Fact]
    public async Task A_reader_that_stops_is_sent_no_more_than_its_credit_and_a_batch()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var stopped = new CounterFollower(client, credit: 10_000);
        await stopped.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.CaughtUp), home.Ct);
        await using var reader = new CounterFollower(client);

        home.Topic.Append(1_000_000);
        await reader.ReadToAsync(1_000_000, home.Ct);

        // The reader's credit may be used up for a moment, but it has been sent far more.
        var facts = home.Server.GetPeers().Single().Subscriptions.OrderBy(s => s.SentBytes).First();
        Assert.True(facts.CreditLeft <= 0);
        Assert.InRange(facts.SentBytes, 10_000, 10_000 + home.Options.MaxBatchBytes);
        await stopped.ReadToAsync(1_000_000, home.Ct);
        stopped.AssertExact();
    }

    [Fact]
    public async Task A_refused_topic_is_told_with_its_error()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var subscription = client.Subscribe("nothing", _ => "{}"u8.ToArray());

        using var refused = await subscription.ReadAsync(home.Ct);
        using var ended = await subscription.ReadAsync(home.Ct);

        Assert.Equal((TopicMessageKind.Refused, "not-found"), (refused.Kind, refused.Error?.Code));
        Assert.Equal(TopicMessageKind.Ended, ended.Kind);
        Assert.Equal(0, home.Server.SubscriptionCount);
    }

    [Fact]
    public async Task A_topic_that_fails_costs_only_its_subscription()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var subscription = client.Subscribe("broken", _ => "{}"u8.ToArray());

        using var refused = await subscription.ReadAsync(home.Ct);

        Assert.Equal("internal", refused.Error?.Code);
        Assert.Equal("on", (await RequestTests.AskAsync(client, TestHome.Echo, "on")).Text);
    }

    [Fact]
    public async Task A_topic_that_ends_is_told_after_all_it_had()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        home.Topic.Append(50);
        home.Topic.End();

        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.Ended), home.Ct);

        Assert.Equal((50, "deleted"), (follower.Shown, follower.Reason));
        await home.WaitForAsync(() =>
            home.Server.SubscriptionCount == 0 && home.Topic.OpenCursors == 0
        );
    }

    [Fact]
    public async Task Subscribing_and_unsubscribing_leaves_nothing_behind()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        for (var i = 0; i < 500; i++)
        {
            home.Topic.Append();
            var follower = new CounterFollower(client);
            _ = follower.Subscription;
            await follower.Subscription.UnsubscribeAsync(TestHome.Patience);
        }

        Assert.Equal((0, 0), (home.Server.SubscriptionCount, home.Topic.OpenCursors));
        Assert.Empty(home.Server.GetPeers().Single().Subscriptions);
    }

    [Fact]
    public async Task A_wake_between_reading_nothing_and_parking_is_not_lost()
    {
        await using var home = new TestHome();
        var left = 1000;
        home.Options = home.Options with
        {
            AfterIdleSeam = () =>
            {
                if (left-- > 0)
                {
                    home.Topic.Append();
                }
            },
        };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);

        await follower.ReadToAsync(1000, home.Ct);

        Assert.Equal(1000, follower.Shown);
    }

    [Fact]
    public async Task All_subscriptions_come_back_at_their_positions_after_the_server_was_replaced()
    {
        await using var home = new TestHome();
        home.ClientOptions = home.ClientOptions with
        {
            Reconnect = new() { Initial = TimeSpan.FromMilliseconds(1) },
        };
        home.Start();
        await using var client = await home.ConnectAsync();
        var followers = Enumerable.Range(0, 5).Select(_ => new CounterFollower(client)).ToArray();
        home.Topic.Append(1000);
        await Task.WhenAll(followers.Select((f, i) => f.ReadToAsync((i * 100) + 1, home.Ct)));

        await home.Server.DisposeAsync();
        home.Topic.Append(1000);
        home.Options = home.Options with { DaemonId = "second" };
        home.Start();
        await Task.WhenAll(followers.Select(f => f.ReadToAsync(2000, home.Ct)));

        foreach (var follower in followers)
        {
            Assert.Equal((2000, 0), (follower.Shown, follower.Lost));
            Assert.True(follower.HasDaemonChanged);
            Assert.Equal([1u, 2u], follower.Gens);
        }
    }

    [Fact]
    public async Task A_quiet_subscription_hears_where_the_head_is()
    {
        await using var home = new TestHome();
        var time = new FakeTimeProvider();
        home.Options = home.Options with { TimeProvider = time };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        home.Topic.Append(3);
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.CaughtUp), home.Ct);

        time.Advance(TimeSpan.FromSeconds(5));
        await follower.ReadUntilAsync(f => f.Bookmarks == 1, home.Ct);

        Assert.Equal((3, 3), (follower.HeadTold, follower.Position));
    }

    [Fact]
    public async Task A_stop_tells_why_and_when_to_come_back()
    {
        await using var home = new TestHome();
        var changes = new List<ConnectionChange>();
        home.ClientOptions = home.ClientOptions with { OnConnectionChange = changes.Add };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        _ = follower.Subscription;

        await home.Server.StopAsync(
            ByeReason.Handover,
            "A new one comes.",
            TimeSpan.FromSeconds(7)
        );
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.Detached), home.Ct);

        Assert.Equal("handover", follower.Reason);
        var waiting = changes.Single(change => change.State == ConnectionState.Waiting);
        Assert.Equal(("handover", TimeSpan.FromSeconds(7)), (waiting.Reason, waiting.RetryIn));
        Assert.False(File.Exists(home.SocketPath));
    }
}
