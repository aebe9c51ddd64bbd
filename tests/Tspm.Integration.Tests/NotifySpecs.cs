using System.Net.Sockets;
using System.Text;

namespace Tspm.Integration.Tests;

/// <summary>The keeper as systemd sees it: READY, STATUS, WATCHDOG, STOPPING on a socket of a test.</summary>
public sealed class NotifySpecs
{
    private const int SigTerm = 15;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_keeper_tells_systemd_how_it_is(bool isAbstract)
    {
        await using var home = new TspmHome();
        using var systemd = new FakeSystemd(isAbstract);
        home.Variables["NOTIFY_SOCKET"] = systemd.Name;
        home.Variables["WATCHDOG_USEC"] = "3000000";
        var keeper = home.StartKeeper();

        var ready = await systemd.ReadUntilAsync("READY=1");

        Assert.Contains($"MAINPID={keeper.Id}", ready);
        await systemd.ReadUntilAsync("WATCHDOG=1");
        var status = await systemd.ReadUntilAsync("STATUS=");
        Assert.Contains("programs", status);
        await systemd.ReadUntilAsync("WATCHDOG=1");
        TspmHome.Signal(keeper.Id, SigTerm);
        var stopping = await systemd.ReadUntilAsync("STOPPING=1");
        Assert.Contains("EXTEND_TIMEOUT_USEC=", stopping);
        await keeper.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, keeper.ExitCode);
    }

    [Fact]
    public async Task Nothing_of_it_reaches_programs_or_the_daemon()
    {
        await using var home = new TspmHome();
        using var systemd = new FakeSystemd(isAbstract: false);
        home.Variables["NOTIFY_SOCKET"] = systemd.Name;
        home.Variables["WATCHDOG_USEC"] = "60000000";
        var keeper = home.StartKeeper();
        await systemd.ReadUntilAsync("READY=1");

        var printed = await home.RunAsync("run", "--", "/usr/bin/env");
        var daemon = await File.ReadAllTextAsync(
            $"/proc/{await home.DaemonPidAsync()}/environ",
            TestContext.Current.CancellationToken
        );

        Assert.Contains("TSPM_RUN=", printed.Output);
        foreach (var text in new[] { printed.Output, daemon })
        {
            Assert.DoesNotContain("NOTIFY_SOCKET", text);
            Assert.DoesNotContain("WATCHDOG_USEC", text);
        }
    }

    /// <summary>A datagram socket as systemd has one.</summary>
    private sealed class FakeSystemd : IDisposable
    {
        private readonly Socket _socket = new(
            AddressFamily.Unix,
            SocketType.Dgram,
            ProtocolType.Unspecified
        );

        public FakeSystemd(bool isAbstract)
        {
            var name = $"tspm-{Guid.NewGuid():N}";
            Name = isAbstract ? "@" + name : Path.Join(Path.GetTempPath(), name);
            _socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name : Name));
        }

        public string Name { get; }

        public async Task<string> ReadUntilAsync(string text)
        {
            using var deadline = new CancellationTokenSource(TspmHome.Deadline);
            var bytes = new byte[4096];
            while (true)
            {
                var length = await _socket.ReceiveAsync(bytes, SocketFlags.None, deadline.Token);
                var told = Encoding.UTF8.GetString(bytes, 0, length);
                if (told.Contains(text, StringComparison.Ordinal))
                {
                    return told;
                }
            }
        }

        public void Dispose()
        {
            _socket.Dispose();
            if (Name[0] == '/')
            {
                File.Delete(Name);
            }
        }
    }
}
