using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SmartIpc.Client;
using SmartIpc.Framing;

namespace SmartIpc.Tests;

public sealed class ReconnectTests
{
    private static readonly ReconnectPolicy Policy = new();

    [Theory]
    [InlineData(1, false)]
    [InlineData(150, false)]
    [InlineData(1_000, false)]
    [InlineData(77_777, false)]
    [InlineData(1, true)]
    [InlineData(77_777, true)]
    public async Task A_connection_cut_anywhere_loses_and_doubles_nothing(int step, bool isInline)
    {
        await using var home = new TestHome().Start();
        var path = home.SocketPath + ".proxy";
        // Past the welcome at least, further each time, whole at last.
        await using var proxy = new FaultProxy(
            path,
            home.SocketPath,
            n => n < 20 ? new Fault(CutDownAfter: 300 + ((long)n * step)) : Fault.None
        );
        home.ClientOptions = home.ClientOptions with
        {
            SocketPath = path,
            Reconnect = new() { Initial = TimeSpan.FromMilliseconds(1), Factor = 1 },
            RunsReaderInline = isInline ? bytes => bytes < 2_000 : null,
        };
        await using var client = await home.ConnectAsync();
        var followers = Enumerable
            .Range(0, 3)
            .Select(_ => new CounterFollower(client, 50_000))
            .ToArray();

        var reading = Task.WhenAll(followers.Select(f => f.ReadToAsync(100_000, home.Ct)));
        while (home.Topic.Head < 100_000)
        {
            home.Topic.Append(100);
        }

        await reading;
        Assert.All(followers, f => Assert.Equal((100_000, 0), (f.Shown, f.Lost)));
        Assert.True(proxy.Accepted > 1);
        await Task.WhenAll(followers.Select(f => f.DisposeAsync().AsTask()));
    }

