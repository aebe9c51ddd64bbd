using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Children;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper.Control;

/// <summary>Everything the keeper does but moving bytes: orders of the daemon, spawning, signals, reaping, the daemon's life.</summary>
internal sealed class ControlThread : IDisposable
{
    private const long Second = 1_000_000_000;
    private const int SigKill = 9;
    private const ulong ListenTag = 1;
    private const ulong SignalTag = 2;
    private const ulong ConnectionTag = 3;
    private const ulong ChildTag = 4;
    private const long HoldDeadline = 3 * Second;
    private readonly KeeperOptions _options;
    private readonly RunTable _runs;
    private readonly SpawnDesk _spawns;
    private readonly LeaderWatch _leaders;
    private readonly DaemonPulse _pulse;
    private readonly Reaper _reaper;
    private readonly DaemonKeeper _daemon;
    private readonly ReadyPipe _ready;
    private readonly Adopter _adopter;
    private readonly ControlSocket _listener;
    private readonly Epoll _epoll = new();
    private readonly EpollEvent[] _events = new EpollEvent[64];
    private readonly int _signal;
    private ControlConnection? _connection;
    private int _terminations;
    private int _terminationsSeen;
    private long _killAt = long.MaxValue;
    private bool _isEnding;
    private long _aloneSince;
    private long _settleBy;
    private long _lookAt = long.MaxValue;

    /// <summary>Makes the thread's state; <see cref="Run"/> runs on the caller's thread.</summary>
    public ControlThread(
        KeeperOptions options,
        RunTable runs,
        SpawnDesk spawns,
        Reaper reaper,
        Adopter adopter,
        DaemonKeeper daemon,
        KeeperLog log,
        ReadyPipe ready
    )
    {
        _options = options;
        _runs = runs;
        _spawns = spawns;
        _pulse = new DaemonPulse(daemon, options.DaemonTimeout, log);
        _leaders = new LeaderWatch(runs, _epoll, ChildTag);
        _reaper = reaper;
        _adopter = adopter;
        _daemon = daemon;
        _ready = ready;
        _listener = ControlSocket.Create(options.Home.KeeperSocket);
        _signal = LibC.eventfd(0, LibC.CloseOnExec | LibC.NonBlock);
        _epoll.Add(_listener.Descriptor, Epoll.In, ListenTag);
        _epoll.Add(_signal, Epoll.In, SignalTag);
    }

