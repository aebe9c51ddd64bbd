using System.Net.Sockets;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Tests;

/// <summary>The loops of a keeper allocate nothing: counted on their own threads, so that nobody else's garbage is in it.</summary>
[Collection(nameof(Alone))]
public sealed class LoopAllocationTests
{
    private const int Lines = 3000;

    [Fact]
    public void Capturing_allocates_nothing()
    {
        using var rig = new Rig(LogFileRules.Default, lookEvery: 1_000_000_000);

        Assert.Equal(0, CaptureAndCount(rig));
    }

    [Fact]
    public void A_capture_that_allocates_once_a_chunk_is_caught()
    {
        using var rig = new Rig(LogFileRules.Default, lookEvery: 1_000_000_000);
        object? last = null;
        Disk.Fault = (_, _) =>
        {
            last = new byte[8];
            return 0;
        };

        var allocated = CaptureAndCount(rig);

        Disk.Fault = null;
        Assert.NotNull(last);
        Assert.True(allocated >= Lines, $"{allocated} bytes");
    }

    [Fact]
    public void Syncing_allocates_nothing_with_few_files_and_with_many()
    {
        using var rig = new Rig(LogFileRules.Default, lookEvery: 1_000_000_000);
        rig.Open(StreamKind.Out, StreamKind.Err);
        long Round()
        {
            rig.WriteAndSettle(StreamKind.Out, "a line\n"u8);
            rig.WriteAndSettle(StreamKind.Err, "a line\n"u8);
            return Count(rig.Sync.Sync);
        }

        Round();
        Assert.Equal(0, Round());

        var many = AddFiles(rig, 40);
        Touch();
        rig.Sync.Sync();
        Touch();
        Assert.Equal(0, Count(rig.Sync.Sync));
        Assert.All(many, file => Assert.Equal(file.Length, file.SyncedLength));
        many.ForEach(rig.Sync.CloseLater);

        void Touch() => many.ForEach(file => file.Advance(0));
    }

    [Fact]
    public void A_sync_that_allocates_once_a_file_is_caught()
    {
        using var rig = new Rig(LogFileRules.Default, lookEvery: 1_000_000_000);
        rig.Open(StreamKind.Out);
        rig.WriteAndSettle(StreamKind.Out, "a line\n"u8);
        rig.Sync.Sync();
        rig.WriteAndSettle(StreamKind.Out, "a line\n"u8);
        object? last = null;
        Disk.Fault = (call, _) =>
        {
            last = call == DiskCall.Sync ? new byte[8] : last;
            return 0;
        };

        var allocated = Count(rig.Sync.Sync);

        Disk.Fault = null;
        Assert.NotNull(last);
        Assert.True(allocated > 0, "it was not seen");
    }

    [Fact]
    public void The_control_loop_allocates_nothing_while_nobody_asks()
    {
        using var rig = new DaemonRig();
        using var control = MakeControl(rig, AddRuns(rig), out var runs);

        Assert.Equal(0, Count(() => Turns(control, 2000)));
        Assert.Equal(100, runs.CountLiving());
    }

    [Fact]
    public void The_control_loop_allocates_nothing_while_it_keeps_what_an_older_keeper_started()
    {
        using var rig = new DaemonRig();
        var leader = rig.Spawn("/bin/sleep", "1000");
        using var control = MakeControl(rig, AddRuns(rig, leader), out var runs);

        Assert.Equal(0, Count(() => Turns(control, 2000)));
        Assert.Equal(200, runs.CountLiving());
    }

    [Fact]
    public void What_a_new_journal_file_begins_with_is_written_into_the_same_list()
    {
        using var rig = new DaemonRig();
        using var control = MakeControl(rig, AddRuns(rig), out var runs);
        foreach (var run in runs.Runs)
        {
            run.Records.Add(new JournalRecord { Kind = JournalRecordKind.SpawnIntent });
            run.Records.Add(new JournalRecord { Kind = JournalRecordKind.StreamBegin });
            run.Streams.Add(
                new CapturedStream
                {
                    Descriptor = -1,
                    PipePath = null,
                    Ended = _ => { },
                    Kind = default,
                    Process = run.Order.Process,
                    Run = 1,
                    Target = null!, // not looked at
                }
            );
        }

        Assert.Equal(200, runs.Snapshot().Count);
        Assert.Equal(0, Count(() => runs.Snapshot()));
        Assert.Equal(200, runs.Snapshot().Count);
    }

