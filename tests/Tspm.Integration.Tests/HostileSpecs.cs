using System.Buffers.Binary;
using System.Net.Sockets;

namespace Tspm.Integration.Tests;

/// <summary>Bad input on the real socket: that connection closes, a follower beside it goes on.</summary>
public sealed class HostileSpecs
{
    public static TheoryData<string, string> Attacks =>
        new()
        {
            { "a frame of no length", "00000000" },
            { "a frame of 4 GiB", "FFFFFFFF0100000000000000" },
            { "text", Convert.ToHexString("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8) },
            { "zeroes", new string('0', 8192) },
            { "a hello that is no JSON", "0C00000001000000000000007B7B7B7B" },
        };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_bad_frame_ends_its_connection_and_no_other(string what, string bytes)
    {
        await using var home = new TspmHome();
        await home.RunAsync(
            "start",
            "--name",
            "web",
            "--",
            "/bin/sh",
            "-c",
            "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.02; done"
        );
        var follow = home.StartFollow("logs", "web", "-f", "-n", "all", "--no-events");
        await follow.ReadUntilAsync("line 3");
        var status = await home.JsonAsync("daemon", "status", "--json");

        using var socket = Connect(status.GetProperty("socket").GetString()!);
        await SendAsync(socket, Convert.FromHexString(bytes));
        var closed = await IsClosedAsync(socket);
        var lines = await follow.ReadUntilAsync("line 30");

        Assert.True(closed, what);
        Assert.Equal(Enumerable.Range(4, 27).Select(i => $"line {i}"), lines);
        Assert.Equal(status.GetProperty("pid").GetInt32(), await home.DaemonPidAsync());
    }

    [Fact]
    public async Task A_client_that_hangs_up_in_the_middle_of_a_frame_disturbs_nobody()
    {
        await using var home = new TspmHome();
        await home.RunAsync("daemon", "start");
        var status = await home.JsonAsync("daemon", "status", "--json");
        var path = status.GetProperty("socket").GetString()!;

        for (var length = 1; length < 12; length++)
        {
            using var socket = Connect(path);
            var frame = new byte[12];
            BinaryPrimitives.WriteInt32LittleEndian(frame, 100);
            await SendAsync(socket, frame.AsMemory(0, length));
        }

        Assert.Equal(status.GetProperty("pid").GetInt32(), await home.DaemonPidAsync());
    }

    private static Socket Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException refused)
            when (refused.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset)
        {
            // It was closed while we were still talking: that is what is asked of it.
        }
    }

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) > 0)
            {
                // A bye with its reason may come first.
            }

            return true;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }
}
