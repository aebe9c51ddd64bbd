using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Tspm.CaptureLog;

/// <summary>Named places at which a test has the process killed, as the kernel would kill it.</summary>
/// <remarks>
/// <c>TSPM_CRASH_AT=name[:n]</c> kills at the n-th time (from 1) that the place is passed, or a later one. Both variables are
/// read once, at the start of the process; without them a place costs one comparison. <c>TSPM_CRASH_ONCE=path</c>: only who
/// can still remove that file is killed, so that whoever comes after lives until the file is there again.
/// </remarks>
public static partial class CrashPoint
{
    /// <summary>Keeper: bytes were spliced, the journal does not know them.</summary>
    public const string AfterSplice = "keeper.spliced";

    /// <summary>Keeper: it has the lock, and has looked at nothing.</summary>
    public const string Locked = "keeper.locked";

    /// <summary>Keeper: its socket has its name, nobody is answered.</summary>
    public const string Listening = "keeper.listening";

    /// <summary>Keeper: the pipes of a run are made, nothing tells of it.</summary>
    public const string AfterPipes = "keeper.pipes";

    /// <summary>Keeper: records are in the journal, the daemon is not woken.</summary>
    public const string AfterJournal = "keeper.journaled";

    /// <summary>Keeper: the pipe of a stream that has ended has no name any more, the journal does not tell of the end.</summary>
    public const string AfterStream = "keeper.stream-ended";

    /// <summary>Keeper: the output of an orphan has a file of its own, the journal does not tell of it.</summary>
    public const string InOrphan = "keeper.orphaned";

    /// <summary>Keeper: the home refused and there is a spill file, the journal does not tell of it.</summary>
    public const string InSpill = "keeper.spilling";

    /// <summary>Keeper: the home took bytes again, the journal does not tell of it.</summary>
    public const string InReturn = "keeper.returning";

    /// <summary>Keeper: a program has its signal, nobody was told.</summary>
    public const string AfterKeeperSignal = "keeper.signalled";

    /// <summary>Keeper: the end of the daemon is in the journal, nothing followed from it.</summary>
    public const string AfterDaemonEnd = "keeper.daemon-ended";

    /// <summary>Keeper: everything has ended and the journal tells so, its own threads are there.</summary>
    public const string InStop = "keeper.stopping";

    /// <summary>Keeper: the intent is in the journal, nothing was spawned.</summary>
    public const string AfterIntent = "keeper.intent";

    /// <summary>Keeper: the program lives, the journal does not know it.</summary>
    public const string AfterSpawn = "keeper.spawned";

    /// <summary>Keeper: the program is in the journal, nobody was told.</summary>
    public const string BeforeAnswer = "keeper.answering";

    /// <summary>Keeper: the end of a program was seen, the journal does not have it.</summary>
    public const string BeforeExited = "keeper.ending";

    /// <summary>Keeper: the exit is in the journal, the program is not reaped.</summary>
    public const string AfterExited = "keeper.exited";

    /// <summary>Keeper: runs are known again, their pipes are not open.</summary>
    public const string InAdoption = "keeper.adopting";

    /// <summary>Keeper: the next data file is there, the journal does not tell of it.</summary>
    public const string InRotation = "keeper.rotating";

    /// <summary>Keeper: what is dropped at the cap is in the journal, its file is still there.</summary>
    public const string InDrop = "keeper.dropping";

    /// <summary>Daemon: the next index file is written, it does not have its name.</summary>
    public const string InIndexFile = "daemon.index-file";

    /// <summary>Daemon: retention has deleted a data file, the index does not tell it.</summary>
    public const string InRetention = "daemon.expiring";

    /// <summary>Daemon: the index tells what has expired, its own old files are still there.</summary>
    public const string AfterRetention = "daemon.expired";

    /// <summary>Daemon: the index tells what was flushed, the bytes are still there.</summary>
    public const string InFlush = "daemon.flushing";

    /// <summary>Daemon: flushed bytes are gone, the index files that tell of them are still there.</summary>
    public const string AfterFlush = "daemon.flushed";

    /// <summary>Keeper: a new journal file is whole and has no name.</summary>
    public const string InJournal = "keeper.journal";

