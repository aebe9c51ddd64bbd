using Tspm.CaptureLog;
using Tspm.CaptureLog.Spawning;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Tests;

/// <summary>A keeper's daemon that is really <c>sleep</c>, and other programs in sessions of their own; all are ended by their pid.</summary>
internal sealed class DaemonRig : IDisposable
{
    public const long Second = 1_000_000_000;
    private readonly string _root = Directory.CreateTempSubdirectory("tk").FullName;
    private readonly JournalWriter _journal;
    private readonly List<int> _started = [];
    private readonly List<int> _descriptors = [];
    private readonly List<IDisposable> _owned = [];

    public DaemonRig()
    {
        var home = HomePaths.At(Path.Join(_root, "home"));
        Assert.Null(HomeGuard.Prepare(home));
        _journal = new JournalWriter(home);
        Log = new KeeperLog(Path.Join(_root, "keeper.log"));
        Options = new KeeperOptions
        {
            Home = home,
            DaemonCommand = ["/bin/sleep", "1000"],
            BuildId = "old",
            Build = new BuildReport(
                "1",
                "old",
                new Dictionary<string, FormatRange> { ["journal"] = new(1, 1) }
            ),
            Program = ["/bin/sleep"],
        };
        Daemon = new DaemonKeeper(Options, _journal, Log, Path.Join(_root, "stderr"));
    }

    public KeeperOptions Options { get; }

    public KeeperLog Log { get; }

    public DaemonKeeper Daemon { get; }

    public string Root => _root;

    public JournalWriter Journal => _journal;

    public void StartDaemon(long now)
    {
        Assert.True(Daemon.StartIfDue(now));
        _started.Add(Daemon.Pid);
    }

    /// <summary>The daemon stands still: of two signals that wait the kernel gives the smaller first.</summary>
    public void StopDaemon()
    {
        const int stop = 19;
        Daemon.Signal(stop);
        Assert.True(
            SpinWait.SpinUntil(
                () => ProcessStat.Read(Daemon.Pid)?.State == 'T',
                TimeSpan.FromSeconds(20)
            )
        );
    }

    /// <summary>This child is ended with the rig.</summary>
    public void Own(int pid) => _started.Add(pid);

    /// <summary>The daemon ends by itself, or has been told to.</summary>
    public void ReapDaemon(long now)
    {
        var signal = Reap(Daemon.Pid, out var code);
        Daemon.OnExited(now, signal == 0 ? code : 128 + signal, signal);
    }

    /// <summary>This descriptor is closed with the rig.</summary>
    public void OwnDescriptor(int descriptor) => _descriptors.Add(descriptor);

    /// <summary>This ends with the rig.</summary>
    public T Owned<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public int Spawn(params string[] command)
    {
        using var spawn = new PosixSpawn();
        Assert.Equal(0, spawn.Start(command[0], null, command, [], out var pid));
        _started.Add(pid);
        return pid;
    }

    /// <summary>Waits for the end of a child; its signal, 0 if none.</summary>
    public static unsafe int Reap(int pid, out int code)
    {
        const int oneChild = 1;
        const int exited = 4;
        const int ended = 1;
        var info = stackalloc byte[128];
        var usage = stackalloc long[18];
        Assert.Equal(0L, LibC.WaitId(oneChild, pid, info, exited, usage));
        var status = *(int*)(info + 24);
        var isNormal = *(int*)(info + 8) == ended;
        code = isNormal ? status : 0;
        return isNormal ? 0 : status;
    }

    public void Dispose()
    {
        foreach (var pid in _started)
        {
            // Ours, and if it is there it was not reaped yet, so the pid means nobody else.
            if (ProcessStat.Read(pid) is { IsZombie: false })
            {
                LibC.kill(pid, 9);
            }
        }

        _descriptors.ForEach(descriptor => LibC.close(descriptor));
        _owned.ForEach(owned => owned.Dispose());
        _journal.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