    [Fact]
    public void A_turn_that_allocates_is_caught()
    {
        using var rig = new DaemonRig();
        using var control = MakeControl(rig, AddRuns(rig), out _);
        using var asker = new Socket(
            AddressFamily.Unix,
            SocketType.Stream,
            ProtocolType.Unspecified
        );
        asker.Connect(new UnixDomainSocketEndPoint(rig.Options.Home.KeeperSocket));
        asker.Send(new ControlWriter().Finish(ControlKind.Facts, 1).Span);

        Assert.True(Count(() => Turns(control, 10)) > 0, "it was not seen");
        Assert.True(asker.Poll(0, SelectMode.SelectRead), "nobody was answered");
    }

    /// <summary>A hundred programs; if there is a leader, as many again that are no children of ours, and are looked at each turn.</summary>
    private static Action<RunTable> AddRuns(DaemonRig rig, int leader = 0) =>
        runs =>
        {
            for (var i = 1u; i <= 100; i++)
            {
                // Nobody that can be waited for or signalled.
                runs.Add(new RunEntry(OrderOf(i)) { Pid = int.MaxValue - (int)i });
            }

            for (var i = 101u; leader != 0 && i <= 200; i++)
            {
                var pidfd = LibC.OpenProcess(leader);
                rig.OwnDescriptor(pidfd);
                runs.Add(
                    new RunEntry(OrderOf(i))
                    {
                        Pid = leader,
                        StartTime = ProcessStat.Read(leader)!.Value.StartTime,
                        PidDescriptor = pidfd,
                        IsChild = false,
                    }
                );
            }
        };

    /// <summary>A control loop whose daemon runs, after its first turns.</summary>
    private static ControlThread MakeControl(
        DaemonRig rig,
        Action<RunTable> fill,
        out RunTable runs
    )
    {
        var sync = rig.Owned(new SyncThread(rig.Journal, rig.Log, TimeSpan.FromHours(1)));
        var room = HomeRoom.FromEnvironment(rig.Options.Home, () => 0);
        runs = new RunTable(rig.Options.Home, [], sync, room);
        fill(runs);
        var state = new KeeperState(-1, LibC.GetOpenFiles(), JournalWriter.Now, 0);
        var control = new ControlThread(
            rig.Options,
            runs,
            new SpawnDesk(
                runs,
                new Spawner(rig.Options.Home, rig.Journal, sync, state.OpenFiles),
                rig.Log
            ),
            new Reaper(runs, rig.Journal),
            new Adopter(
                rig.Options.Home,
                runs,
                sync,
                rig.Journal,
                JournalScan.Read(JournalFiles.Of(rig.Options.Home)),
                rig.Log
            ),
            rig.Daemon,
            rig.Log,
            new ReadyPipe(),
            new Reexecution(rig.Options, [], rig.Journal, runs, state),
            state,
            null
        );

        control.Turn(0);
        rig.Own(rig.Daemon.Pid);
        Turns(control, 10);
        return control;
    }

    private static void Turns(ControlThread control, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Null(control.Turn(0));
        }
    }

    private static long CaptureAndCount(Rig rig)
    {
        rig.Open(StreamKind.Out, StreamKind.Err);
        Write(rig, 200);
        var before = 0L;
        var after = 0L;
        rig.Between(() => before = GC.GetAllocatedBytesForCurrentThread());
        Write(rig, Lines);
        rig.Between(() => after = GC.GetAllocatedBytesForCurrentThread());
        return after - before;
    }

    /// <summary>Each line is a chunk of its own.</summary>
    private static void Write(Rig rig, int lines)
    {
        for (var i = 0; i < lines; i++)
        {
            rig.WriteAndSettle(i % 2 == 0 ? StreamKind.Out : StreamKind.Err, "a line of a log\n"u8);
        }
    }

    private static List<DataFile> AddFiles(Rig rig, int count)
    {
        var files = new List<DataFile>();
        for (var i = 1u; i <= count; i++)
        {
            var file = DataFile.Create(
                Rig.Process,
                new StreamName(StreamKind.Out, i),
                0,
                rig.Home.Process(Rig.Process),
                isSpill: false
            );
            Assert.NotNull(file);
            rig.Sync.Add(file);
            files.Add(file);
        }

        return files;
    }

    private static long Count(Action work)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static SpawnOrder OrderOf(uint process) =>
        new()
        {
            Process = process,
            Run = 1,
            RunId = Guid.NewGuid(),
            StopSignal = 15,
            GraceMs = 1000,
            Cwd = "/",
            Command = ["/bin/sleep"],
        };
}

/// <summary>Tests that count for the whole process, or wait for any child of it: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
