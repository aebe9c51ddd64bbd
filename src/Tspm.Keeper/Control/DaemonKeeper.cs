using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.CaptureLog.Control;
using Tspm.CaptureLog.Spawning;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper.Control;

/// <summary>Keeps a daemon alive: starts it, starts it again when it dies, and waits longer each time it dies young.</summary>
/// <remarks>Control thread only.</remarks>
internal sealed class DaemonKeeper(
    KeeperOptions options,
    JournalWriter journal,
    KeeperLog log,
    string stderrPath
)
{
    private const long Second = 1_000_000_000;
    private const long YoungAge = 10 * Second;
    private const long FirstDelay = Second / 10;
    private const long LongestDelay = 5 * Second;
    private const int MostFailures = 10;
    private const long LockLook = Second / 4;
    private const uint OwnerFile = 0x180;
    private long _startedAt;
    private long _dueAt = 1;
    private int _failures;

    // Who held the daemon's lock last and is no daemon.
    private int _stranger;
    private bool _hasServed;
    private DaemonTrial? _trial;

    /// <summary>The daemon's pid; 0 while there is none.</summary>
    public int Pid { get; private set; }

    /// <summary>A descriptor that becomes readable when it ends; −1 if there is none.</summary>
    public int PidDescriptor { get; private set; } = -1;

    /// <summary>False if it is not our child: it outlived the keeper that started it.</summary>
    public bool IsChild { get; private set; } = true;

    /// <summary>Its start time, clock ticks.</summary>
    public ulong StartTime { get; private set; }

    /// <summary>True once it has told that it serves.</summary>
    public bool IsServing { get; private set; }

    /// <summary>Its program and arguments.</summary>
    public IReadOnlyList<string> Command { get; private set; } = options.DaemonCommand;

    /// <summary>How many were started.</summary>
    public uint Starts { get; private set; }

    /// <summary>How the last one ended; empty if none has.</summary>
    public string LastEnd { get; private set; } = "";

    /// <summary>Where the last upgrade is.</summary>
    public UpgradeState Upgrade => _trial?.State ?? UpgradeState.None;

    /// <summary>Why the last upgrade failed.</summary>
    public string UpgradeNote => _trial?.Note ?? "";

    /// <summary>Monotonic time, ns, at which an upgrade must be looked at.</summary>
    public long TrialDueAt => _trial?.DueAt ?? long.MaxValue;

    /// <summary>True when no daemon is wanted any more.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Why it is given up before it ever served; null if it is not.</summary>
    public string? FatalReason { get; private set; }

    /// <summary>Monotonic time, ns, of the next start; −1 if none is due.</summary>
    public long DueAt => Pid != 0 || IsEnding ? -1 : _dueAt;

    /// <summary>Goes on with the daemon of the program that we were before.</summary>
    public void Readopt(HandedDaemon handed, long now)
    {
        Starts = handed.Starts;
        if (handed.Pid == 0 || !Adopt(handed.Pid, now))
        {
            return;
        }

        // Exec keeps parenthood.
        IsChild = handed.IsChild;
        IsServing = handed.IsServing;
        _hasServed = handed.IsServing;
    }

    /// <summary>Replaces the daemon by another program's; the one before comes back if that never serves.</summary>
    public void Replace(IReadOnlyList<string> command, long now)
    {
        _trial = new DaemonTrial(this, Command, now);
        Command = command;
        _dueAt = now;
        _trial.Turn(now);
    }

    /// <summary>An upgrade takes its time, but not more.</summary>
    public void Turn(long now) => _trial?.Turn(now);

    /// <summary>Starts it if it is time.</summary>
    public bool StartIfDue(long now)
    {
        if (DueAt < 0 || now < DueAt)
        {
            return false;
        }

        if (LibC.IsLocked(options.Home.DaemonLock))
        {
            // One lives that an older keeper started; known by the kernel's list of locks, else when it comes to us.
            _dueAt = now + LockLook;
            var living = LivingDaemon.Find(options.Home, out var stranger);
            if (stranger > 0 && stranger != _stranger)
            {
                log.Write(
                    1014,
                    $"pid {stranger} holds {options.Home.DaemonLock} and is no daemon: none can start until it lets go"
                );
            }

            _stranger = stranger;
            return living > 0 && Adopt(living, now);
        }

        using var spawn = new PosixSpawn();
        spawn.Open(0, "/dev/null", LibC.ReadOnly);
        spawn.Open(1, stderrPath, LibC.WriteOnly | LibC.Create | LibC.Append, OwnerFile);
        spawn.Copy(1, 2);
        var errno = spawn.Start(Command[0], null, Command, OwnEnvironment.ForDaemon(), out var pid);
        if (errno != 0)
        {
            OnEnded(now, $"{Command[0]}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return false;
        }

        CrashPoint.Pass(CrashPoint.AfterDaemon);
        Pid = pid;
        IsChild = true;
        PidDescriptor = LibC.OpenProcess(pid);
        Starts++;
        _trial?.OnStarted(pid, now);
        _startedAt = now;
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.DaemonStarted,
            Stream = StreamKind.Event,
            A = (ulong)pid,
            C = (ulong)_failures,
        };
        journal.Append(ref record);
        return true;
    }

    /// <summary>A daemon lives that we did not start: it is kept from now on.</summary>
    /// <returns>False if it is gone by now.</returns>
    public bool Adopt(int pid, long now)
    {
        var descriptor = LibC.OpenProcess(pid);
        if (descriptor < 0)
        {
            return false;
        }

        Pid = pid;
        IsChild = false;
        PidDescriptor = descriptor;
        StartTime = ProcessStat.Read(pid)?.StartTime ?? 0;
        _startedAt = now;
        log.Write(1011, $"goes on with the daemon that lives, pid {pid}");
        return true;
    }

    /// <summary>Signals it, and nobody else.</summary>
    public void Signal(int signal)
    {
        if (PidDescriptor >= 0)
        {
            _ = LibC.SendSignal(PidDescriptor, Pid, signal, toGroup: false);
        }
        else if (Pid != 0 && IsChild)
        {
            LibC.kill(Pid, signal);
        }
    }

    /// <summary>It told that it serves.</summary>
    public void OnServing()
    {
        IsServing = true;
        _hasServed = true;
        _trial?.OnServing(Pid);
        DaemonTrouble.Clear(options.Home);
    }

    /// <summary>It was reaped.</summary>
    /// <param name="now">Monotonic time, ns.</param>
    /// <param name="code">Exit code, or 128 + signal.</param>
    /// <param name="signal">The signal; 0 if none.</param>
    public void OnExited(long now, int code, int signal)
    {
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.DaemonExited,
            Stream = StreamKind.Event,
            A = (ulong)code,
            B = (ulong)signal,
        };
        journal.Append(ref record);
        CrashPoint.Pass(CrashPoint.AfterDaemonEnd);
        if (PidDescriptor >= 0)
        {
            LibC.close(PidDescriptor);
        }

        PidDescriptor = -1;
        var pid = Pid;
        Pid = 0;
        IsServing = false;
        LastEnd = signal != 0 ? $"signal {signal}" : $"code {code}";
        if (_trial?.IsLeaving(pid) is true)
        {
            // It was asked to go.
            _dueAt = now;
            return;
        }

        if (code == KeeperExitCodes.DaemonReplace)
        {
            _dueAt = now;
            return;
        }

        if (code == KeeperExitCodes.DaemonLostLock)
        {
            _dueAt = now + LockLook;
            return;
        }

        OnEnded(
            now,
            $"the daemon ended with {(signal != 0 ? $"signal {signal}" : $"code {code}")}; see {stderrPath}"
        );
    }

    private void OnEnded(long now, string reason)
    {
        if (IsEnding)
        {
            return;
        }

        log.Write(1001, reason);
        LastEnd = LastEnd.Length > 0 ? LastEnd : reason;
        if (_trial?.OnFailed(reason) is { } before)
        {
            log.Write(1006, $"the new daemon cannot start; {before[0]} is in charge again");
            Command = before;
            _failures = 0;
            _dueAt = now;
            return;
        }

        var wasYoung = now - _startedAt < YoungAge;
        _failures = wasYoung ? _failures + 1 : 1;
        var delay =
            _failures <= 1 ? 0 : Math.Min(LongestDelay, FirstDelay << Math.Min(_failures - 2, 10));
        _dueAt = now + delay;
        DaemonTrouble.Write(options.Home, new DaemonTrouble(_failures, delay / 1_000_000, reason));
        if (!_hasServed && _failures >= MostFailures)
        {
            FatalReason = reason;
        }
    }
}
