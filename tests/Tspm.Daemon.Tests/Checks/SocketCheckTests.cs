using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tspm.Daemon.Supervision.Checks;

namespace Tspm.Daemon.Tests.Checks;

/// <summary>Looks over sockets of this machine.</summary>
public sealed class SocketCheckTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", null)]
    [InlineData("HTTP/1.0 302 Found\r\n", null)]
    [InlineData("HTTP/1.1 503 Unavailable\r\n", "status 503")]
    [InlineData("HTTP/1.1 99", "the answer is not HTTP")]
    [InlineData("SSH-2.0-x\r\n", "the answer is not HTTP")]
    [InlineData("", "the answer is not HTTP")]
    public void A_status_line_is_judged(string answer, string? expected) =>
        Assert.Equal(expected, TcpCheck.Judge(Encoding.ASCII.GetBytes(answer)));

    [Fact]
    public async Task A_get_asks_for_the_path_and_reads_the_status()
    {
        using var listener = Listen(out var port);
        var check = Check($"http://127.0.0.1:{port}/health?deep=1");

        var look = check.LookAsync(Timeout, TestContext.Current.CancellationToken);
        using var peer = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        var request = new byte[1024];
        var length = await peer.ReceiveAsync(request, TestContext.Current.CancellationToken);
        await peer.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());

        Assert.Null(await look);
        Assert.StartsWith(
            $"GET /health?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n",
            Encoding.ASCII.GetString(request, 0, length),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_not_well()
    {
        int port;
        using (Listen(out port))
        {
            // Only to find a free one.
        }

        var reason = await Check($"tcp:127.0.0.1:{port}")
            .LookAsync(Timeout, TestContext.Current.CancellationToken);

        Assert.StartsWith($"127.0.0.1:{port}: ", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_the_time_out()
    {
        using var listener = Listen(out var port);
        var time = new FakeTimeProvider();
        _ = CheckTarget.TryParse($"http://127.0.0.1:{port}/", out var target);

        var look = new TcpCheck(target, time).LookAsync(
            TimeSpan.FromSeconds(1),
            TestContext.Current.CancellationToken
        );
        using var peer = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal($"127.0.0.1:{port}: no answer within 1000 ms", await look);
    }

    [Fact]
    public async Task A_program_tells_its_readiness_and_signs_of_life()
    {
        using var folder = new TempFolder();
        var path = folder["notify.1"];
        Assert.Null(NotifySocket.TryOpen(path, out var opened));
        await using var socket = opened!; // there whenever nothing is wrong
        using var program = new Socket(
            AddressFamily.Unix,
            SocketType.Dgram,
            ProtocolType.Unspecified
        );
        await program.ConnectAsync(
            new UnixDomainSocketEndPoint(path),
            TestContext.Current.CancellationToken
        );

        Assert.NotNull(await socket.LookAsync(Timeout, TestContext.Current.CancellationToken));
        await program.SendAsync("STATUS=loading"u8.ToArray());
        await program.SendAsync("STATUS=up\nREADY=1\n"u8.ToArray());
        await socket.Ready.WaitAsync(Timeout, TestContext.Current.CancellationToken);

        Assert.Null(await socket.LookAsync(Timeout, TestContext.Current.CancellationToken));
        Assert.NotNull(await socket.LookAsync(Timeout, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_home_with_a_path_that_no_socket_can_have_is_refused()
    {
        var fault = NotifySocket.TryOpen($"/tmp/{new string('x', 110)}", out _);

        Assert.Contains("more than 107 bytes", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_well_if_it_ends_with_0_and_is_killed_at_its_deadline()
    {
        var ct = TestContext.Current.CancellationToken;
        var spec = Records.Spec("/bin/true") with { Cwd = "/tmp", Env = ["A=b"] };

        Assert.Null(await Exec("test \"$A$TSPM_PID\" = b7").LookAsync(Timeout, ct));
        Assert.Equal("exited with code 3", await Exec("exit 3").LookAsync(Timeout, ct));
        Assert.Equal("was killed by signal 9", await Exec("kill -9 $$").LookAsync(Timeout, ct));
        Assert.Equal(
            "took longer than 50 ms",
            await Exec("sleep 1000 & wait").LookAsync(TimeSpan.FromMilliseconds(50), ct)
        );

        ExecCheck Exec(string line) => new(new CheckTarget(CheckKind.Exec, line), spec, 7);
    }

    private static TcpCheck Check(string text)
    {
        Assert.Null(CheckTarget.TryParse(text, out var target));
        return new TcpCheck(target, TimeProvider.System);
    }

    private static Socket Listen(out int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        port = ((IPEndPoint)listener.LocalEndPoint!).Port; // bound above
        return listener;
    }
}