    /// <summary>Somebody asked the keeper to stop; any thread.</summary>
    public unsafe void Terminate()
    {
        Interlocked.Increment(ref _terminations);
        ulong one = 1;
        _ = LibC.write(_signal, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Runs until nothing is left to keep.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        _settleBy = JournalWriter.Now + HoldDeadline;
        while (true)
        {
            var now = JournalWriter.Now;
            if (_daemon.StartIfDue(now))
            {
                WatchDaemon(now);
            }

            SettleIfDue(now);
            _leaders.Watch();

            if (_daemon.FatalReason is { } reason && !_runs.HasLiving)
            {
                _ready.Fail(reason);
                return KeeperExitCodes.Failed;
            }

            if (_isEnding && _daemon.Pid == 0 && !_runs.HasLiving)
            {
                return KeeperExitCodes.Done;
            }

            Wait(now);
            _reaper.Sweep(OnOtherEnded);
            _lookAt = _reaper.SweepAdopted(JournalWriter.Now);
            SweepDaemon();
            _leaders.LetGo();
            _runs.Prune();
            Watch(JournalWriter.Now);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection?.Dispose();
        _listener.Dispose();
        _epoll.Dispose();
        LibC.close(_signal);
    }

    private void Wait(long now)
    {
        var until = Math.Min(Math.Min(now + _pulse.Every, _killAt), _lookAt);
        if (_adopter.IsWaiting)
        {
            until = Math.Min(until, _settleBy);
        }

        if (_daemon.DueAt >= 0)
        {
            until = Math.Min(until, _daemon.DueAt);
        }

        var count = _epoll.Wait(_events, Math.Max(0, until - now));
        for (var i = 0; i < count; i++)
        {
            switch (_events[i].Tag)
            {
                case ListenTag:
                    Accept();
                    break;
                case ConnectionTag:
                    Receive();
                    break;
                case SignalTag:
                    OnSignal();
                    break;
                default:
                    break;
            }
        }
    }

    private void WatchDaemon(long now)
    {
        _aloneSince = now;
        _epoll.Add(_daemon.PidDescriptor, Epoll.In, ChildTag);
    }

    /// <summary>What the daemon does not tell within its time, or with no daemon that was there before us, is not told.</summary>
    private void SettleIfDue(long now)
    {
        var isNobodyThere = _daemon.IsChild && _daemon.Pid != 0;
        if (_adopter.IsWaiting && (now >= _settleBy || isNobodyThere))
        {
            _adopter.Settle();
        }
    }

    /// <summary>A daemon that is no child of ours is not reaped: its pidfd tells.</summary>
    private void SweepDaemon()
    {
        if (_daemon is not { IsChild: false, Pid: > 0 and var pid })
        {
            return;
        }

        var facts = ProcessExit.Read(_daemon.PidDescriptor, pid, _daemon.StartTime);
        if (facts.HasEnded)
        {
            OnOtherEnded(pid, facts.Code, facts.Signal);
        }
    }

    private void Accept()
    {
        if (_listener.Accept() is not { } connection)
        {
            return;
        }

        // The newest daemon counts; an older connection belongs to one that is gone.
        DropConnection();
        _connection = connection;
        _epoll.Add(connection.Descriptor, Epoll.In, ConnectionTag);
    }

    private void DropConnection()
    {
        if (_connection is { } old)
        {
            _epoll.Remove(old.Descriptor);
            old.Dispose();
            _connection = null;
            _aloneSince = JournalWriter.Now;
        }
    }

    private void Receive()
    {
        if (_connection is { } connection && !connection.Receive(JournalWriter.Now, Handle))
        {
            DropConnection();
        }
    }

    private void Handle(ControlFrame frame, byte[] buffer, int at)
    {
        var body = buffer.AsSpan(at, frame.Length);
        switch (frame.Kind)
        {
            case ControlKind.Hello:
                Greet(frame.Id);
                break;
            case ControlKind.Hold:
                TakeHold(body);
                break;
            case ControlKind.HoldEnd:
                _adopter.Settle();
                break;
            case ControlKind.Spawn:
                Answer(_spawns.Spawn(body, SendHold).Encode(frame.Id));
                _leaders.Watch();
                break;
            case ControlKind.Signal:
                var errno = SignalOrder.Decode(body) is { } order ? Signal(order) : LibC.Invalid;
                Answer(
                    new ControlWriter().U32((uint)errno).Finish(ControlKind.SignalReply, frame.Id)
                );
                break;
            case ControlKind.CutDrain:
                Answer(
                    new ControlWriter()
                        .U32((uint)CutDrain(body))
                        .Finish(ControlKind.CutDrainReply, frame.Id)
                );
                break;
            case ControlKind.Stats:
                var allocated = (ulong)GC.GetTotalAllocatedBytes();
                Answer(new ControlWriter().U64(allocated).Finish(ControlKind.StatsReply, frame.Id));
                break;
            case ControlKind.Ping:
                Answer(new ControlWriter().Finish(ControlKind.Pong, frame.Id));
                break;
            case ControlKind.Serving:
                _daemon.OnServing();
                _ready.Succeed();
                break;
            case ControlKind.Shutdown:
                _isEnding = true;
                _daemon.IsEnding = true;
                break;
            default:
                break;
        }
    }

    /// <summary>Tells a daemon what lives, and gives it all descriptors of that.</summary>
    private void Greet(uint id)
    {
        // A daemon that has nothing to tell begins so.
        _adopter.Settle();
        if (_daemon.Pid == 0 && _connection is { } connection)
        {
            var now = JournalWriter.Now;
            if (_daemon.Adopt(connection.PeerPid, now))
            {
                WatchDaemon(now);
            }
        }

        _runs.Prune();
        var hello = new KeeperHello(
            (uint)Environment.ProcessId,
            _options.BuildId,
            _runs.ToKeptRuns()
        );
        Answer(hello.Encode(id));
        foreach (var run in _runs.Runs)
        {
            RunHolds.LendAll(run, _runs.ProcessOf(run.Order.Process), SendHold);
        }

        Answer(new ControlWriter().Finish(ControlKind.HoldEnd, 0));
    }

    private void TakeHold(ReadOnlySpan<byte> body)
    {
        if (RunHold.Decode(body) is not { } hold || _connection is not { } connection)
        {
            return;
        }

        Span<int> descriptors = stackalloc int[hold.Count];
        if (connection.TryTakeDescriptors(descriptors))
        {
            _adopter.Take(hold, descriptors);
        }
    }

    private void SendHold(RunHold hold, ReadOnlySpan<int> descriptors)
    {
        if (_connection?.Send(hold.Encode(), descriptors) is false)
        {
            DropConnection();
        }
    }

    private void Answer(ReadOnlyMemory<byte> frame)
    {
        if (_connection?.Send(frame) is false)
        {
            DropConnection();
        }
    }

    private int Signal(SignalOrder order)
    {
        if (_runs.Find(order.Process, order.Run) is not { HasExited: false } run)
        {
            return LibC.NoSuchProcess;
        }

        return run.Signal((int)order.Signal, order.ToGroup);
    }

    private int CutDrain(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        return _runs.Find(fields.U32(), fields.U32()) is { } run ? _runs.CutDrain(run) : 0;
    }

    private void OnOtherEnded(int pid, int code, int signal)
    {
        if (pid == _daemon.Pid)
        {
            DropConnection();
            _daemon.OnExited(JournalWriter.Now, code, signal);
            if (_terminationsSeen > 0 && !_isEnding)
            {
                EndAlone();
            }
        }
    }

    private unsafe void OnSignal()
    {
        ulong count;
        _ = LibC.read(_signal, (byte*)&count, sizeof(ulong));
        var terminations = Volatile.Read(ref _terminations);
        if (terminations == _terminationsSeen)
        {
            return;
        }

        _terminationsSeen = terminations;
        if (terminations > 1)
        {
            _killAt = JournalWriter.Now;
            _isEnding = true;
            _daemon.IsEnding = true;
        }
        else if (
            _connection?.Send(new ControlWriter().Finish(ControlKind.Terminate, 0)) is not true
        )
        {
            EndAlone();
        }
    }

    /// <summary>Stops all programs without a daemon: the newest first, each with its own signal, SIGKILL when the longest grace is over.</summary>
    private void EndAlone()
    {
        _isEnding = true;
        _daemon.IsEnding = true;
        long grace = 0;
        foreach (var run in _runs.Runs.Where(run => !run.HasExited).Reverse())
        {
            _ = run.Signal((int)run.Order.StopSignal, toGroup: true);
            grace = Math.Max(grace, run.Order.GraceMs * (Second / 1000));
        }

        _killAt = JournalWriter.Now + grace;
        _daemon.Signal(15);
    }

    private void Watch(long now)
    {
        if (now >= _killAt)
        {
            _killAt = long.MaxValue;
            foreach (var run in _runs.Runs.Where(run => !run.HasExited))
            {
                _ = run.Signal(SigKill, toGroup: true);
            }

            _daemon.Signal(SigKill);
        }

        var heardAt = _connection?.LastHeard is > 0 and var last ? last : _aloneSince;
        if (_pulse.IsDue(now, heardAt))
        {
            Answer(new ControlWriter().Finish(ControlKind.Ping, 0));
        }
    }
}
