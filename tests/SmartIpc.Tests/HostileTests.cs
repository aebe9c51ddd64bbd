using Microsoft.Extensions.Time.Testing;
using SmartIpc.Client;
using SmartIpc.Connections;
using SmartIpc.Framing;

namespace SmartIpc.Tests;

public sealed class HostileTests
{
    public static TheoryData<string, byte[]> BadBytes =>
        new()
        {
            { "no hello", RawPeer.Frame(FrameKind.Request, 1, "{}", 1) },
            { "hello too long", RawPeer.HeaderBytes(5000, FrameKind.Hello, 0) },
            { "negative length", RawPeer.HeaderBytes(-1, FrameKind.Hello, 0) },
            { "empty hello", RawPeer.HeaderBytes(0, FrameKind.Hello, 0) },
            { "hello of no JSON", RawPeer.Frame(FrameKind.Hello, 0, "hello?") },
            { "hello of a list", RawPeer.Frame(FrameKind.Hello, 0, "[1]") },
            { "a web browser", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray() },
            { "oversized", After(RawPeer.HeaderBytes(300_000, FrameKind.Request, 1, 1)) },
            {
                "oversized start",
                After(RawPeer.HeaderBytes((4 << 20) + 1, FrameKind.Request, 1, 4))
            },
            { "empty request", After(RawPeer.HeaderBytes(0, FrameKind.Request, 1, 1)) },
            { "unknown kind", After(RawPeer.Frame(FrameKind.Batch, 1, "x")) },
            { "second hello", After(RawPeer.Frame(FrameKind.Hello, 0, "{}")) },
            { "subscribe of no JSON", After(RawPeer.Frame(FrameKind.Subscribe, 1, "{\"topic\":")) },
            {
                "credit below nothing",
                After(RawPeer.Frame(FrameKind.Credit, 1, "{\"gen\":1,\"bytes\":-5}"))
            },
            { "long ping", After(RawPeer.Frame(FrameKind.Ping, 0, new string('x', 65))) },
        };

    [Theory]
    [MemberData(nameof(BadBytes))]
    public async Task A_peer_that_breaks_the_protocol_gets_bye_and_nobody_else_notices(
        string what,
        byte[] bytes
    )
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        await using var follower = new CounterFollower(client);
        var reading = follower.ReadToAsync(1000, home.Ct);
        home.Topic.Append(500);

        using var peer = new RawPeer(home.SocketPath);
        peer.Send(bytes);
        var last = await LastFrameAsync(peer, home.Ct);

