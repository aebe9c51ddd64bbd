using System.Net.Sockets;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Tests;

/// <summary>Orders to go on with another program: nothing changes before that program has said what it is.</summary>
public sealed class UpgradesTests : IDisposable
{
    private const ulong Tag = 3;
    private readonly DaemonRig _rig = new();
    private readonly Epoll _epoll = new();
    private readonly ControlConnections _connections;
    private readonly ControlConnection _asker;
    private readonly Socket _client;
    private readonly Upgrades _upgrades;

    public UpgradesTests()
    {
        var path = Path.Join(_rig.Root, "socket");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, default);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        _client = new Socket(AddressFamily.Unix, SocketType.Stream, default);
        _client.Connect(new UnixDomainSocketEndPoint(path));
        _connections = new ControlConnections(_epoll);
        _asker = new ControlConnection(listener.Accept(), Environment.ProcessId);
        _connections.Add(_asker);
        _upgrades = new Upgrades(_rig.Options, _rig.Daemon, _connections, _rig.Log, _epoll, Tag);
        _rig.StartDaemon(1);
    }

    [Theory]
    [InlineData("exit 3", "code 3")]
    [InlineData("echo hello", "is no tspm")]
    [InlineData(
        "echo '{\"version\":\"2\",\"build\":\"new\",\"formats\":{\"journal\":[2,3]}}'",
        "understands journal 2 to 3, here it is 1"
    )]
    public void A_program_that_cannot_take_over_changes_nothing(string body, string reason)
    {
        Ask(ControlKind.UpgradeDaemon, Script(body));
        Finish();

        var (isAccepted, text) = ReadAnswer();
        Assert.False(isAccepted);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.Equal(UpgradeState.None, _rig.Daemon.Upgrade);
        Assert.Equal(["/bin/sleep", "1000"], _rig.Daemon.Command);
    }

    [Fact]
    public void One_that_understands_what_is_here_becomes_the_daemon()
    {
        var program = Script(
            "echo '{\"version\":\"2\",\"build\":\"new\",\"formats\":{\"journal\":[1,3]}}'"
        );

        Ask(ControlKind.UpgradeDaemon, program);
        Finish();

        Assert.Equal((true, "new"), ReadAnswer());
        Assert.Equal(UpgradeState.Trying, _rig.Daemon.Upgrade);
        Assert.Equal([program, "1000"], _rig.Daemon.Command);
        Assert.Equal(15, DaemonRig.Reap(_rig.Daemon.Pid, out _));
    }

    [Fact]
    public void A_second_order_is_refused_while_one_is_under_way_and_silence_is_ended()
    {
        Ask(ControlKind.UpgradeDaemon, Script("exec /bin/sleep 1000"));
        Ask(ControlKind.UpgradeDaemon, "/bin/false");
        var (isAccepted, second) = ReadAnswer();

        _upgrades.Turn(_upgrades.DueAt);
        Finish();
        var (_, first) = ReadAnswer();

        Assert.False(isAccepted);
        Assert.Contains("another upgrade is under way", second, StringComparison.Ordinal);
        Assert.Contains("code 137", first, StringComparison.Ordinal);
    }

    [Fact]
    public void The_keeper_goes_on_as_what_was_checked_and_tells_why_it_could_not()
    {
        var program = Script(
            "echo '{\"version\":\"2\",\"build\":\"new\",\"formats\":{\"journal\":[1,1]}}'"
        );
        IReadOnlyList<string>? went = null;
        _upgrades.GoOnAs = (command, _, _) =>
        {
            went = command;
            return "exec format error";
        };

        Ask(ControlKind.UpgradeKeeper, program);
        Finish();

        Assert.Equal([program], went);
        Assert.Equal((false, "exec format error"), ReadAnswer());
        Assert.Equal(UpgradeState.None, _rig.Daemon.Upgrade);
    }

    public void Dispose()
    {
        _upgrades.Dispose();
        _connections.Dispose();
        _client.Dispose();
        _epoll.Dispose();
        _rig.Dispose();
    }

    private string Script(string body)
    {
        var path = Path.Join(_rig.Root, "program");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private void Ask(ControlKind kind, string program) =>
        _upgrades.Begin(_asker, new ControlFrame(kind, 7, 0), new UpgradeOrder([program]), 1);

    /// <summary>As the control loop does: who is checked prints, ends, is reaped.</summary>
    private void Finish()
    {
        var pid = _upgrades.CheckedPid;
        var signal = DaemonRig.Reap(pid, out var code);
        _upgrades.OnExited(pid, signal == 0 ? code : 128 + signal, 2);
    }

    private (bool IsAccepted, string Text) ReadAnswer()
    {
        var header = Read(ControlFrame.HeaderBytes);
        Assert.True(ControlFrame.TryRead(header, out var frame));
        Assert.Equal((ControlKind.UpgradeReply, 7u), (frame.Kind, frame.Id));
        var answer = UpgradeAnswer.Decode(Read(frame.Length))!;
        return (answer.IsAccepted, answer.Text);
    }

    private byte[] Read(int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length; )
        {
            at += _client.Receive(bytes, at, length - at, SocketFlags.None);
        }

        return bytes;
    }
}
