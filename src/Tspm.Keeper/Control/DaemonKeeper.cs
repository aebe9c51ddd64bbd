using System.Collections;
using System.Runtime.InteropServices;
using Tspm.CaptureLog;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

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
    // Garbage of requests is collected every 4 MiB; without this the budget is the size of the processor's cache.
    private const string YoungestGeneration = "DOTNET_GCgen0size";
    private const int YoungestGenerationBytes = 4 * 1024 * 1024;
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
    private bool _hasServed;

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

    /// <summary>True when no daemon is wanted any more.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Why it is given up before it ever served; null if it is not.</summary>
    public string? FatalReason { get; private set; }

    /// <summary>Monotonic time, ns, of the next start; −1 if none is due.</summary>
    public long DueAt => Pid != 0 || IsEnding ? -1 : _dueAt;

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
            return LockHolder.Find(options.Home.DaemonLock) is > 0 and var living
                && Adopt(living, now);
        }

        using var spawn = new PosixSpawn();
        spawn.Open(0, "/dev/null", LibC.ReadOnly);
        spawn.Open(1, stderrPath, LibC.WriteOnly | LibC.Create | LibC.Append, OwnerFile);
        spawn.Copy(1, 2);
        var errno = spawn.Start(
            options.DaemonCommand[0],
            null,
            options.DaemonCommand,
            OwnEnvironment(),
            out var pid
        );
        if (errno != 0)
        {
            OnEnded(now, $"{options.DaemonCommand[0]}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return false;
        }

        Pid = pid;
        IsChild = true;
        PidDescriptor = LibC.OpenProcess(pid);
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
        if (PidDescriptor >= 0)
        {
            LibC.close(PidDescriptor);
        }

        PidDescriptor = -1;
        Pid = 0;
        IsServing = false;
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

    /// <summary>Our environment without the mark of a run: a tspm inside a managed program may have started us.</summary>
    private static List<string> OwnEnvironment()
    {
        var entries = new List<string>();
        if (Environment.GetEnvironmentVariable(YoungestGeneration) is null)
        {
            entries.Add($"{YoungestGeneration}={YoungestGenerationBytes:x}");
        }

        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry.Key is string name && name != "TSPM_RUN")
            {
                entries.Add($"{name}={entry.Value}");
            }
        }

        return entries;
    }
}
