using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Tspm.Integration.Tests;

/// <summary>A command and a daemon of different versions: they work together, or say both versions.</summary>
public sealed class VersionSpecs
{
    private const byte Hello = 1;
    private const byte Welcome = 2;
    private const byte Refuse = 3;
    private const int HeaderBytes = 12;

    [Fact]
    public async Task A_daemon_of_another_protocol_ends_a_command_with_11_and_both_versions()
    {
        await using var home = new TspmHome();
        await home.DaemonPidOfStartAsync();
        var path = await home.SocketAsync();
        await home.RunAsync("shutdown");
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, 0);
        File.Delete(path);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        var command = home.RunAsync("list");

        using var client = await server.AcceptAsync(TestContext.Current.CancellationToken);
        var (kind, hello) = await ReadAsync(client);
        await SendAsync(
            client,
            Refuse,
            "{\"code\":\"version\",\"message\":\"The client speaks protocol 1 to 1, this server (version 7.0) 5 to 6.\",\"protoMin\":5,\"protoMax\":6}"
        );
        var result = await command;

        Assert.Equal(Hello, kind);
        Assert.Contains("\"protoMax\":1", hello);
        Assert.Equal(11, result.ExitCode);
        Assert.Contains("version 7.0", result.Errors);
        Assert.Contains("protocol 1 to 1", result.Errors);
        Assert.Contains("daemon upgrade", result.Errors);
    }

    [Fact]
    public async Task A_client_of_another_protocol_is_refused_with_both_versions()
    {
        await using var home = new TspmHome();
        await home.DaemonPidOfStartAsync();
        using var client = await ConnectAsync(home);

        await SendAsync(
            client,
            Hello,
            "{\"protoMin\":5,\"protoMax\":6,\"client\":\"old/9.9\",\"build\":\"b\",\"wants\":[]}"
        );
        var (kind, text) = await ReadAsync(client);

        Assert.Equal(Refuse, kind);
        Assert.Contains("\"version\"", text);
        Assert.Contains("old/9.9", text);
        Assert.Contains("5 to 6", text);
        Assert.Contains("1 to 1", text);
    }

    [Fact]
    public async Task A_client_that_knows_more_is_welcome_with_what_both_know()
    {
        await using var home = new TspmHome();
        await home.DaemonPidOfStartAsync();
        using var client = await ConnectAsync(home);

        await SendAsync(
            client,
            Hello,
            "{\"protoMin\":1,\"protoMax\":9,\"client\":\"new/9.9\",\"build\":\"b\",\"wants\":[\"telepathy\"],\"mood\":\"good\"}"
        );
        var (kind, text) = await ReadAsync(client);

        Assert.Equal(Welcome, kind);
        Assert.Contains("\"proto\":1", text);
    }

    [Fact]
    public async Task A_command_of_another_build_works_and_status_says_what_to_do()
    {
        await using var home = new TspmHome();
        await home.StartShellAsync("web", "exec sleep 100");
        home.Variables["TSPM_BUILD_ID"] = "newer";

        var list = await home.RunAsync("list", "-o", "name");
        var status = await home.RunAsync("daemon", "status");

        Assert.Equal(["default/web"], list.Lines);
        Assert.Contains("build newer", status.Output);
        Assert.Contains("daemon and keeper are of another build", status.Output);
        Assert.Contains("tspm daemon upgrade", status.Output);
    }

    private static async Task<Socket> ConnectAsync(TspmHome home)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, 0);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(await home.SocketAsync()));
        return client;
    }

    private static async Task SendAsync(Socket socket, byte kind, string json)
    {
        var payload = Encoding.UTF8.GetBytes(json);
        var frame = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        frame[4] = kind;
        payload.CopyTo(frame, HeaderBytes);
        await socket.SendAsync(frame);
    }

    private static async Task<(byte Kind, string Text)> ReadAsync(Socket socket)
    {
        var header = await FillAsync(socket, HeaderBytes);
        var payload = await FillAsync(socket, BinaryPrimitives.ReadInt32LittleEndian(header));
        return (header[4], Encoding.UTF8.GetString(payload));
    }

    private static async Task<byte[]> FillAsync(Socket socket, int length)
    {
        using var deadline = new CancellationTokenSource(TspmHome.Deadline);
        var bytes = new byte[length];
        for (var at = 0; at < length; )
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(at), deadline.Token);
            Assert.NotEqual(0, read);
            at += read;
        }

        return bytes;
    }
}
