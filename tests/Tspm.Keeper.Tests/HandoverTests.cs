using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Tests;

/// <summary>What a keeper tells the program that it goes on as.</summary>
public sealed class HandoverTests
{
    [Fact]
    public void Everything_that_is_written_is_read_again()
    {
        var written = Sample();

        var read = Handover.Decode(BodyOf(written))!;

        Assert.Equal(
            written with
            {
                Runs = [],
                Asker = HandedConnection.None,
                DaemonConnection = HandedConnection.None,
            },
            read with
            {
                Runs = [],
                Asker = HandedConnection.None,
                DaemonConnection = HandedConnection.None,
            }
        );
        Assert.Equal((7, 4242), (read.DaemonConnection.Descriptor, read.DaemonConnection.PeerPid));
        Assert.Equal([1, 2, 255], read.DaemonConnection.Unread);
        Assert.Equal(-1, read.Asker.Descriptor);
        var run = Assert.Single(read.Runs);
        Assert.Equal((77, 99ul, false, true), (run.Pid, run.StartTime, run.HasExited, run.IsChild));
        Assert.Equal(written.Runs[0].Order.RunId, run.Order.RunId);
        Assert.Equal(written.Runs[0].Order.Files, run.Order.Files);
        Assert.Equal(written.Runs[0].Records, run.Records);
        Assert.Equal(written.Runs[0].Streams, run.Streams);
        Assert.Equal([20, 21, 3, 4, 7], read.Descriptors);
    }

    [Fact]
    public void What_was_cut_anywhere_or_is_of_another_format_is_nothing()
    {
        var body = BodyOf(Sample());
        var olderLength = body.Length - sizeof(uint);
        for (var length = 0; length < body.Length; length++)
        {
            // Without the number of the run's stdin it is what an older keeper wrote.
            Assert.Equal(
                length == olderLength,
                Handover.Decode(body.AsSpan(0, length)) is not null
            );
        }

        body[0]++;
        Assert.Null(Handover.Decode(body));
    }

    [Fact]
    public void What_is_saved_is_loaded_by_its_descriptor()
    {
        var file = Sample().Save();

        var loaded = Handover.Load(file);

        Assert.Equal(3, loaded.Lock);
        Assert.Throws<IOException>(() => Handover.Load(file));
    }

    [Fact]
    public void The_stdin_of_each_run_is_handed_on()
    {
        var handover = Of(Run(1, input: 41), Run(2, input: -1), Run(3, input: 43));

        var read = Handover.Decode(handover.Encode().Span[ControlFrame.HeaderBytes..])!;

        Assert.Equal([41, -1, 43], read.Runs.Select(run => run.Input));
        Assert.Contains(41, handover.Descriptors);
        Assert.DoesNotContain(-1, handover.Descriptors);
    }

    [Fact]
    public void A_keeper_that_knows_of_no_stdin_hands_on_to_one_that_does()
    {
        var handover = Of(Run(1, input: 41), Run(2, input: 42));
        var whole = handover.Encode().Span[ControlFrame.HeaderBytes..];

        // As an older one wrote it: without the numbers behind the runs.
        var read = Handover.Decode(whole[..^(2 * sizeof(uint))])!;

        Assert.Equal([1u, 2u], read.Runs.Select(run => run.Order.Process));
        Assert.All(read.Runs, run => Assert.Equal(-1, run.Input));
    }

    private static byte[] BodyOf(Handover handover) =>
        handover.Encode()[ControlFrame.HeaderBytes..].ToArray();

    private static Handover Sample() =>
        new()
        {
            Lock = 3,
            Listener = 4,
            DaemonConnection = new HandedConnection(7, 4242, [1, 2, 255]),
            AskedId = 12,
            Daemon = new HandedDaemon(4242, IsChild: true, IsServing: true, Starts: 5),
            OpenFiles = 1024,
            Since = 1_000_000_007,
            Reexecs = 2,
            Runs =
            [
                new HandedRun(
                    new SpawnOrder
                    {
                        Process = 1,
                        Run = 2,
                        RunId = Guid.CreateVersion7(),
                        Cwd = "/",
                        Command = ["/bin/sleep", "ä"],
                        Files = new LogFileRules(4096, 8192, true),
                    },
                    77,
                    99,
                    HasExited: false,
                    IsChild: true,
                    [
                        new JournalRecord
                        {
                            Kind = JournalRecordKind.Spawned,
                            Process = 1,
                            Run = 2,
                            A = 77,
                            B = 99,
                        },
                    ],
                    [
                        new HandedStream(
                            20,
                            StreamKind.Out,
                            JournalFlags.None,
                            false,
                            65536,
                            1234,
                            "/p/1/run2.out"
                        ),
                        new HandedStream(
                            21,
                            StreamKind.Err,
                            JournalFlags.Orphan,
                            true,
                            4096,
                            0,
                            null
                        ),
                    ]
                ),
            ],
        };

    private static Handover Of(params HandedRun[] runs) =>
        new()
        {
            Lock = 3,
            Listener = 4,
            Daemon = new HandedDaemon(5, true, true, 1),
            Runs = runs,
        };

    private static HandedRun Run(uint process, int input) =>
        new(
            new SpawnOrder
            {
                Process = process,
                Run = 1,
                RunId = Guid.NewGuid(),
                Cwd = "/",
                Command = ["cat"],
                Flags = SpawnFlags.Stdin,
            },
            100,
            1,
            false,
            true,
            [],
            []
        )
        {
            Input = input,
        };
}