    /// <summary>Keeper: everything is on the device, the journal does not tell so.</summary>
    public const string AfterSync = "keeper.synced";

    /// <summary>Keeper: a daemon lives, the journal does not know it.</summary>
    public const string AfterDaemon = "keeper.daemon";

    /// <summary>Keeper: its state is written down for the program that it goes on as.</summary>
    public const string BeforeExec = "keeper.executing";

    /// <summary>Keeper: it is the other program, and has not begun.</summary>
    public const string AfterExec = "keeper.executed";

    /// <summary>Daemon: the keeper has told that a program lives, nobody heard it.</summary>
    public const string AfterSpawnAnswer = "daemon.spawned";

    /// <summary>Daemon: it has the lock, and has opened nothing.</summary>
    public const string DaemonLocked = "daemon.locked";

    /// <summary>Daemon: it has started a keeper, which has not answered.</summary>
    public const string AfterKeeper = "daemon.keeper";

    /// <summary>Daemon: a new keeper has the descriptors that the one before had, and was asked nothing.</summary>
    public const string AfterHolds = "daemon.lent";

    /// <summary>Daemon: what a client asked for is done, the client does not know.</summary>
    public const string BeforeReply = "daemon.answering";

    /// <summary>Daemon: a process is not on the list any more, its files are there.</summary>
    public const string InDelete = "daemon.deleting";

    /// <summary>Daemon: a crash report is written, it does not have its name.</summary>
    public const string InReport = "daemon.reporting";

    /// <summary>Daemon: the indexes are on the device, journal files that nobody needs are still there.</summary>
    public const string InForget = "daemon.forgetting";

    /// <summary>Daemon: the end of an index that was damaged is cut off, nothing else is opened.</summary>
    public const string AfterCut = "daemon.cut";

    /// <summary>Daemon: an index file without a good batch was set aside, nothing takes its place.</summary>
    public const string AfterAside = "daemon.aside";

    /// <summary>Daemon: a program that is to be stopped has its signal.</summary>
    public const string AfterSignal = "daemon.signalled";

    /// <summary>Daemon: clients are served, the keeper does not know.</summary>
    public const string BeforeServing = "daemon.serving";

    /// <summary>Daemon: the old list is the copy, the new one has no name.</summary>
    public const string BetweenLists = "daemon.saved";

    /// <summary>Daemon: entries have numbers, the index does not have them.</summary>
    public const string BeforeIndex = "daemon.numbered";

    /// <summary>Daemon: entries are in the index, nobody saw them.</summary>
    public const string AfterIndex = "daemon.indexed";

    /// <summary>Daemon: the new list is written beside the old one.</summary>
    public const string InSave = "daemon.saving";

    /// <summary>Daemon: the logs are open, the journal is not read up.</summary>
    public const string InRecovery = "daemon.recovering";

    private static readonly (string? Name, int Count) Wanted = Read();
    private static int _passed;

    /// <summary>The process passes a place.</summary>
    public static void Pass(string name)
    {
        if (Wanted.Name is not null && IsReached(name))
        {
            Die();
        }
    }

    private static bool IsReached(string name) =>
        Wanted.Name == name && Interlocked.Increment(ref _passed) >= Wanted.Count;

    private static (string? Name, int Count) Read()
    {
        var count = 1;
        if (Environment.GetEnvironmentVariable("TSPM_CRASH_AT") is not { Length: > 0 } told)
        {
            return (null, 0);
        }

        var colon = told.IndexOf(':', StringComparison.Ordinal);
        if (
            colon > 0
            && int.TryParse(
                told.AsSpan(colon + 1),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            count = number;
        }

        return (colon > 0 ? told[..colon] : told, count);
    }

    private static void Die()
    {
        const int sigKill = 9;
        var once = Environment.GetEnvironmentVariable("TSPM_CRASH_ONCE");
        if (once is { Length: > 0 } && unlink(once) != 0)
        {
            return;
        }

        _ = kill(Environment.ProcessId, sigKill);
        throw new UnreachableException("SIGKILL leaves nobody");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int unlink(string path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