    [Theory]
    [InlineData("handover", IpcErrorCode.ShuttingDown)]
    [InlineData("stop", IpcErrorCode.ShuttingDown)]
    [InlineData("idle", IpcErrorCode.ShuttingDown)]
    [InlineData("protocol", IpcErrorCode.Protocol)]
    public async Task A_server_that_says_bye_before_welcome_is_ending(string reason, string code)
    {
        await using var home = new TestHome();
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified
        );
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(home.SocketPath));
        listener.Listen(3);
        var bye = RawPeer.Frame(
            FrameKind.Bye,
            0,
            $$"""{"reason":"{{reason}}","message":"gone","retryAfterMs":50}"""
        );
        var serving = Task.Run(
            async () =>
            {
                for (var i = 0; i < 3; i++)
                {
                    using var peer = await listener.AcceptAsync(home.Ct);
                    await peer.SendAsync(bye, home.Ct);
                    peer.Shutdown(System.Net.Sockets.SocketShutdown.Send);
                    // Until the client is done: a close with its hello unread would reset the connection.
                    while (await peer.ReceiveAsync(new byte[4096], home.Ct) > 0) { }
                }
            },
            home.Ct
        );

        var refused = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);
        var asked = Assert.Throws<IpcException>(() =>
        {
            using var caller = IpcCaller.Connect(home.ClientOptions);
            caller.Request(
                TestHome.Echo,
                new Words("x"),
                TestJson.Default.Words,
                TestJson.Default.Words
            );
        });

        home.ClientOptions = home.ClientOptions with { RunsReaderInline = _ => true };
        var inline = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);

        Assert.Equal((code, "gone"), (inline.Code, inline.Message));
        Assert.Equal((code, code), (refused.Code, asked.Code));
        Assert.Equal(("gone", "gone"), (refused.Message, asked.Message));
        Assert.Equal(TimeSpan.FromMilliseconds(50), refused.RetryAfter);
        await serving;
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_pinged_and_then_dropped()
    {
        await using var home = new TestHome();
        var time = new FakeTimeProvider();
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified
        );
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(home.SocketPath));
        listener.Listen(1);
        home.ClientOptions = home.ClientOptions with { TimeProvider = time };
        var connecting = home.ConnectAsync();
        using var server = await listener.AcceptAsync(home.Ct);
        await server.SendAsync(
            RawPeer.Frame(Framing.FrameKind.Welcome, 0, """{"proto":1,"daemonId":"x"}"""),
            home.Ct
        );
        await using var client = await connecting;
        var heard = new byte[4096];
        var hello = await server.ReceiveAsync(heard, home.Ct);

        time.Advance(TimeSpan.FromSeconds(15));
        var count = await server.ReceiveAsync(heard, home.Ct);
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.True(hello > 0);
        Assert.Equal((byte)Framing.FrameKind.Ping, heard[4]);
        Assert.Equal(Framing.FrameHeader.Size + 7, count);
        await home.WaitForAsync(() => client.State == ConnectionState.Waiting);
    }

    [Fact]
    public async Task A_client_without_reconnection_closes_and_ends_its_subscriptions()
    {
        await using var home = new TestHome();
        home.ClientOptions = home.ClientOptions with { Reconnect = ReconnectPolicy.None };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        _ = follower.Subscription;

        await home.Server.DisposeAsync();
        await follower.ReadUntilAsync(f => f.Kinds.Contains(TopicMessageKind.Ended), home.Ct);

        Assert.Equal((ConnectionState.Closed, "stop"), (client.State, follower.Reason));
    }

    [Fact]
    public async Task A_waiting_client_goes_on_when_the_server_comes()
    {
        await using var home = new TestHome();
        var waiting = IpcClient.WaitForServerAsync(
            home.SocketPath,
            TestHome.Patience,
            TimeProvider.System,
            home.Ct
        );

        home.Start();

        await waiting;
    }

    [Fact]
    public void Waits_grow_to_the_cap_and_start_again_after_a_stable_connection()
    {
        var facts = Run(ConnectionFacts.Initial, new(ConnectionEventKind.Start, default));
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            facts = Run(facts, new(ConnectionEventKind.Failed, default, "not-running"));
            waits.Add(facts.RetryIn.TotalMilliseconds);
            facts = Run(facts, new(ConnectionEventKind.RetryDue, default));
        }

        facts = Run(facts, new(ConnectionEventKind.Connected, default));
        facts = Run(facts, new(ConnectionEventKind.Welcomed, default, DaemonId: "a"));
        facts = Run(facts, new(ConnectionEventKind.Lost, TimeSpan.FromSeconds(11), "closed"));

        Assert.Equal([200, 400, 800, 1600, 3200, 5000, 5000, 5000], waits);
        Assert.Equal(
            (ConnectionState.Waiting, 100),
            (facts.State, facts.RetryIn.TotalMilliseconds)
        );
    }

    [Fact]
    public void Another_version_or_user_ends_the_client_for_good()
    {
        var facts = Run(ConnectionFacts.Initial, new(ConnectionEventKind.Start, default));
        facts = Run(facts, new(ConnectionEventKind.Connected, default));

        Assert.Equal(
            ConnectionState.Closed,
            Run(facts, new(ConnectionEventKind.Failed, default, IpcErrorCode.Version)).State
        );
        Assert.Equal(
            ConnectionState.Closed,
            Run(facts, new(ConnectionEventKind.Failed, default, IpcErrorCode.Peer)).State
        );
    }

    [Fact]
    public void Whatever_happens_the_machine_keeps_its_rules() => CheckRules(facts => facts);

    [Fact]
    public void A_machine_that_takes_another_server_for_the_same_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            CheckRules(facts => facts with { HasDaemonChanged = false })
        );

    [Fact]
    public void A_machine_that_comes_back_from_the_end_is_caught() =>
        Assert.ThrowsAny<Exception>(() =>
            CheckRules(facts =>
                facts.State == ConnectionState.Closed
                    ? facts with
                    {
                        State = ConnectionState.Waiting,
                    }
                    : facts
            )
        );

    // An end that comes early hides everything that could come after it.
    private static readonly Gen<ConnectionEventKind> Kinds = Gen.Frequency(
        (40, Gen.Enum<ConnectionEventKind>().Where(kind => kind != ConnectionEventKind.Stop)),
        (1, Gen.Const(ConnectionEventKind.Stop))
    );

    private static void CheckRules(Func<ConnectionFacts, ConnectionFacts> breaks) =>
        Gen.Select(Kinds, Gen.Int[0, 20_000], Gen.Double[0, 1], Gen.Bool)
            .Array[0, 80]
            .Sample(
                events =>
                {
                    var facts = ConnectionFacts.Initial;
                    var now = TimeSpan.Zero;
                    foreach (var (kind, later, roll, isOther) in events)
                    {
                        now += TimeSpan.FromMilliseconds(later);
                        var daemon = isOther ? "b" : "a";
                        var happened = new ConnectionEvent(
                            kind,
                            now,
                            "closed",
                            daemon,
                            default,
                            roll
                        );
                        var (next, actions) = ConnectionMachine.Step(facts, happened, Policy);
                        next = breaks(next);
                        AssertRules(facts, happened, next, actions);
                        facts = next;
                    }
                },
                iter: 1_000
            );

    private static void AssertRules(
        in ConnectionFacts before,
        in ConnectionEvent happened,
        in ConnectionFacts after,
        ConnectionActions actions
    )
    {
        Assert.Equal(
            after.State == ConnectionState.Up && before.State != ConnectionState.Up,
            actions.HasFlag(ConnectionActions.ResumeSubscriptions)
        );
        Assert.Equal(
            before.State == ConnectionState.Up && after.State == ConnectionState.Waiting,
            actions.HasFlag(ConnectionActions.DetachSubscriptions)
        );
        Assert.Equal(before.State != after.State, actions.HasFlag(ConnectionActions.Tell));
        Assert.InRange(after.RetryIn, TimeSpan.Zero, Policy.Cap * (1 + Policy.Jitter));
        if (before.State == ConnectionState.Closed)
        {
            Assert.Equal(before, after);
        }

        if (actions.HasFlag(ConnectionActions.ResumeSubscriptions))
        {
            Assert.Equal(
                before.DaemonId is not null && before.DaemonId != happened.DaemonId,
                after.HasDaemonChanged
            );
        }
    }

    private static ConnectionFacts Run(in ConnectionFacts facts, in ConnectionEvent happened) =>
        ConnectionMachine.Step(facts, happened, Policy).Facts;
}
