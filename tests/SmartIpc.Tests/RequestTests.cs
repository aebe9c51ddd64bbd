using SmartIpc.Client;
using SmartIpc.Framing;

namespace SmartIpc.Tests;

public sealed class RequestTests
{
    [Fact]
    public async Task A_request_gets_its_reply()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var reply = await AskAsync(client, TestHome.Echo, "hello");

        Assert.Equal("hello", reply.Text);
        Assert.Equal("first", client.Welcome?.DaemonId);
        Assert.Equal(1, home.Server.Counters.Requests);
    }

    [Fact]
    public async Task Many_requests_at_once_each_get_their_own_reply()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var replies = await Task.WhenAll(
            Enumerable
                .Range(0, 500)
                .Select(i => Task.Run(() => AskAsync(client, TestHome.Echo, $"{i}"), home.Ct))
        );

        Assert.Equal(
            Enumerable.Range(0, 500).Select(i => $"{i}"),
            replies.Select(reply => reply.Text)
        );
    }

    [Fact]
    public async Task An_error_comes_with_code_message_and_hint()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var error = await Assert.ThrowsAsync<IpcRequestException>(() =>
            AskAsync(client, TestHome.Fail, "x")
        );

        Assert.Equal(
            ("not-found", "No such thing.", "try list"),
            (error.Code, error.Message, error.Hint)
        );
    }

    [Fact]
    public async Task A_handler_that_throws_fails_only_its_request()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var error = await Assert.ThrowsAsync<IpcRequestException>(() =>
            AskAsync(client, TestHome.Fail, "throw")
        );

        Assert.Equal("internal", error.Code);
        Assert.True(home.Seen.Has("failed fail"));
        Assert.Equal("still", (await AskAsync(client, TestHome.Echo, "still")).Text);
    }

    [Fact]
    public async Task An_unknown_method_is_an_error()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var error = await Assert.ThrowsAsync<IpcRequestException>(() => AskAsync(client, 999, "x"));

        Assert.Equal("unknown-method", error.Code);
    }

    [Fact]
    public async Task A_request_that_times_out_is_cancelled_at_the_server()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        var error = await Assert.ThrowsAsync<IpcException>(() =>
            client.RequestAsync(
                TestHome.Hang,
                new Words("x"),
                TestJson.Default.Words,
                TestJson.Default.Words,
                TimeSpan.FromMilliseconds(1),
                home.Ct
            )
        );

        Assert.Equal(IpcErrorCode.Timeout, error.Code);
        await home.HangCancelled.Task.WaitAsync(home.Ct);
    }

    [Fact]
    public async Task A_cancelled_request_is_cancelled_at_the_server()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var asking = client.RequestAsync(
            TestHome.Hang,
            new Words("x"),
            TestJson.Default.Words,
            TestJson.Default.Words,
            ct: cancel.Token
        );
        await home.HangStarted.Task.WaitAsync(home.Ct);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await home.HangCancelled.Task.WaitAsync(home.Ct);
    }

    [Fact]
    public async Task A_handler_is_told_when_its_client_goes()
    {
        await using var home = new TestHome().Start();
        var client = await home.ConnectAsync();
        var asking = AskAsync(client, TestHome.Hang, "x");
        await home.HangStarted.Task.WaitAsync(home.Ct);

        await client.DisposeAsync();

        await home.HangCancelled.Task.WaitAsync(home.Ct);
        Assert.Equal(
            IpcErrorCode.Closed,
            (await Assert.ThrowsAsync<IpcException>(() => asking)).Code
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20_000)]
    [InlineData(3_000_000)]
    public async Task A_binary_reply_arrives_whole(int length)
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        using var reply = await client.RequestBinaryAsync(
            TestHome.Blob,
            new Words($"{length}"),
            TestJson.Default.Words,
            ct: home.Ct
        );

        Assert.Equal(length, reply.Length);
    }

    [Fact]
    public async Task A_request_for_another_connection_than_the_one_there_is_fails_as_closed()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();
        var now = client.ConnectionNumber;

        var error = await Assert.ThrowsAsync<IpcException>(() => AskAsync(now + 1));
        using var reply = await AskAsync(now);

        Assert.Equal(1, now);
        Assert.Equal(IpcErrorCode.Closed, error.Code);
        Assert.Equal(5, reply.Length);

        Task<FrameLease> AskAsync(long connection) =>
            client.RequestBinaryAsync(
                TestHome.Blob,
                new Words("5"),
                TestJson.Default.Words,
                connection: connection,
                ct: home.Ct
            );
    }

    [Fact]
    public async Task A_notify_arrives_and_is_not_answered()
    {
        await using var home = new TestHome().Start();
        await using var client = await home.ConnectAsync();

        await client.NotifyAsync(TestHome.Tell, new Words("news"), TestJson.Default.Words, home.Ct);

        Assert.Equal("news True test/1", await home.Told.Task.WaitAsync(home.Ct));
        await AskAsync(client, TestHome.Echo, "after");
        Assert.Equal((1, 1), (home.Server.Counters.Notifies, home.Server.Counters.Requests));
    }

    [Fact]
    public async Task A_blocking_caller_asks_without_a_loop()
    {
        await using var home = new TestHome().Start();
        using var caller = IpcCaller.Connect(home.ClientOptions);

        var first = caller.Request(
            TestHome.Echo,
            new Words("a"),
            TestJson.Default.Words,
            TestJson.Default.Words
        );
        var second = caller.Request(
            TestHome.Echo,
            new Words("b"),
            TestJson.Default.Words,
            TestJson.Default.Words
        );
        using var blob = caller.RequestBinary(
            TestHome.Blob,
            new Words("300000"),
            TestJson.Default.Words
        );

        Assert.Equal(("a", "b", 300_000), (first.Text, second.Text, blob.Length));
        Assert.Equal("first", caller.Welcome?.DaemonId);
    }

    [Fact]
    public async Task A_blocking_caller_gives_up_after_its_timeout()
    {
        await using var home = new TestHome().Start();
        using var caller = IpcCaller.Connect(home.ClientOptions);

        var error = Assert.Throws<IpcException>(() =>
            caller.Request(
                TestHome.Hang,
                new Words("a"),
                TestJson.Default.Words,
                TestJson.Default.Words,
                TimeSpan.FromMilliseconds(50)
            )
        );

        Assert.Equal(IpcErrorCode.Timeout, error.Code);
    }

    [Fact]
    public async Task Without_a_server_the_code_is_not_running()
    {
        await using var home = new TestHome();

        var blocking = Assert.Throws<IpcException>(() => IpcCaller.Connect(home.ClientOptions));
        var error = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);

        Assert.Equal(
            (IpcErrorCode.NotRunning, IpcErrorCode.NotRunning),
            (blocking.Code, error.Code)
        );
    }

    [Fact]
    public async Task A_server_of_another_protocol_refuses_with_version()
    {
        await using var home = new TestHome();
        home.Options = home.Options with { ProtocolMin = 7, ProtocolMax = 9 };
        home.Start();

        var error = await Assert.ThrowsAsync<IpcException>(home.ConnectAsync);
        using var caller = IpcCaller.Connect(home.ClientOptions);
        var blocking = Assert.Throws<IpcException>(() =>
            caller.Request(
                TestHome.Echo,
                new Words("a"),
                TestJson.Default.Words,
                TestJson.Default.Words
            )
        );

        Assert.Equal((IpcErrorCode.Version, IpcErrorCode.Version), (error.Code, blocking.Code));
    }

    internal static Task<Words> AskAsync(IpcClient client, ushort method, string text) =>
        client.RequestAsync(
            method,
            new Words(text),
            TestJson.Default.Words,
            TestJson.Default.Words
        );
}
