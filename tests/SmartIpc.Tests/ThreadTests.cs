using SmartIpc.Client;
using SmartIpc.Connections;

namespace SmartIpc.Tests;

/// <summary>On which thread a frame is filled and read.</summary>
public sealed class ThreadTests
{
    [Fact]
    public async Task A_thread_serves_what_it_wakes_at_the_end_of_its_turn_and_the_pool_the_rest()
    {
        await using var home = new TestHome();
        var idles = new List<int>();
        home.Options = home.Options with
        {
            AfterIdleSeam = () =>
            {
                lock (idles)
                {
                    idles.Add(Environment.CurrentManagedThreadId);
                }
            },
        };
        home.Start();
        await using var crowd = await Crowd.MakeAsync(home, HeldPumps.Most + 2);
        var pumps = new HeldPumps();

        var own = await OnThreadAsync(() =>
        {
            pumps.Hold();
            home.Topic.Append(5);
            pumps.Run();
        });
        await crowd.ReadToAsync(5, home.Ct);
        await home.WaitForAsync(() => home.Server.AreParked);
        var served = idles.Count(id => id == own);
        var handing = await OnThreadAsync(() =>
        {
            pumps.Hold();
            home.Topic.Append(5);
            pumps.HandOver();
            home.Topic.Append(5);
        });
        await crowd.ReadToAsync(15, home.Ct);

        Assert.Equal(HeldPumps.Most, served);
        Assert.DoesNotContain(handing, idles);
    }

    [Fact]
    public async Task A_thread_that_serves_is_not_held_up_by_readers_that_take_nothing()
    {
        await using var home = new TestHome().Start();
        await using var crowd = await Crowd.MakeAsync(home, 2);
        var pumps = new HeldPumps();

        await OnThreadAsync(() =>
        {
            pumps.Hold();
            home.Topic.Append(1_000_000);
            pumps.Run();
        });

        await crowd.ReadToAsync(1_000_000, home.Ct);
    }

    [Fact]
    public async Task Turns_held_served_and_handed_over_lose_no_wake()
    {
        await using var home = new TestHome().Start();
        await using var crowd = await Crowd.MakeAsync(home, 6);
        const int each = 30_000;

        var appending = Enumerable
            .Range(0, 3)
            .Select(way =>
                OnThreadAsync(() =>
                {
                    var pumps = new HeldPumps();
                    for (var i = 0; i < each; i++)
                    {
                        if (way > 0)
                        {
                            pumps.Hold();
                        }

                        home.Topic.Append();
                        (way == 1 ? (Action)pumps.Run : pumps.HandOver)();
                    }
                })
            )
            .ToArray();
        await crowd.ReadToAsync(3 * each, home.Ct);

        await Task.WhenAll(appending);
    }

    [Fact]
    public async Task A_reader_goes_on_in_the_receive_loop_where_the_client_says_so()
    {
        await using var home = new TestHome();
        home.ClientOptions = home.ClientOptions with { RunsReaderInline = bytes => bytes < 1_000 };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.CaughtUp), home.Ct);

        var small = await ReadOneAsync(follower, home, 5);
        var large = await ReadOneAsync(follower, home, 300);

        Assert.Equal((false, true), (small, large));
        Assert.Equal("x", (await RequestTests.AskAsync(client, TestHome.Echo, "x")).Text);
    }

    /// <summary>True if the pool woke the reader.</summary>
    private static async Task<bool> ReadOneAsync(CounterFollower follower, TestHome home, int count)
    {
        var reading = WhereAsync();
        Assert.False(reading.IsCompleted);
        home.Topic.Append(count);
        return await reading;

        async Task<bool> WhereAsync()
        {
            using var message = await follower
                .Subscription.ReadAsync(home.Ct)
                .ConfigureAwait(false);
            return Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    /// <summary>The id of the thread that did it.</summary>
    private static Task<int> OnThreadAsync(Action work) =>
        Task.Factory.StartNew(
            () =>
            {
                work();
                return Environment.CurrentManagedThreadId;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );

    /// <summary>Followers that are caught up, each with a connection of its own.</summary>
    private sealed class Crowd : IAsyncDisposable
    {
        private readonly List<(IpcClient Client, CounterFollower Follower)> _members = [];

        public static async Task<Crowd> MakeAsync(TestHome home, int count)
        {
            var crowd = new Crowd();
            for (var i = 0; i < count; i++)
            {
                var client = await home.ConnectAsync();
                var follower = new CounterFollower(client);
                crowd._members.Add((client, follower));
                await follower.ReadUntilAsync(
                    f => f.Kinds.Contains(TopicMessageKind.CaughtUp),
                    home.Ct
                );
            }

            await home.WaitForAsync(() => home.Server.AreParked);
            return crowd;
        }

        public async Task ReadToAsync(long position, CancellationToken ct)
        {
            await Task.WhenAll(_members.Select(m => m.Follower.ReadToAsync(position, ct)));
            Assert.All(
                _members,
                m => Assert.Equal((position, 0), (m.Follower.Shown, m.Follower.Lost))
            );
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var (client, follower) in _members)
            {
                await follower.DisposeAsync();
                await client.DisposeAsync();
            }
        }
    }
}
