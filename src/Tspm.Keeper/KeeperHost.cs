using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tspm.CaptureLog;
using Tspm.Keeper.Capture;
using Tspm.Keeper.Children;
using Tspm.Keeper.Control;
using Tspm.Keeper.Interop;
using Tspm.Keeper.Journal;

namespace Tspm.Keeper;

/// <summary>A keeper from its lock to its end: takes the home, starts its threads, runs the control loop, stops in reverse order.</summary>
public static class KeeperHost
{
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

            var holder = TakeLock(options.Home.KeeperLock);
            if (holder is not null)
            {
                ready.Fail($"another keeper has this home (pid {holder})");
                return KeeperExitCodes.LostLock;
            }

            return RunLocked(options, ready);
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

    private static int RunLocked(KeeperOptions options, ReadyPipe ready)
    {
        var callersLimit = BecomeKeeper();
        var log = new KeeperLog(options.Home.KeeperLog);
        var scan = JournalScan.Read(JournalFiles.Of(options.Home));
        var found = Adopter.Recognise(scan, options.Home);
        using var journal = new JournalWriter(options.Home, Adopter.FirstRecords(scan, found));
        var room = HomeRoom.FromEnvironment(options.Home, () => journal.Consumed);
        using var sync = new SyncThread(journal, log, options.SyncInterval) { Room = room };
        var allowance = new PipeAllowance();
        var count = Math.Clamp(Environment.ProcessorCount / 2, 1, MaxCaptureThreads);
        CaptureThread[] captures =
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => new CaptureThread(journal, sync, allowance, log)),
        ];
        var runs = new RunTable(options.Home, captures, sync, room);
        var adopter = new Adopter(options.Home, runs, sync, journal, scan, log);
        adopter.Add(found);
        journal.Snapshot = runs.Snapshot;
        var daemon = new DaemonKeeper(options, journal, log, options.Home.DaemonLog + ".stderr");
        using var control = new ControlThread(
            options,
            runs,
            new SpawnDesk(runs, new Spawner(options.Home, journal, sync, callersLimit), log),
            new Reaper(runs, journal),
            adopter,
            daemon,
            log,
            ready
        );
        sync.Start();
        foreach (var capture in captures)
        {
            capture.Start();
        }

        adopter.Open();
        var code = RunControl(control);
        foreach (var capture in captures)
        {
            capture.Stop();
            capture.Dispose();
        }

        TellStopping(journal);
        sync.Stop();
        return code;
    }

    /// <summary>Subreaper, without the mark of a run, with all descriptors there are; the limit that programs get back.</summary>
    private static LibC.ResourceLimit BecomeKeeper()
    {
        LibC.BecomeSubreaper();
        Environment.SetEnvironmentVariable("TSPM_RUN", null);
        var callersLimit = LibC.GetOpenFiles();
        LibC.SetOpenFiles(callersLimit with { Soft = callersLimit.Hard });
        return callersLimit;
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
        return control.Run();
    }

    /// <summary>Takes the lock for the life of this process; else the text in it, which names its holder.</summary>
    /// <remarks>Read and written through the descriptor itself: opening the file another way would ask for its lock.</remarks>
    private static unsafe string? TakeLock(string path)
    {
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
    }
}
