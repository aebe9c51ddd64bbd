using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.Keeper.Children;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Control;

/// <summary>Everything the keeper does but moving bytes: orders of the daemon, spawning, signals, reaping, the daemon's life.</summary>
internal sealed class ControlThread : IDisposable
{
    private const long Second = 1_000_000_000;
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(15);
    private const ulong ListenTag = 1;
    private const ulong SignalTag = 2;
    private const ulong CheckTag = 3;
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
    private readonly ControlConnections _connections;
    private readonly LoneStop _stop;
    private readonly Upgrades _upgrades;
    private readonly SystemdNotifier _systemd;
    private readonly HomeWatch _home;
    private readonly HeapTrim _trim = HeapTrim.OfThisProgram();
    private readonly KeeperLog _log;
    private readonly KeeperState _state;

    // Made once: the loop allocates nothing.
    private readonly Action<ControlFrame, byte[], int> _handle;
    private readonly Action<int, int, int> _onOtherEnded;
    private readonly ReadOnlyMemory<byte> _ping = new ControlWriter().Finish(ControlKind.Ping, 0);
    private ControlConnection? _asker;
    private int _terminations;
    private int _terminationsSeen;
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
        ReadyPipe ready,
        Reexecution reexecution,
        KeeperState state,
        Handover? handover
    )
    {
        _options = options;
        _runs = runs;
        _spawns = spawns;
        _leaders = new LeaderWatch(runs, _epoll, ChildTag);
        _reaper = reaper;
        _adopter = adopter;
        _daemon = daemon;
        _ready = ready;
        _state = state;
        _log = log;
        _handle = Handle;
        _onOtherEnded = OnOtherEnded;
        _home = new HomeWatch(options.Home.Machine);
        _listener = handover is null
            ? ControlSocket.Create(options.Home.KeeperSocket)
            : ControlSocket.Reopen(handover.Listener);
        _signal = LibC.eventfd(0, LibC.CloseOnExec | LibC.NonBlock);
        _connections = new ControlConnections(_epoll);
        _stop = new LoneStop(runs, daemon, _connections);
        _systemd = new SystemdNotifier(
            Environment.GetEnvironmentVariable,
            log,
            Environment.ProcessId
        );
        _pulse = new DaemonPulse(daemon, options.DaemonTimeout, _systemd.WatchdogLimit, log);
        _upgrades = new Upgrades(options, daemon, _connections, log, _epoll, CheckTag)
        {
            GoOnAs = (program, asker, id) =>
                adopter.IsWaiting
                    ? "the daemon has not told yet what it holds; try again"
                    : reexecution.GoOnAs(
                        program,
                        _listener,
                        asker,
                        id,
                        _connections.Daemon,
                        daemon
                    ),
        };
        _epoll.Add(_listener.Descriptor, Epoll.In, ListenTag);
        _epoll.Add(_signal, Epoll.In, SignalTag);
        if (handover is not null)
        {
            Readopt(handover);
        }
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
            if (Turn(long.MaxValue) is { } code)
            {
                return code;
            }
        }
    }

    /// <summary>One turn: does what is due, waits for the next event, sees who has ended.</summary>
    /// <param name="longestWait">ns.</param>
    /// <returns>The exit code; null while there is something to keep.</returns>
    internal int? Turn(long longestWait)
    {
        var now = JournalWriter.Now;
        if (_daemon.StartIfDue(now))
        {
            WatchDaemon(now);
        }

        _daemon.Turn(now);
        _upgrades.Turn(now);
        SettleIfDue(now);
        _leaders.Watch();
        var hasLiving = _runs.CountLiving() > 0;
        if (_daemon.FatalReason is { } reason && !hasLiving)
        {
            _ready.Fail(reason);
            return KeeperExitCodes.Failed;
        }

        if (_isEnding && _daemon.Pid == 0 && !hasLiving)
        {
            return KeeperExitCodes.Done;
        }

        if (!_isEnding && _home.IsDeleted(now))
        {
            _log.Write(1013, $"{_options.Home.Machine} was deleted: its programs are stopped");
            EndAlone();
        }

        Wait(now, longestWait);
        _reaper.Sweep(_onOtherEnded);
        _lookAt = _reaper.SweepAdopted(JournalWriter.Now);
        SweepDaemon();
        _leaders.LetGo();
        _runs.Prune();
        Watch(JournalWriter.Now);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _upgrades.Dispose();
        _connections.Dispose();
        _systemd.Dispose();
        _home.Dispose();
        _listener.Dispose();
        _epoll.Dispose();
        LibC.close(_signal);
    }

    private void Wait(long now, long longestWait)
    {
        var until = Math.Min(Math.Min(now + _pulse.Every, _stop.DueAt), _lookAt);
        until = Math.Min(until, Math.Min(_daemon.TrialDueAt, _upgrades.DueAt));
        until = Math.Min(until, Math.Min(_systemd.DueAt, _trim.Turn(now)));
        if (_adopter.IsWaiting)
        {
            until = Math.Min(until, _settleBy);
        }

        if (_daemon.DueAt >= 0)
        {
            until = Math.Min(until, _daemon.DueAt);
        }

        var count = _epoll.Wait(_events, Math.Clamp(until - now, 0, longestWait));
        for (var i = 0; i < count; i++)
        {
            switch (_events[i].Tag)
            {
                case ListenTag:
                    Accept();
                    break;
                case SignalTag:
                    OnSignal();
                    break;
                case CheckTag:
                    _upgrades.OnReadable(JournalWriter.Now);
                    break;
                case >= ControlConnections.FirstTag:
                    Receive(_events[i].Tag);
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
        if (_listener.Accept() is { } connection)
        {
            _connections.Add(connection);
        }
    }

    private void Drop(ControlConnection? connection)
    {
        if (connection is null)
        {
            return;
        }

        _aloneSince = connection == _connections.Daemon ? JournalWriter.Now : _aloneSince;
        _connections.Drop(connection);
    }

    private void Receive(ulong tag)
    {
        if (_connections.Find(tag) is not { } connection)
        {
            return;
        }

        _asker = connection;
        if (!connection.Receive(JournalWriter.Now, _handle))
        {
            Drop(connection);
        }
    }

    private void Handle(ControlFrame frame, byte[] buffer, int at)
    {
        var body = buffer.AsSpan(at, frame.Length);
        if (
            frame.Kind is ControlKind.Hello or ControlKind.Hold or ControlKind.HoldEnd
            && _asker is { } daemon
        )
        {
            // Only a daemon says such things; the newest counts.
            _connections.MakeDaemon(daemon);
        }

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
                Spawn(frame.Id, body);
                break;
            case ControlKind.Signal:
                var errno = SignalOrder.Decode(body) is { } order ? Signal(order) : LibC.Invalid;
                Answer(Number((uint)errno), ControlKind.SignalReply, frame.Id);
                break;
            case ControlKind.CutDrain:
                Answer(Number((uint)CutDrain(body)), ControlKind.CutDrainReply, frame.Id);
                break;
            case ControlKind.Stats:
                var allocated = new ControlWriter().U64((ulong)GC.GetTotalAllocatedBytes());
                Answer(allocated, ControlKind.StatsReply, frame.Id);
                break;
            case ControlKind.Serving:
                _daemon.OnServing();
                _ready.Succeed();
                _systemd.Ready(JournalWriter.Now, Environment.ProcessId);
                break;
            case ControlKind.Shutdown:
                BeginEnd();
                break;
            default:
                HandleAnybodys(frame, body);
                break;
        }
    }

    /// <summary>What commands ask too.</summary>
    private void HandleAnybodys(ControlFrame frame, ReadOnlySpan<byte> body)
    {
        switch (frame.Kind)
        {
            case ControlKind.Ping:
                Answer(new ControlWriter(), ControlKind.Pong, frame.Id);
                break;
            case ControlKind.Facts:
                Answer(Facts().Encode(frame.Id));
                break;
            case ControlKind.UpgradeDaemon or ControlKind.UpgradeKeeper:
                _upgrades.Begin(_asker, frame, UpgradeOrder.Decode(body), JournalWriter.Now);
                break;
            case ControlKind.CloseInput:
                Answer(Number((uint)CloseInput(body)), ControlKind.CloseInputReply, frame.Id);
                break;
            case ControlKind.StopAll:
                BeginEnd();
                Answer(
                    _stop
                        .Begin(JournalWriter.Now, new ControlReader(body).U32(), _asker)
                        .Encode(frame.Id)
                );
                break;
            default:
                // A kind that a newer daemon knows.
                break;
        }
    }

    private KeeperFacts Facts()
    {
        var now = JournalWriter.Now;
        return new KeeperFacts
        {
            Pid = (uint)Environment.ProcessId,
            Build = _options.BuildId,
            Version = _options.Build.Version,
            UptimeMs = (ulong)((now - _state.Since) / (Second / 1000)),
            Reexecs = _state.Reexecs,
            DaemonPid = (uint)_daemon.Pid,
            DaemonStarts = _daemon.Starts,
            LastDaemonEnd = _daemon.LastEnd,
            NextTryMs = _daemon.DueAt > now ? (uint)((_daemon.DueAt - now) / (Second / 1000)) : 0,
            Boot = BootId.First8,
            Running = (uint)_runs.CountLiving(),
            Upgrade = _daemon.Upgrade,
            UpgradeNote = _daemon.UpgradeNote,
        };
    }

    /// <summary>Goes on where the program before stopped: its connections, its daemon, its children.</summary>
    private void Readopt(Handover handover)
    {
        var now = JournalWriter.Now;
        if (Reopen(handover.DaemonConnection) is { } daemon)
        {
            _connections.MakeDaemon(daemon);
        }

        _daemon.Readopt(handover.Daemon, now);
        if (_daemon.Pid != 0)
        {
            WatchDaemon(now);
        }

        if (_daemon.IsServing)
        {
            _systemd.Ready(now, Environment.ProcessId);
        }

        _connections.Send(
            Reopen(handover.Asker),
            new UpgradeAnswer(true, _options.BuildId).Encode(handover.AskedId)
        );
    }

    private ControlConnection? Reopen(HandedConnection handed)
    {
        if (handed.Descriptor < 0)
        {
            return null;
        }

        var connection = new ControlConnection(
            ControlSocket.ConnectionOf(handed.Descriptor),
            handed.PeerPid,
            handed.Unread
        );
        _connections.Add(connection);
        return connection;
    }

    private void BeginEnd()
    {
        if (!_isEnding)
        {
            _systemd.Stopping(LongestGrace() + StopMargin);
        }

        _isEnding = true;
        _daemon.IsEnding = true;
    }

    private TimeSpan LongestGrace() =>
        TimeSpan.FromMilliseconds(
            _runs
                .Runs.Where(run => !run.HasExited)
                .Select(run => run.Order.GraceMs)
                .DefaultIfEmpty(0u)
                .Max()
        );

    /// <summary>Tells a daemon what lives, and gives it all descriptors of that.</summary>
    private void Greet(uint id)
    {
        // A daemon that has nothing to tell begins so.
        _adopter.Settle();
        if (_daemon.Pid == 0 && _connections.Daemon is { } connection)
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

        Answer(new ControlWriter(), ControlKind.HoldEnd, 0);
    }

    private void Spawn(uint id, ReadOnlySpan<byte> body)
    {
        var answer = _spawns.Spawn(body, SendHold);
        CrashPoint.Pass(CrashPoint.BeforeAnswer);
        Answer(answer.Encode(id));
        _leaders.Watch();
    }

    private void TakeHold(ReadOnlySpan<byte> body)
    {
        if (RunHold.Decode(body) is not { } hold || _asker is not { } connection)
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
        if (
            _connections.Daemon is { } daemon
            && !_connections.Send(daemon, hold.Encode(), descriptors)
        )
        {
            _aloneSince = JournalWriter.Now;
        }
    }

    private static ControlWriter Number(uint value) => new ControlWriter().U32(value);

    private void Answer(ControlWriter body, ControlKind kind, uint id) =>
        Answer(body.Finish(kind, id));

    private void Answer(ReadOnlyMemory<byte> frame)
    {
        var isDaemon = _asker == _connections.Daemon;
        if (!_connections.Send(_asker, frame) && isDaemon)
        {
            _aloneSince = JournalWriter.Now;
        }
    }

    private int Signal(SignalOrder order)
    {
        if (_runs.Find(order.Process, order.Run) is not { HasExited: false } run)
        {
            return LibC.NoSuchProcess;
        }

        var errno = run.Signal((int)order.Signal, order.ToGroup);
        CrashPoint.Pass(CrashPoint.AfterKeeperSignal);
        return errno;
    }

    private int CloseInput(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        if (_runs.Find(fields.U32(), fields.U32()) is not { } run)
        {
            return LibC.NoSuchProcess;
        }

        run.CloseInput();
        return 0;
    }

    private int CutDrain(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        return _runs.Find(fields.U32(), fields.U32()) is { } run ? _runs.CutDrain(run) : 0;
    }

    private void OnOtherEnded(int pid, int code, int signal)
    {
        _upgrades.OnExited(pid, code, JournalWriter.Now);
        if (pid == _daemon.Pid)
        {
            Drop(_connections.Daemon);
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
            BeginEnd();
            _stop.Hurry(JournalWriter.Now);
            return;
        }

        _systemd.Stopping(LongestGrace() + StopMargin);
        var terminate = new ControlWriter().Finish(ControlKind.Terminate, 0);
        if (!_connections.Send(_connections.Daemon, terminate))
        {
            EndAlone();
        }
    }

    private void EndAlone()
    {
        BeginEnd();
        _stop.Begin(JournalWriter.Now, LoneStop.OwnGrace, null);
    }

    private void Watch(long now)
    {
        _stop.Turn(now);
        var heardAt = _connections.Daemon?.LastHeard is > 0 and var last ? last : _aloneSince;
        // A daemon that is being started or replaced is in good hands: systemd need not end us for it.
        _systemd.Beat(now, _daemon.Pid == 0 || now - heardAt <= _pulse.Timeout);
        _systemd.Tell(_runs.CountLiving(), _daemon.Pid);
        if (_pulse.IsDue(now, heardAt, hasSpoken: _connections.Daemon is not null))
        {
            _connections.Send(_connections.Daemon, _ping);
        }
    }
}
