using Tspm.CaptureLog.Control;

namespace Tspm.CaptureLog.Tests;

/// <summary>The words between daemon and keeper: golden bytes, and nothing that was cut is understood.</summary>
public sealed class ControlTests
{
    private static readonly Guid Run = Guid.Parse("01020304-0506-7708-890a-0b0c0d0e0f10");

    [Fact]
    public void Spawn_order_has_these_bytes_and_is_read_back()
    {
        var order = new SpawnOrder
        {
            Process = 3,
            Run = 5,
            RunId = Run,
            Flags = SpawnFlags.Merge,
            Cwd = "/tmp",
            Command = ["/bin/echo", "é"],
            Env = ["A=1"],
            Umask = 18,
            OpenFiles = 1024,
            StopSignal = 15,
            GraceMs = 10_000,
        };

        var frame = order.Encode(9).ToArray();
        var read = SpawnOrder.Decode(frame.AsSpan(ControlFrame.HeaderBytes));

        Assert.Equal(
            "5A000000030001000900000003000000050000000102030405067708890A0B0C0D0E0F1002000000040000002F746D7002000000090000002F62696E2F6563686F02000000C3A90100000003000000413D311200000000040000000000000F00000010270000",
            Convert.ToHexString(frame)
        );
        Assert.NotNull(read);
        Assert.Equal(order.Command, read.Command);
        Assert.Equal(order.Env, read.Env);
        Assert.Equal(
            (order.Process, order.Run, order.RunId, order.Cwd),
            (read.Process, read.Run, read.RunId, read.Cwd)
        );
        Assert.Equal(
            (order.Umask, order.OpenFiles, order.GraceMs),
            (read.Umask, read.OpenFiles, read.GraceMs)
        );
    }

    [Fact]
    public void Hello_has_these_bytes_and_is_read_back()
    {
        var hello = new KeeperHello(4711, "b1", [new KeptRun(3, 5, Run, 4712, 99, true, 2)]);

        var frame = hello.Encode(1).ToArray();
        var read = KeeperHello.Decode(frame.AsSpan(ControlFrame.HeaderBytes));

        Assert.Equal(
            "3A0000000200010001000000671200000200000062310100000003000000050000000102030405067708890A0B0C0D0E0F106812000063000000000000000100000002000000",
            Convert.ToHexString(frame)
        );
        Assert.NotNull(read);
        Assert.Equal(hello.Runs, read.Runs);
        Assert.Equal((hello.Pid, hello.Build), (read.Pid, read.Build));
    }

    [Fact]
    public void Whatever_is_cut_is_refused()
    {
        var order = new SpawnOrder
        {
            Process = 1,
            Run = 1,
            RunId = Run,
            Cwd = "/",
            Command = ["a", "b"],
            Env = ["A=1"],
        };
        CheckCuts(order.Encode(1).Span, body => SpawnOrder.Decode(body) is null);
        CheckCuts(
            new KeeperHello(1, "b", [new KeptRun(3, 5, Run, 1, 9, true, 2)]).Encode(1).Span,
            body => KeeperHello.Decode(body) is null
        );
        CheckCuts(
            new SpawnAnswer(0, 0, 1, 2).Encode(1).Span,
            body => SpawnAnswer.Decode(body) is null
        );
        CheckCuts(
            new SignalOrder(1, 2, 15, true).Encode(1).Span,
            body => SignalOrder.Decode(body) is null
        );
    }

    private static void CheckCuts(ReadOnlySpan<byte> frame, Func<byte[], bool> isRefused)
    {
        var body = frame[ControlFrame.HeaderBytes..].ToArray();
        Assert.False(isRefused(body));
        for (var length = 0; length < body.Length; length++)
        {
            Assert.True(isRefused(body[..length]), $"cut to {length} of {body.Length}");
        }
    }
}
