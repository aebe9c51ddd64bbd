using CsCheck;
using Tspm.CaptureLog.Control;
using Tspm.TestTools;

namespace Tspm.CaptureLog.Tests;

/// <summary>The words between daemon and keeper: golden bytes, and nothing that was cut is understood.</summary>
public sealed class ControlTests
{
    private static readonly Guid Run = Guid.Parse("01020304-0506-7708-890a-0b0c0d0e0f10");

    [Fact]
    public void Words_that_are_nearly_right_are_read_or_not_understood()
    {
        var order = new SpawnOrder
        {
            Process = 3,
            Run = 5,
            RunId = Run,
            Cwd = "/tmp",
            Command = ["/bin/echo", "é"],
            Env = ["A=1", "B=2"],
        };
        var whole = order.Encode(9).ToArray();
        Mutant.Fuzz(
            Gen.Const(whole),
            bytes =>
            {
                _ = bytes.Length >= ControlFrame.HeaderBytes && ControlFrame.TryRead(bytes, out _);
                _ = SpawnOrder.Decode(bytes);
                _ = SpawnAnswer.Decode(bytes);
                _ = SignalOrder.Decode(bytes);
                _ = KeeperHello.Decode(bytes);
                _ = KeeperFacts.Decode(bytes);
                _ = RunHold.Decode(bytes);
                _ = StopList.Decode(bytes);
                _ = UpgradeOrder.Decode(bytes);
                _ = UpgradeAnswer.Decode(bytes);
                if (
                    bytes.Length > ControlFrame.HeaderBytes
                    && SpawnOrder.Decode(bytes.AsSpan(ControlFrame.HeaderBytes)) is { } read
                )
                {
                    // What is taken for an order is one.
                    Assert.NotEmpty(read.Command);
                    Assert.True(read.Files.IsSane);
                }
            }
        );
    }

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
            Files = new LogFileRules(1 << 20, 1 << 22, MustBlock: true),
            OutFrom = 7,
            ErrFrom = 9,
        };

        var frame = order.Encode(9).ToArray();
        var read = SpawnOrder.Decode(frame.AsSpan(ControlFrame.HeaderBytes));

        Assert.Equal(
            "7E000000030001000900000003000000050000000102030405067708890A0B0C0D0E0F1002000000040000002F746D7002000000090000002F62696E2F6563686F02000000C3A90100000003000000413D311200000000040000000000000F00000010270000000010000000000000004000000000000100000007000000000000000900000000000000",
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
            (order.Files, order.OutFrom, order.ErrFrom),
            (read.Files, read.OutFrom, read.ErrFrom)
        );
        Assert.Equal(
            (order.Umask, order.OpenFiles, order.GraceMs),
            (read.Umask, read.OpenFiles, read.GraceMs)
        );
    }

    [Fact]
    public void Spawn_order_of_an_older_daemon_has_default_files()
    {
        const int newFields = 36;
        var order = new SpawnOrder
        {
            Process = 1,
            Run = 1,
            RunId = Run,
            Cwd = "/",
            Command = ["a"],
            Files = new LogFileRules(1, 2, true),
            OutFrom = 5,
        };

        var read = SpawnOrder.Decode(order.Encode(1).Span[ControlFrame.HeaderBytes..^newFields]);

        Assert.NotNull(read);
        Assert.Equal((LogFileRules.Default, 0ul, 0ul), (read.Files, read.OutFrom, read.ErrFrom));
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
    public void Hold_has_these_bytes_and_is_read_back()
    {
        var hold = new RunHold(3, 5, HoldParts.Err | HoldParts.Leader);

        var frame = hold.Encode().ToArray();

        Assert.Equal(
            "0C0000002000010000000000030000000500000006000000",
            Convert.ToHexString(frame)
        );
        Assert.Equal(hold, RunHold.Decode(frame.AsSpan(ControlFrame.HeaderBytes)));
        Assert.Equal(2, hold.Count);
    }

    [Fact]
    public void A_kind_that_is_not_known_is_a_frame_all_the_same()
    {
        var frame = new ControlWriter().U32(1).Finish((ControlKind)999, 7);

        Assert.True(ControlFrame.TryRead(frame.Span, out var read));
        Assert.Equal((4, 7u), (read.Length, read.Id));
    }

    [Fact]
    public void Whatever_is_cut_is_refused()
    {
        CheckCuts(
            new RunHold(1, 2, HoldParts.All).Encode().Span,
            body => RunHold.Decode(body) is null
        );
        var order = new SpawnOrder
        {
            Process = 1,
            Run = 1,
            RunId = Run,
            Cwd = "/",
            Command = ["a", "b"],
            Env = ["A=1"],
        };
        // Cut where an older daemon's order ends it is one.
        const int newFields = 36;
        var whole = order.Encode(1).Length - ControlFrame.HeaderBytes;
        CheckCuts(
            order.Encode(1).Span,
            body =>
                body.Length != whole - newFields && SpawnOrder.Decode(body) is null
                || (body.Length == whole - newFields && SpawnOrder.Decode(body) is not null)
        );
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

    [Fact]
    public void Facts_have_these_bytes_and_are_read_back()
    {
        var facts = new KeeperFacts
        {
            Pid = 4711,
            Build = "b1",
            Version = "0.1",
            UptimeMs = 5,
            Reexecs = 1,
            DaemonPid = 4712,
            DaemonStarts = 2,
            LastDaemonEnd = "code 1",
            NextTryMs = 7,
            Boot = 8,
            Running = 3,
            Upgrade = UpgradeState.Failed,
            UpgradeNote = "x",
        };

        var frame = facts.Encode(9).ToArray();

        Assert.Equal(
            "4800000041000100090000006712000002000000623103000000302E31050000000000000001000000681200000200000006000000636F6465203107000000080000000000000003000000030000000100000078",
            Convert.ToHexString(frame)
        );
        Assert.Equal(facts, KeeperFacts.Decode(frame.AsSpan(ControlFrame.HeaderBytes)));
    }

    [Fact]
    public void Orders_to_the_keeper_have_these_bytes_and_are_read_back()
    {
        var order = new UpgradeOrder(["/a"]).Encode(ControlKind.UpgradeDaemon, 1);
        var answer = new UpgradeAnswer(true, "b").Encode(1);
        var list = new StopList([new StoppingRun(3, 5, 4712, 1000, "sh")]).Encode(1);

        Assert.Equal("0A000000420001000100000001000000020000002F61", Hex(order));
        Assert.Equal("090000004400010001000000010000000100000062", Hex(answer));
        Assert.Equal(
            "1A000000460001000100000001000000030000000500000068120000E8030000020000007368",
            Hex(list)
        );
        Assert.Equal(["/a"], UpgradeOrder.Decode(BodyOf(order))!.Program);
        Assert.Equal(new UpgradeAnswer(true, "b"), UpgradeAnswer.Decode(BodyOf(answer)));
        Assert.Equal("sh", StopList.Decode(BodyOf(list))!.Runs[0].Program);
        Assert.Null(
            UpgradeOrder.Decode(
                BodyOf(new UpgradeOrder(["relative"]).Encode(ControlKind.UpgradeDaemon, 1))
            )
        );
        CheckCuts(order.Span, body => UpgradeOrder.Decode(body) is null);
        CheckCuts(answer.Span, body => UpgradeAnswer.Decode(body) is null);
        CheckCuts(list.Span, body => StopList.Decode(body) is null);
    }

    private static string Hex(ReadOnlyMemory<byte> frame) => Convert.ToHexString(frame.Span);

    private static ReadOnlySpan<byte> BodyOf(ReadOnlyMemory<byte> frame) =>
        frame.Span[ControlFrame.HeaderBytes..];

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
