using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;
using Tspm.Keeper.Reexec;

namespace Tspm.Keeper;

/// <summary>A keeper from its lock to its end: takes the home, starts its threads, runs the control loop, stops in reverse order.</summary>
public static class KeeperHost
{
    /// <summary>The form in which a keeper hands itself to the program that it goes on as.</summary>
    public const int HandoverFormat = Handover.Format;

    private const int SigHup = 1;
    private const int SigInt = 2;
    private const int SigTerm = 15;
    private const uint PrivateMask = 0x3F;
    private const uint OwnerFile = 0x180;
    private const int MaxCaptureThreads = 4;

    /// <summary>Runs a keeper on this thread until there is nothing left to keep.</summary>
    /// <returns>One of <see cref="KeeperExitCodes"/>.</returns>
    public static int Run(KeeperOptions options)
    {
        _ = LibC.umask(PrivateMask);
        var ready = new ReadyPipe();
        try
        {
            if (HomeGuard.Prepare(options.Home) is { } fault)
            {
                ready.Fail(fault);
                return KeeperExitCodes.Refused;
            }

            if (options.Handover >= 0)
            {
                var handover = Handover.Load(options.Handover);
                LibC.SetCloseOnExec(handover.Lock, closes: true);
                CrashPoint.Pass(CrashPoint.AfterExec);
                return RunLocked(options, ready, handover, handover.Lock);
            }

            var holder = TakeLock(options.Home.KeeperLock, out var held);
            if (holder is not null)
            {
                ready.Fail($"another keeper has this home (pid {holder})");
                return KeeperExitCodes.LostLock;
            }

            return RunLocked(options, ready, null, held);
        }
        catch (IOException error)
        {
            ready.Fail(error.Message);
            return KeeperExitCodes.Failed;
        }
        catch (UnauthorizedAccessException error)
        {
            ready.Fail(error.Message);
            return KeeperExitCodes.Refused;
        }
    }

    private static int RunLocked(
        KeeperOptions options,
        ReadyPipe ready,
        Handover? handover,
        int held
    )
    {
        var state = TakePlace(handover, held);
        var log = new KeeperLog(options.Home.KeeperLog);
        var scan = JournalScan.Read(JournalFiles.Of(options.Home));
        var isCopy = handover is null && IsCopy(options.Home, log);
        var found = handover is null ? Adopter.Recognise(scan, options.Home, isCopy) : [];
        var first = handover is null
            ? Adopter.FirstRecords(scan, found)
            : Restorer.FirstRecords(handover);
        using var journal = new JournalWriter(options.Home, first);
        var room = HomeRoom.FromEnvironment(options.Home, () => journal.Consumed);
        using var sync = new SyncThread(journal, log, options.SyncInterval) { Room = room };
        var captures = MakeCaptures(journal, sync, new PipeAllowance(), log);
        var runs = new RunTable(options.Home, captures, sync, room);
        var adopter = new Adopter(options.Home, runs, sync, journal, scan, log);
        adopter.Add(found);
        Restorer.Fill(handover, runs, sync, options.Home);
        journal.Snapshot = runs.Snapshot;
        var daemon = new DaemonKeeper(options, journal, log, options.Home.DaemonLog + ".stderr");
        using var control = new ControlThread(
            options,
            runs,
            new SpawnDesk(runs, new Spawner(options.Home, journal, sync, state.OpenFiles), log),
            new Reaper(runs, journal),
            adopter,
            daemon,
            log,
            ready,
            new Reexecution(options, captures, journal, runs, state),
            state,
            handover
        );
        sync.Start();
        foreach (var capture in captures)
        {
            capture.Start();
        }

        Adopt(adopter, options.Home, isCopy);
        Restorer.Go(handover, runs);
        var code = RunControl(control);
        Stop(captures);
        TellStopping(journal);
        sync.Stop();
        return code;
    }

    /// <summary>Goes on with what was found; nobody here holds anything of a copied home's.</summary>
    private static void Adopt(Adopter adopter, HomePaths home, bool isCopy)
    {
        adopter.Open();
        if (isCopy)
        {
            // Until their ends are in the journal it is a copy: the next keeper must see that.
            adopter.Settle();
        }

        HomeIdentity.Write(home);
    }

    private static bool IsCopy(HomePaths home, KeeperLog log)
    {
        var isCopy = HomeIdentity.IsCopy(home);
        if (isCopy)
        {
            log.Write(
                1014,
                $"{home.Machine} was copied: what its journal tells of lives elsewhere"
            );
        }

        return isCopy;
    }

    private static void Stop(CaptureThread[] captures)
    {
        foreach (var capture in captures)
        {
            capture.Stop();
            capture.Dispose();
        }
    }

    private static CaptureThread[] MakeCaptures(
        JournalWriter journal,
        SyncThread sync,
        PipeAllowance allowance,
        KeeperLog log
    )
    {
        var count = Math.Clamp(Environment.ProcessorCount / 2, 1, MaxCaptureThreads);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => new CaptureThread(journal, sync, allowance, log)),
        ];
    }

    private static KeeperState TakePlace(Handover? handover, int held)
    {
        LibC.BecomeSubreaper();
        Environment.SetEnvironmentVariable("TSPM_RUN", null);
        var callers = LibC.GetOpenFiles();
        LibC.SetOpenFiles(callers with { Soft = callers.Hard });
        return new KeeperState(
            held,
            callers with
            {
                Soft = handover?.OpenFiles ?? callers.Soft,
            },
            handover?.Since ?? JournalWriter.Now,
            handover?.Reexecs ?? 0
        );
    }

    private static int RunControl(ControlThread control)
    {
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            control.Terminate();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(
            PosixSignal.SIGHUP,
            context => context.Cancel = true
        );
        // Held since before the exec, if there was one.
        LibC.HoldSignals(false, SigHup, SigInt, SigTerm);
        return control.Run();
    }

    /// <summary>Takes the lock for the life of this process; else the text in it, which names its holder.</summary>
    /// <remarks>Read and written through the descriptor itself: opening the file another way would ask for its lock.</remarks>
    private static unsafe string? TakeLock(string path, out int held)
    {
        held = -1;
        const int longestText = 32;
        var file = LibC.open(path, LibC.ReadWrite | LibC.Create | LibC.CloseOnExec, OwnerFile);
        if (file < 0)
        {
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(LibC.LastError)}");
        }

        var text = stackalloc byte[longestText];
        if (!LibC.TryLock(file))
        {
            var length = (int)Math.Max(0, LibC.read(file, text, longestText));
            LibC.close(file);
            return length > 0 ? Encoding.ASCII.GetString(text, length).Trim() : "unknown";
        }

        var pid = Encoding.ASCII.GetBytes(
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture).PadRight(10) + "\n"
        );
        fixed (byte* first = pid)
        {
            _ = LibC.pwrite(file, first, (nuint)pid.Length, 0);
        }

        CrashPoint.Pass(CrashPoint.Locked);
        held = file;
        return null;
    }

    private static void TellStopping(JournalWriter journal)
    {
        var record = new JournalRecord
        {
            Kind = JournalRecordKind.KeeperStopping,
            Stream = StreamKind.Event,
        };
        journal.Append(ref record);
        CrashPoint.Pass(CrashPoint.InStop);
    }
}
