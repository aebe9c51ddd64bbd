using System.Net.Sockets;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Daemon.Keeper;

namespace Tspm.Daemon.Tests;

/// <summary>A connection to a keeper that ends under those who use it.</summary>
public sealed class KeeperConnectionTests
{
    [Fact]
    public async Task Who_comes_after_the_end_is_told_that_the_keeper_is_gone()
    {
        using var folder = new TempFolder();
        var home = HomePaths.At(folder["home"]);
        Directory.CreateDirectory(home.Machine);
        using var keeper = new Socket(AddressFamily.Unix, SocketType.Stream, default);
        keeper.Bind(new UnixDomainSocketEndPoint(home.KeeperSocket));
        keeper.Listen();
        var connection = await KeeperConnection.ConnectAsync(
            home,
            TimeProvider.System,
            TimeSpan.FromSeconds(10),
            new KeeperEvents(() => { }, (_, _) => { }, () => { }),
            TestContext.Current.CancellationToken
        );
        var frame = new ControlWriter().Finish(ControlKind.Ping, 1);

        await connection.DisposeAsync();

        // One by one what the daemon may be about to do when the keeper dies.
        await Assert.ThrowsAsync<KeeperGoneException>(() =>
            connection.SendAsync(frame, TestContext.Current.CancellationToken)
        );
        await Assert.ThrowsAsync<KeeperGoneException>(() =>
            connection.SendAsync(frame, [0], TestContext.Current.CancellationToken)
        );
        await Assert.ThrowsAsync<KeeperGoneException>(() =>
            connection.AskAsync(_ => frame, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Pings_are_answered_and_the_end_of_the_keeper_is_told()
    {
        using var folder = new TempFolder();
        var home = HomePaths.At(folder["home"]);
        Directory.CreateDirectory(home.Machine);
        using var keeper = new Socket(AddressFamily.Unix, SocketType.Stream, default);
        keeper.Bind(new UnixDomainSocketEndPoint(home.KeeperSocket));
        keeper.Listen();
        var ct = TestContext.Current.CancellationToken;
        await using var connection = await KeeperConnection.ConnectAsync(
            home,
            TimeProvider.System,
            TimeSpan.FromSeconds(10),
            new KeeperEvents(() => { }, (_, _) => { }, () => { }),
            ct
        );
        var side = await keeper.AcceptAsync(ct);

        foreach (var id in (uint[])[7, 8])
        {
            await side.SendAsync(new ControlWriter().Finish(ControlKind.Ping, id), ct);
            var answer = new byte[ControlFrame.HeaderBytes];
            await new NetworkStream(side).ReadExactlyAsync(answer, ct);
            Assert.True(ControlFrame.TryRead(answer, out var frame));
            Assert.Equal((ControlKind.Pong, id), (frame.Kind, frame.Id));
        }

        side.Dispose();

        Assert.Equal("it closed the connection", await connection.Ended.WaitAsync(ct));
    }
}