        home.Topic.Append(500);
        await reading;
        Assert.Equal((FrameKind.Bye, what), (last.Kind, what));
        Assert.Contains("\"reason\":\"protocol\"", last.Text, StringComparison.Ordinal);
        Assert.Equal(
            (1000, 0, 1),
            (follower.Shown, follower.Lost, home.Server.Counters.ProtocolErrors)
        );
    }

    [Fact]
    public async Task A_frame_kind_of_the_future_is_skipped()
    {
        await using var home = new TestHome().Start();
        using var peer = new RawPeer(home.SocketPath);
        peer.SayHello();
        peer.Send(RawPeer.Frame((FrameKind)200, 5, "whatever"));
        peer.Send(RawPeer.Frame(FrameKind.Ping, 0, "there?"));

        Assert.Equal(FrameKind.Welcome, await peer.ReceiveAsync(home.Ct));
        Assert.Equal(FrameKind.Pong, await peer.ReceiveAsync(home.Ct));
        Assert.Equal("there?", peer.Text);
    }

    [Fact]
    public async Task A_request_that_cannot_be_read_is_an_error_and_the_connection_lives()
    {
        await using var home = new TestHome().Start();
        using var peer = new RawPeer(home.SocketPath);
        peer.SayHello();
        peer.Send(RawPeer.Frame(FrameKind.Request, 1, "{\"Text\":5", TestHome.Echo));
        peer.Send(RawPeer.Frame(FrameKind.Request, 2, "{\"Text\":\"x\"}", TestHome.Echo));

        Assert.Equal(FrameKind.Welcome, await peer.ReceiveAsync(home.Ct));
        Assert.Equal((FrameKind.Error, 1u), (await peer.ReceiveAsync(home.Ct), peer.Header.Id));
        Assert.Equal((FrameKind.Reply, 2u), (await peer.ReceiveAsync(home.Ct), peer.Header.Id));
    }

    [Fact]
    public async Task The_request_after_the_last_allowed_one_is_refused_as_busy()
    {
        await using var home = new TestHome().Start();
        using var peer = new RawPeer(home.SocketPath);
        peer.SayHello();
        for (var id = 1u; id <= 65; id++)
        {
            peer.Send(RawPeer.Frame(FrameKind.Request, id, "{\"Text\":\"x\"}", TestHome.Hang));
        }

        Assert.Equal(FrameKind.Welcome, await peer.ReceiveAsync(home.Ct));
        Assert.Equal((FrameKind.Error, 65u), (await peer.ReceiveAsync(home.Ct), peer.Header.Id));
        Assert.Contains("busy", peer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_closed_at_the_deadline()
    {
        await using var home = new TestHome();
        var time = new FakeTimeProvider();
        home.Options = home.Options with { TimeProvider = time };
        home.Start();
        using var peer = new RawPeer(home.SocketPath);
        peer.Send([1, 2, 3]);
        await home.WaitForAsync(() => home.Server.Counters.Accepted == 1);

        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(FrameKind.None, await peer.ReceiveAsync(home.Ct));
        Assert.Equal(1, home.Server.Counters.Timeouts);
    }

    [Fact]
    public async Task A_peer_that_takes_nothing_is_closed_after_thirty_seconds()
    {
        await using var home = new TestHome();
        var time = new FakeTimeProvider();
        home.Options = home.Options with { TimeProvider = time };
        home.Start();
        using var peer = new RawPeer(home.SocketPath);
        peer.SayHello();
        peer.Send(
            RawPeer.Frame(
                FrameKind.Subscribe,
                1,
                """{"topic":"counter","gen":1,"credit":999999999}"""
            )
        );
        home.Topic.Append(4_000_000);
        await home.WaitForAsync(() =>
            home.Server.GetPeers().Any(p => p.Subscriptions.Any(s => s.SentBytes > 100_000))
        );
        var sent = -1L;
        await home.WaitForAsync(() => sent == (sent = home.Server.Counters.BytesOut) && sent > 0);

        await home.WaitForAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return home.Seen.Has("disconnected stuck");
        });

        Assert.Equal(0, home.Server.SubscriptionCount);
    }

    [Fact]
    public async Task Another_user_is_refused()
    {
        await using var home = new TestHome();
        home.Options = home.Options with
        {
            ReadPeer = _ => new PeerCredentials(1, 4_000_000_000, 1),
        };
        home.Start();

        var error = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);

        Assert.Equal(IpcErrorCode.Peer, error.Code);
        Assert.True(home.Seen.Has("refused peer"));
    }

    [Fact]
    public async Task A_client_does_not_speak_to_a_server_of_another_user()
    {
        await using var home = new TestHome().Start();
        home.ClientOptions = home.ClientOptions with { ExpectedUid = 4_000_000_000 };

        var error = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);

        Assert.Equal(IpcErrorCode.Peer, error.Code);
        Assert.Equal(0, home.Server.Counters.Accepted);
    }

    [Fact]
    public async Task The_connection_after_the_last_allowed_one_is_refused_as_busy()
    {
        await using var home = new TestHome();
        home.Options = home.Options with { MaxConnections = 1 };
        home.Start();
        await using var client = await home.ConnectAsync();

        var error = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);

        Assert.Equal(IpcErrorCode.Busy, error.Code);
    }

    [Fact]
    public async Task The_subscription_after_the_last_allowed_one_is_refused_as_busy()
    {
        await using var home = new TestHome();
        home.Options = home.Options with { MaxSubscriptions = 1 };
        home.Start();
        await using var client = await home.ConnectAsync();
        await using var first = client.Subscribe("counter", _ => "{}"u8.ToArray());
        await using var second = client.Subscribe("counter", _ => "{}"u8.ToArray());

        using var refused = await second.ReadAsync(home.Ct);

        Assert.Equal("busy", refused.Error?.Code);
    }

    [Fact]
    public async Task A_path_longer_than_an_address_works_for_both_sides()
    {
        await using var home = new TestHome(subdirectory: new string('d', 200)).Start();
        await using var client = await home.ConnectAsync();
        using var caller = IpcCaller.Connect(home.ClientOptions);

        Assert.Equal("x", (await RequestTests.AskAsync(client, TestHome.Echo, "x")).Text);
        Assert.Equal(
            "y",
            caller
                .Request(
                    TestHome.Echo,
                    new Words("y"),
                    TestJson.Default.Words,
                    TestJson.Default.Words
                )
                .Text
        );
    }

    [Fact]
    public async Task The_socket_is_for_its_owner_only_and_takes_the_place_of_a_stale_one()
    {
        await using var home = new TestHome();
        await File.WriteAllTextAsync(home.SocketPath, "stale", home.Ct);

        home.Start();

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(home.SocketPath)
        );
        Assert.Equal(
            ["t.sock"],
            Directory
                .GetFileSystemEntries(Path.GetDirectoryName(home.SocketPath)!)
                .Select(Path.GetFileName)
        );
        await using var client = await home.ConnectAsync();
    }

    private static byte[] After(byte[] bytes) =>
        [.. RawPeer.Frame(FrameKind.Hello, 0, """{"protoMin":1,"protoMax":1}"""), .. bytes];

    private static async Task<(FrameKind Kind, string Text)> LastFrameAsync(
        RawPeer peer,
        CancellationToken ct
    )
    {
        var last = (FrameKind.None, "");
        while (await peer.ReceiveAsync(ct) is var kind and not FrameKind.None)
        {
            last = (kind, peer.Text);
        }

        return last;
    }
}
